package wire

import "encoding/binary"

// FrameType is the first byte of a frame between peers.
type FrameType uint8

const (
	Have     FrameType = 0x01
	Fetching FrameType = 0x02
	Failed   FrameType = 0x03
	Want     FrameType = 0x04
	Deny     FrameType = 0x05
	Forward  FrameType = 0x06
	Announce FrameType = 0x07
	Relay    FrameType = 0x08
	Busy     FrameType = 0x09
	Hashes   FrameType = 0x80
	Pieces   FrameType = 0x81
)

// Bulk tells whether the frame's payload is media or hashes, which stay with the host.
func (t FrameType) Bulk() bool { return t >= 0x80 }

// Flags of frames.
const (
	FlagRelay      uint8 = 1 << 0 // Pieces: pass them on once verified
	FlagStandIn    uint8 = 1 << 0 // Relay: the sender passes them on; the receiver, who holds them, stands in for it as its forwarder
	FlagErrand     uint8 = 1 << 1 // Relay: pass them on to those alone whose viewer IDs follow the count
	FlagBack       uint8 = 1 << 2 // Relay: with FlagErrand: an errand that the sender was given and cannot run, for want of a link
	FlagOnward     uint8 = 1 << 2 // Pieces, Relay: the receiver gives them to one whose forwarder for the sender it is, and that one passes them on
	FlagForYou     uint8 = 1 << 1 // Pieces: meant for the receiver alone; it does not pass them on as a forwarder either
	FlagWantHashes uint8 = 1 << 0 // Want: the piece hashes too
	FlagAhead      uint8 = 1 << 1 // Want: send pieces as they come, also when the chunk is not there yet
	FlagPassedOn   uint8 = 1 << 0 // Announce, Fetching, Failed: of a peer of the sender's; see Forward
	FlagFetching   uint8 = 1 << 1 // Announce: the sender fetches the chunk from the edge: others need not
)

// Values of Frame.Index in a Deny.
const (
	DenyNotHeld uint16 = 0
	DenyBusy    uint16 = 1
)

// Values of Frame.Index in a Forward.
const (
	ForwardStop   uint16 = 0
	ForwardStart  uint16 = 1
	ForwardCannot uint16 = 2
	ForwardCarry  uint16 = 3
	ForwardReach  uint16 = 4 // in place of a viewer's ID: with how many of its cell the sender has links
	ForwardDrop   uint16 = 5 // what ForwardCarry said is so no longer
)

// Bounds of a frame.
const (
	FrameHeaderSize = 28
	MaxFramePayload = 64 << 10
)

// Frame is the 28 byte header of everything peers say to each other.
//
//	0   type u8
//	1   flags u8
//	2   index u16: first piece (Pieces, Relay), reason (Deny), how many of the first in the chunk's election
//	    get it from the edge (Fetching, Announce with flag Fetching), else 0
//	4   backlog u16 of the sender's uplink, in milliseconds: when it will be through with what it has to send
//	6   sent u16, milliseconds of the sender's clock
//	8   heard u16: Sent of the newest frame that came the other way
//	10  waited u8: how much longer that was under way than the quickest of late, in units of 2 ms; 255: none came
//	11  held u8: parts of the same rendition that the sender holds whole, bit 0 for the one before the chunk, bit 1 for the
//	    one before that, and so on; before the first of a segment comes the last of the segment before; no bit says nothing
//	12  chunk ID 16
//	28  payload
type Frame struct {
	Type    FrameType
	Flags   uint8
	Index   uint16
	Backlog uint16
	Stamp
	ID ChunkID
}

// Stamp is the part of a frame that is the same whatever it says: times, by which its receiver learns how fast its own
// uplink is, in milliseconds that begin again after 65535; and what the sender came to hold lately.
type Stamp struct {
	Sent   uint16
	Heard  uint16
	Waited uint8 // units of 2 ms
	Held   uint8
}

// Values of Stamp.Waited.
const (
	WaitedUnit    = 2 // milliseconds
	WaitedLongest = 254
	WaitedUnknown = 255
)

const stampAt = 6

// Put writes a stamp into an encoded frame.
func (s Stamp) Put(frame []byte) {
	binary.BigEndian.PutUint16(frame[stampAt:], s.Sent)
	binary.BigEndian.PutUint16(frame[stampAt+2:], s.Heard)
	frame[stampAt+4], frame[stampAt+5] = s.Waited, s.Held
}

// Append appends the frame's header to b; the payload follows it.
func (f Frame) Append(b []byte) []byte {
	b = append(b, byte(f.Type), f.Flags)
	b = binary.BigEndian.AppendUint16(b, f.Index)
	b = binary.BigEndian.AppendUint16(b, f.Backlog)
	b = append(b, 0, 0, 0, 0, 0, 0)
	f.Stamp.Put(b[len(b)-6-stampAt:])
	return f.ID.Append(b)
}

// ParseFrame reads a frame's header and returns what follows it.
func ParseFrame(b []byte) (f Frame, payload []byte, err error) {
	if len(b) < FrameHeaderSize {
		return Frame{}, nil, ErrShort
	}
	if len(b) > FrameHeaderSize+MaxFramePayload {
		return Frame{}, nil, ErrBounds
	}
	id, err := ParseChunkID(b[12:])
	if err != nil {
		return Frame{}, nil, err
	}
	f = Frame{
		Type:    FrameType(b[0]),
		Flags:   b[1],
		Index:   binary.BigEndian.Uint16(b[2:]),
		Backlog: binary.BigEndian.Uint16(b[4:]),
		Stamp: Stamp{
			Sent:   binary.BigEndian.Uint16(b[6:]),
			Heard:  binary.BigEndian.Uint16(b[8:]),
			Waited: b[10],
			Held:   b[11],
		},
		ID: id,
	}
	return f, b[FrameHeaderSize:], nil
}
