// Package playhead is a player without pictures: it decides where playback begins, when each chunk is needed, when
// playback stalls and how far behind live it is, in the way that hls.js does in low-latency mode.
//
// It is pure: time is a parameter, and nothing happens by itself. The native viewer drives it with the real clock,
// the simulator with virtual time, so that "stalls" and "latency" mean the same in both.
//
// Driving it: Add every part of the playlist in its order, tell Ready when a chunk is whole, and call Advance no
// later than Next says. After each of these take what Needs and Played return. Playback begins HoldBack before the
// end of the newest part that is known when Begin is called; decoding begins at the independent part at or before
// that point.
package playhead
