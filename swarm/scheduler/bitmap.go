package scheduler

import (
	"math/bits"

	"github.com/shoal-live/shoal/swarm/wire"
)

// maxPieces is how many pieces the largest chunk can have, at the piece size that wire.PieceSize gives it; a record
// that cuts it finer is refused.
const maxPieces = wire.MaxChunkSize / wire.MaxPieceSize

// bitmap is a set of piece numbers.
type bitmap [maxPieces / 64]uint64

func (m *bitmap) has(i int) bool { return m[i/64]>>(i%64)&1 != 0 }
func (m *bitmap) set(i int)      { m[i/64] |= 1 << (i % 64) }

// all tells whether count numbers from first on are in m.
func (m *bitmap) all(first, count int) bool {
	at, n := m.run(first, first+count, true)
	return at == first && n == count
}

func (m *bitmap) count() (n int) {
	for _, w := range m {
		n += bits.OnesCount64(w)
	}
	return n
}

// run returns the first run of numbers, from on and below end, that are in m (or, with in false, not in m).
func (m *bitmap) run(from, end int, in bool) (first, count int) {
	for from < end && m.has(from) != in {
		from++
	}
	first = from
	for from < end && m.has(from) == in {
		from++
	}
	return first, from - first
}

// union returns the numbers that are in m or in other.
func (m *bitmap) union(other *bitmap) (u bitmap) {
	for i := range m {
		u[i] = m[i] | other[i]
	}
	return u
}

// appendMissing appends, as the payload of a Want, the numbers below end that are not in m.
func (m *bitmap) appendMissing(b []byte, end int) []byte {
	for at := 0; at < end; at += 8 {
		missing := ^byte(m[at/64] >> (at % 64))
		if end-at < 8 {
			missing &= 1<<(end-at) - 1
		}
		b = append(b, missing)
	}
	return b
}

// parseBitmap reads the payload of a Want; numbers from end on are ignored.
func parseBitmap(b []byte, end int) (m bitmap) {
	for i := range min(end, 8*len(b)) {
		if b[i/8]>>(i%8)&1 != 0 {
			m.set(i)
		}
	}
	return m
}
