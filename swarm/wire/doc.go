// Package wire is the ground floor of Shoal: the words and bytes that viewers, peers and the tracker exchange.
//
// All numbers are big endian. Every message is one WebSocket message (viewer and tracker) or one DataChannel
// message (viewer and peer); nothing here frames a byte stream. Bytes beyond what a message needs are ignored,
// types that are not known are ignored, and a message that is too short or over its bounds is an error: a reader
// closes the link that sent it.
//
//	chunk ID   16   epoch u32, rendition u8, kind u8 (0 part, 1 segment, 2 init), part u16, MSN u64
//	record    128   what the origin says of a chunk, signed; see Record
//	frame   28+ n   between peers: type u8, flags u8, index u16, backlog u16, stamp 6, chunk ID, payload; see Frame
//
// Frame types under 0x80 are control frames. From 0x80 on they are bulk frames, whose payload is media or hashes:
// a host hands only their 28 byte header to the scheduler and keeps the payload to itself.
//
//	0x01 Have      the chunk is held whole; the payload lists more chunk IDs, 16 bytes each
//	0x02 Fetching  the sender is fetching the chunk from the edge: others need not, but for as many of the first in its
//	               election as index says, who are to get it from there too
//	0x03 Failed    the sender's fetch failed: the next in rank may go
//	0x04 Want      send me pieces of the chunk: the payload is a bitmap of piece numbers, empty for none; flag
//	               WantHashes asks for the piece hashes too, flag Ahead for the pieces as they come, though the chunk
//	               may not be there yet
//	0x05 Deny      the pieces asked for will not come; index 0 not held, 1 busy
//	0x06 Forward   the payload names a viewer, u64, that the sender has no link to; index 1: pass on to me what you
//	               get from it, 0: no longer, 2: (the answer) I cannot, I have no link to it either;
//	               3: (to the one named by another) I pass on to it what you send, so send to me first, 5: no
//	               longer; 4: the payload is a number instead, of the members of the cell to which the sender has links
//	0x07 Announce  the payload is the chunk's record, which the sender had from the edge; flag Fetching: it fetches the
//	               chunk too, and index is as in Fetching
//	0x08 Relay     pass on the pieces from number index on, once you hold them; the payload says how many, u16; flag
//	               StandIn: I do, but you, who hold them and are not sent them, are my forwarder; flag
//	               Onward: to give them, with flag Relay, to one for whom you are my forwarder; flag
//	               Errand: to those alone whose viewer IDs, u64 each, follow; with flag Back, you gave me
//	               this errand, and I cannot run it
//	0x09 Busy      nothing but its header, for the sake of the backlog and the stamp in it
//	0x80 Hashes    payload: the SHA-256 of each piece, in order; their SHA-256 is the digest in the record
//	0x81 Pieces    payload: consecutive pieces from number index on; flag Relay asks the receiver to pass them
//	               on to its other peers once they are verified; flag Onward: to give them, with flag Relay, to one
//	               for whom it is the forwarder of the sender; flag ForYou: others were not sent them now
//
// Announce, Fetching and Failed with flag PassedOn are not the sender's own word but that of a peer for which it is a
// forwarder.
//
// Every frame has a stamp: when it was sent, and how much longer than the quickest the newest frame of the receiver was under way,
// by which that one measures its uplink; and Held bits, which of the eight parts before the frame's chunk the sender
// holds whole, so that fewer Haves are needed. An errand is a Relay to those alone that it names: who is behind with what it
// has to pass on gives copies away by it.
//
// Two things travel by HTTP: a record in the playlist, on the line RecordTag, and the piece hashes with the media, in
// the header PiecesHeader.
//
// Viewer to tracker, after a handshake whose words stand in tracker.go: Join 0x01, Update 0x02, Signal 0x03, Beacon 0x04, Leave 0x05.
// Tracker to viewer: Welcome 0x41, Roster 0x42, Delta 0x43, Signalled 0x44, Refused 0x45,
// Bridges 0x46, Control 0x47, Servers 0x48.
// Their bytes stand beside their types in tracker.go. The bytes that every implementation must produce
// stand in testdata/vectors.txt.
//
// The package does no I/O, knows no clock and no cryptography, and imports next to nothing: it is compiled to
// WebAssembly as well.
package wire
