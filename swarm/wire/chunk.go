package wire

import (
	"encoding/binary"
	"errors"
)

// What can be wrong with bytes from outside.
var (
	ErrShort   = errors.New("wire: message too short")
	ErrVersion = errors.New("wire: unknown version")
	ErrBounds  = errors.New("wire: value out of bounds")
	ErrType    = errors.New("wire: unknown message type")
)

// ChunkKind says what of a stream a chunk is.
type ChunkKind uint8

const (
	Part    ChunkKind = 0 // one LL-HLS partial segment
	Segment ChunkKind = 1 // a whole segment, where a stream has no parts
	Init    ChunkKind = 2 // an init segment; MSN holds its number
)

// ChunkIDSize is how many bytes a ChunkID takes.
const ChunkIDSize = 16

// ChunkID names one immutable chunk of one stream.
type ChunkID struct {
	Epoch     uint32 // when the stream's numbering began, Unix seconds
	Rendition uint8
	Kind      ChunkKind
	Part      uint16
	MSN       uint64
}

// Append appends the 16 bytes of id to b.
func (id ChunkID) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, id.Epoch)
	b = append(b, id.Rendition, byte(id.Kind))
	b = binary.BigEndian.AppendUint16(b, id.Part)
	return binary.BigEndian.AppendUint64(b, id.MSN)
}

// ParseChunkID reads a ChunkID from the first 16 bytes of b.
func ParseChunkID(b []byte) (ChunkID, error) {
	if len(b) < ChunkIDSize {
		return ChunkID{}, ErrShort
	}
	id := ChunkID{
		Epoch:     binary.BigEndian.Uint32(b),
		Rendition: b[4],
		Kind:      ChunkKind(b[5]),
		Part:      binary.BigEndian.Uint16(b[6:]),
		MSN:       binary.BigEndian.Uint64(b[8:]),
	}
	if id.Kind > Init {
		return ChunkID{}, ErrBounds
	}
	return id, nil
}

// Compare orders chunks as they are played: by epoch, MSN, part, rendition, kind.
func (id ChunkID) Compare(other ChunkID) int {
	for _, p := range [...][2]uint64{
		{uint64(id.Epoch), uint64(other.Epoch)},
		{id.MSN, other.MSN},
		{uint64(id.Part), uint64(other.Part)},
		{uint64(id.Rendition), uint64(other.Rendition)},
		{uint64(id.Kind), uint64(other.Kind)},
	} {
		if p[0] != p[1] {
			if p[0] < p[1] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// Hash mixes id into 64 well spread bits: the same for everybody, always.
func (id ChunkID) Hash() uint64 {
	h := Mix(uint64(id.Epoch)<<32 | uint64(id.Rendition)<<24 | uint64(id.Kind)<<16 | uint64(id.Part))
	return Mix(h ^ id.MSN)
}

// Mix is the finalizer of SplitMix64: one 64 bit number into another, without collisions.
func Mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
