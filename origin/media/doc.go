// Package media holds the words that the two ingests and the segmenter share: a Track says what is sent, a Frame is
// one access unit of it.
//
// Frames are already in the form that fMP4 stores: H.264 and HEVC with four byte lengths and without parameter sets or
// delimiters, AV1 as a low-overhead bitstream without temporal delimiters, AAC and Opus as bare packets. Parameter
// sets live in the Track; whoever finds new ones in the stream makes a new Track.
//
// The package does not keep time and opens nothing. Bytes from outside reach it in New... functions and Frame makers
// only, which return errors and never panic.
package media
