// Package shoal is the root of the repository and holds no code of its own: ARCHITECTURE.md says what lives where, and
// the test beside this file keeps the walls between the folders.
package shoal
