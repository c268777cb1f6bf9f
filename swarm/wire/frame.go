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
)

// Bounds of a frame.
const (
	FrameHeaderSize = 24
	MaxFramePayload = 64 << 10
)

// Frame is the 24 byte header of everything peers say to each other.
//
//	0   type u8
//	1   flags u8
//	2   index u16: first piece (Pieces, Relay), reason (Deny), else 0
//	4   backlog u16 of the sender's uplink, in milliseconds: when it will be through with what it has to send
//	6   roster version u16 of the sender, its lower half
//	8   chunk ID 16
//	24  payload
type Frame struct {
	Type    FrameType
	Flags   uint8
	Index   uint16
	Backlog uint16
	Version uint16
	ID      ChunkID
}

// Append appends the frame's header to b; the payload follows it.
func (f Frame) Append(b []byte) []byte {
	b = append(b, byte(f.Type), f.Flags)
	b = binary.BigEndian.AppendUint16(b, f.Index)
	b = binary.BigEndian.AppendUint16(b, f.Backlog)
	b = binary.BigEndian.AppendUint16(b, f.Version)
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
	id, err := ParseChunkID(b[8:])
	if err != nil {
		return Frame{}, nil, err
	}
	f = Frame{
		Type:    FrameType(b[0]),
		Flags:   b[1],
		Index:   binary.BigEndian.Uint16(b[2:]),
		Backlog: binary.BigEndian.Uint16(b[4:]),
		Version: binary.BigEndian.Uint16(b[6:]),
		ID:      id,
	}
	return f, b[FrameHeaderSize:], nil
}
