package tracker

import "encoding/binary"

// Frames of a server are whole messages and not masked: byte 0x80 | opcode, then the length in 1, 3 or 9 bytes.
const (
	binaryFrame = 0x82
	closeFrame  = 0x88
	pingFrame   = 0x89
	pongFrame   = 0x8a

	frameHeader = 10 // bytes at most
)

// opcode returns the first byte of a message's frame.
func (k kind) opcode() byte {
	switch k {
	case ping:
		return pingFrame
	case pong:
		return pongFrame
	case closing:
		return closeFrame
	}
	return binaryFrame
}

// appendFrame appends the frame of a message to b.
func appendFrame(b []byte, m outgoing) []byte {
	b = append(b, m.kind.opcode())
	switch n := len(m.b); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, m.b...)
}
