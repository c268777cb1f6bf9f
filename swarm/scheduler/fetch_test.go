package scheduler

import (
	"slices"
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

// TestUnneed: what the player waits for no more is not got, nor is what is left of a rendition that it watched before.
func TestUnneed(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(s *Scheduler, h Chunk)
		gets bool
	}{
		{"nothing", func(*Scheduler, Chunk) {}, true},
		{"needed", func(s *Scheduler, h Chunk) { s.Need(0, h, Second) }, true},
		{"needed, then no more", func(s *Scheduler, h Chunk) { s.Need(0, h, Second); s.Self(0, wire.MayUpload, 9, 0); s.Unneed(0, h) }, false},
		{"another is watched", func(s *Scheduler, h Chunk) { s.Self(0, wire.MayUpload, 9, 0) }, false},
		{"needed still, though another is watched", func(s *Scheduler, h Chunk) { s.Need(0, h, Second); s.Self(0, wire.MayUpload, 9, 0) }, true},
	} {
		s := meshed(500, 500, 500)
		h := learnOfOthers(s)
		c.do(s, h)
		gets := false
		for now := Time(0); now < 3*Second && !gets; now += 10 * Millisecond {
			s.Tick(now)
			for _, a := range s.Actions() {
				gets = gets || a.Kind == Fetch && a.Chunk == h
			}
		}
		if gets != c.gets {
			t.Errorf("%s: got %v, want %v", c.name, gets, c.gets)
		}
	}
}

// learnOfOthers learns of a chunk that somebody else is to fetch.
func learnOfOthers(s *Scheduler) Chunk {
	for part := uint16(0); ; part++ {
		r := record(wire.ChunkID{Epoch: 1, MSN: 10, Part: part}, 40_000)
		h := s.Learn(0, &r, 0)
		if !slices.ContainsFunc(s.Actions(), func(a Action) bool { return a.Kind == Fetch }) {
			return h
		}
	}
}
