package scheduler

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// BenchmarkStep drives one member of a cell of 24 through the life of a chunk: learnt, needed, hashes and pieces in,
// relayed, complete. It reports the time of one call.
func BenchmarkStep(b *testing.B) {
	weights := make([]uint16, 24)
	for i := range weights {
		weights[i] = 500
	}
	s := cellOf(weights...)[0]
	for i := range 23 {
		if s.link(Peer(i+1)) == nil {
			s.open(&s.roster[i], false)
		}
	}
	for i := range 23 {
		s.LinkUp(0, Peer(i+1))
	}
	s.Actions()
	var now Time
	var calls int
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; calls < b.N; i++ {
		now += 333 * Millisecond
		r := record(wire.ChunkID{Epoch: 1, MSN: uint64(i / 6), Part: uint16(i % 6)}, 40000)
		h := s.Learn(now, &r, 0)
		s.Actions()
		s.Need(now, h, now+Second)
		s.Actions()
		hashes := wire.Frame{Type: wire.Hashes, ID: r.ID}.Append(nil)
		s.Frame(now, 1, hashes, 512)
		s.Actions()
		s.HashesTaken(now, 1, h, true)
		s.Actions()
		calls += 4
		for first := 0; first < 16; first += 4 {
			f := wire.Frame{Type: wire.Pieces, Index: uint16(first), ID: r.ID, Flags: wire.FlagRelay}.Append(nil)
			from, to := r.PieceBounds(first, 4)
			s.Frame(now, Peer(first/4+1), f, to-from)
			s.Actions()
			s.PiecesTaken(now, Peer(first/4+1), h, first, 4, true)
			s.Actions()
			calls += 2
		}
		s.Tick(now)
		s.Actions()
		calls++
	}
}
