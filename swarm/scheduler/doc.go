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
//   - After every call it carries out Actions(), before the next call. The slice and its bytes are good until then.
//   - It calls Tick no later than Next says.
//   - Calls come from one goroutine. Time never goes back.
//
// The life of a chunk here: the host Learns a record; the cell's members elect the same owner for it; the owner
// Fetches it from the edge and scatters its pieces over the cell (Send Hashes, SendPieces); who gets pieces has them
// verified (TakePieces) and passes them on; what is missing is pulled (Want); and what the player Needs sooner than
// peers will bring it is fetched from the edge. Complete says that a chunk is whole.
package scheduler
