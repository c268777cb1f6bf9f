// Package scheduler is the pure core of Shoal: which chunk, from whom, when.
//
// A Scheduler is one viewer's part in its cell. It is a machine without I/O, clock, goroutine or randomness: its host
// calls it with what happened and when, and then carries out the actions that it asks for, in their order. The same
// calls give the same actions, natively and as WebAssembly, so that a simulator can drive ten thousand of them.
//
// There are three hosts: player/src/session.ts in the browser, swarm/viewer natively, swarm/sim in a simulated
// world. What a host owes the Scheduler:
//
//   - Media bytes stay with the host. It keeps the chunks, verifies pieces against hashes and hashes against the
//     digest of the signed record, and tells only the outcome. The Scheduler never sees a byte of media.
//   - A chunk that it came to hold by itself (from the edge, before there was a Scheduler) it tells by Held.
//   - It asks the edge for playlists when told to (Reload), and learns from them; what a peer says to be a record
//     (TakeRecord) it verifies by the stream's key.
//   - After every call it carries out Actions(), before the next call. The slice and its bytes are good until then.
//   - It calls Tick no later than Next says, and before it Backlog. Prefetch and PrefetchPeer it may leave out.
//   - Calls come from one goroutine. Time never goes back.
//
// The life of a chunk here: the host Learns a record, or a peer tells of it; the cell's members elect the same owner for
// it; the owner Fetches it from the edge, or asks a feeder in another cell for it, and passes it on while it comes:
// it sends the hashes, and scatters the pieces by a plan (SendHashes, SendPieces); who gets pieces has them verified
// (TakePieces) and passes them on; what is missing is pulled (Want); and what the player Needs sooner than peers will
// bring it is fetched from the edge. Complete says that a chunk is whole.
//
// Pieces wait in an outbox until the uplink has time for them; how fast it is, is learned from what the stamps of peers' frames say
// of how long ours were under way (hearing, uplink). Who is behind gives its last copies to one that is not, as errands. What
// is held is told by the Held bits of frames that are sent in any case, and by a Have to those who were sent none. When the
// uplinks of a cell do not suffice, a chunk's owner leaves as many members to the edge as the others cannot carry, chunk by chunk; who takes
// things upon itself and gives nothing is not counted on, and who asks for the same again and again is not served.
package scheduler
