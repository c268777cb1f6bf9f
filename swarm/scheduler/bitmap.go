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

// keep takes out all numbers that are not in other.
func (m *bitmap) keep(other *bitmap) {
	m.low &= other.low
	for k := 1; m.high != nil && k < maxPieces/64; k++ {
		m.high[k-1] &= other.word(k)
	}
}

// clear takes out all numbers. The room of large ones stays.
func (m *bitmap) clear() {
	m.low = 0
	if m.high != nil {
		*m.high = [maxPieces/64 - 1]uint64{}
	}
}

// cleared returns an empty set in the room of m, which is no more.
func (m *bitmap) cleared() bitmap {
	m.clear()
	return *m
}

// appendMissing appends, as the payload of a Want, the numbers below end that are in none of two sets.
func appendMissing(b []byte, end int, one, other *bitmap) []byte {
	for at := 0; at < end; at += 8 {
		missing := ^byte((one.word(at/64) | other.word(at/64)) >> (at % 64))
		if end-at < 8 {
			missing &= 1<<(end-at) - 1
		}
		b = append(b, missing)
	}
	return b
}

// parse reads the payload of a Want; numbers from end on are ignored.
func (m *bitmap) parse(b []byte, end int) {
	m.clear()
	for i := range min(end, 8*len(b)) {
		if b[i/8]>>(i%8)&1 != 0 {
			m.set(i)
		}
	}
}
