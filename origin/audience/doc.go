// Package audience asks trackers how many watch, for what the origin's API says of its streams.
//
// The origin knows nothing of viewers. Trackers do, each of its own, and tell anybody at /api/v1/swarm; an Audience adds up what
// several tell. What is not known is not there: when one tracker does not answer in time, nobody's viewers are told, since the sum
// would be wrong. An answer, or that there was none, holds for a moment, so that it does not matter how often the API is asked.
//
// Drive it with New, then Of. It starts nothing.
package audience
