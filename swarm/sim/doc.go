// Package sim is the world in a loop: viewers, links, an edge, a tracker and a live stream in virtual time, from one
// seed. Every viewer runs the real scheduler and the tracker forms cells by its real code, so that what is measured
// here is what will run; only the world is invented.
//
// What is modelled:
//
//   - the stream: parts of a third of a second, keyframe parts larger, published at the edge as they end
//   - a viewer's uplink: one rate, shared by its links message by message in turn; its downlink: one queue for peers,
//     edge and playlists; headers of the packets are counted
//   - delay: viewers have places on a map and access lines; lost packets cost a round trip and hold back what follows
//   - pairs that cannot reach each other, and set-up that takes some round trips where they can
//   - the edge: blocking reloads, requests for the part that is hinted at, time to answer, and in some scenarios a line
//     that all share; it never fails
//   - the tracker: package tracker/cell, with the tracker's own pause between deltas
//   - people: joins spread in time, lifetimes, tabs that close with or without a word or are hidden for a while; one of
//     several renditions each; polluters, liars, slow peers and leechers
//   - the player: package viewer/playhead
//
// Uplinks, NATs, traits, renditions and who is metered are not drawn one by one but dealt: spread evenly over their distribution, as
// many as watch at a time, and given out by chance. See deal.
//
// What is not: congestion control, processor time, bytes. A chunk is its size; that a piece was tampered with is a
// mark on the message, which verification finds, always. The sim counts what is played or passed on without having
// been verified, and that count must be zero.
//
// Run plays a world twice, with the swarm and without (Report.Control), with the same people in the same places.
// The same Config gives the same Report, byte for byte: all chance comes from the seed, no map is walked, and what
// happens to a viewer at the same moment happens in the order in which it was planned. Nothing travels between two viewers in
// less than four milliseconds; therefore viewers take turns of that length and more, which the caches of a processor like
// better than single events of all viewers in the order of time: see agenda.
//
//	r, err := sim.Run(sim.Config{Viewers: 200, Seed: 7, Seconds: 60, Scenario: "steady"})
package sim
