package scheduler

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// TestBrokenFetchIsCounted: what came of a fetch that broke off counts once, and what is fetched again is not what came.
func TestBrokenFetchIsCounted(t *testing.T) {
	s := New(Config{Stream: "demo", Flags: wire.MayUpload})
	r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 40_000)
	c := s.Learn(0, &r, 0)
	s.Need(0, c, 2*Second)
	s.HashesTaken(Millisecond, 0, c, true)
	s.Arrived(2*Millisecond, c, 0, 5)
	s.Fetched(3*Millisecond, c, 0, 16, false)
	if got := s.Stats(); got.BytesFromEdge != 5*uint64(r.PieceSize) || got.DuplicateBytes != 0 {
		t.Errorf("after it broke off: %d bytes from the edge, %d twice", got.BytesFromEdge, got.DuplicateBytes)
	}
	s.Tick(Second)
	var again Action
	for _, a := range s.Actions() {
		if a.Kind == Fetch {
			again = a
		}
	}
	if again.First != 5 || again.Count != 11 {
		t.Fatalf("fetched again: %+v", again)
	}
	s.Arrived(Second, c, 5, 3)
	s.Fetched(Second, c, 5, 11, true)
	if got := s.Stats(); got.BytesFromEdge != 40_000 || got.DuplicateBytes != 0 {
		t.Errorf("at the end: %d bytes from the edge, %d twice", got.BytesFromEdge, got.DuplicateBytes)
	}
}
