// Package stream is the life of one stream between its broadcaster and its viewers.
//
// A Stream owns what must outlive a broadcaster's connection: the Ed25519 key pair that signs chunk records, the epoch
// and the numbering (state.go, on disk before it is used, so that no number comes twice), and the Window
// that viewers are served from. A Session is one broadcaster's connection: it takes tracks and frames, whatever
// protocol they came by, and drives the segmenter.
//
//	idle -> live -> interrupted -> ended
//	         ^----------'------------'      the broadcaster comes back: discontinuity, same numbering
//
// A broadcaster whose connection is lost is waited for; where it says that it is over, the stream is called ended after a moment.
// The playlist ends only when the whole grace is over: whoever reads it would not see a broadcaster who comes back.
//
// A stream has renditions. Rendition 0 is the source: what the broadcaster sends. Each other one is made by a Follower, of pictures
// somebody else encoded: it has the source's segments, number for number and to the millisecond, and the source's sound. What
// a Follower does not bring in time is a gap in its rendition and nowhere else. A Tap brings the source's frames to whoever
// wants to do something with them.
//
// Streams is the set of all streams of an origin; it admits at most one Session to each. Run advances the clock of
// interrupted streams. A Session is used by one goroutine; everything else is safe for concurrent use.
package stream
