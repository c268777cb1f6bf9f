package scheduler

import (
	"math/bits"

	"github.com/shoal-live/shoal/swarm/wire"
)

// maxPieces is how many pieces the largest chunk can have, at the piece size that wire.PieceSize gives it; a record
// that cuts it finer is refused.
const maxPieces = wire.MaxChunkSize / wire.MaxPieceSize

// bitmap is a set of piece numbers. Nearly all chunks have less than 64 pieces, so the others have their room apart.
type bitmap struct {
	low  uint64                    // numbers below 64
	high *[maxPieces/64 - 1]uint64 // the others; nil: none
}

// word returns the numbers from 64*k on.
func (m *bitmap) word(k int) uint64 {
	switch {
	case k == 0:
		return m.low
	case m.high == nil:
		return 0
	}
	return m.high[k-1]
}

func (m *bitmap) has(i int) bool { return m.word(i/64)>>(i%64)&1 != 0 }

func (m *bitmap) set(i int) { m.add(i/64, 1<<(i%64)) }

// add adds numbers from 64*k on.
func (m *bitmap) add(k int, word uint64) {
	switch {
	case k == 0:
		m.low |= word
	case word != 0:
		if m.high == nil {
			m.high = new([maxPieces/64 - 1]uint64)
		}
		m.high[k-1] |= word
	}
}

// all tells whether count numbers from first on are in m.
func (m *bitmap) all(first, count int) bool {
	at, n := m.run(first, first+count, true)
	return at == first && n == count
}

func (m *bitmap) count() (n int) {
	for k := range maxPieces / 64 {
		n += bits.OnesCount64(m.word(k))
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
	for k := range maxPieces / 64 {
		u.add(k, m.word(k)|other.word(k))
	}
	return u
}

// both returns the numbers that are in m and in other.
func (m *bitmap) both(other *bitmap) (b bitmap) {
	for k := range maxPieces / 64 {
		b.add(k, m.word(k)&other.word(k))
	}
	return b
}

// appendMissing appends, as the payload of a Want, the numbers below end that are not in m.
func (m *bitmap) appendMissing(b []byte, end int) []byte {
	for at := 0; at < end; at += 8 {
		missing := ^byte(m.word(at/64) >> (at % 64))
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
