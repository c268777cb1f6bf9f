package scheduler

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// TestBrokenPromises: who says to fetch, three chunks in a row, and gives nothing is not counted on for a while; one chunk
// of which it gave something begins the count anew.
func TestBrokenPromises(t *testing.T) {
	s := cellOf(500, 500, 500)[0]
	now := 20 * Second
	s.LinkUp(now, 1)
	msn := uint64(10)
	promise := func(kept bool) {
		t.Helper()
		for ; ; msn++ { // a chunk that is not our own to fetch
			if rank, _ := s.rank(wire.ChunkID{Epoch: 1, MSN: msn}); rank > 0 {
				break
			}
		}
		r := record(wire.ChunkID{Epoch: 1, MSN: msn}, 40_000)
		msn++
		now += Second
		c := s.Learn(now, &r, 0)
		s.Frame(now, 1, wire.Frame{Type: wire.Fetching, ID: r.ID}.Append(nil), 0)
		if kept {
			s.Frame(now, 1, wire.Frame{Type: wire.Hashes, ID: r.ID}.Append(nil), 32*r.Pieces())
			s.HashesTaken(now, 1, c, true)
		}
		s.Need(now, c, now) // too late for the cell
		s.Fetched(now, c, 0, r.Pieces(), true)
		if !s.chunk(c).complete {
			t.Fatal("the chunk is not whole")
		}
	}
	m := s.memberOf(s.link(1).id)
	for i, kept := range []bool{false, false, true, false, false} {
		if promise(kept); !m.counted(now) {
			t.Fatalf("not counted on after chunk %d", i)
		}
	}
	if promise(false); m.counted(now) || !m.counted(now+distrustFor) {
		t.Errorf("three broken promises: distrusted until %d, at %d", m.distrusted, now)
	}
	// Nor is its word that it fetches, with the record or without.
	for _, kind := range []wire.FrameType{wire.Fetching, wire.Announce} {
		for _, later := range []Time{0, distrustFor} {
			msn++
			r := record(wire.ChunkID{Epoch: 1, MSN: msn}, 40_000)
			c := s.chunk(s.Learn(now, &r, 0))
			s.Frame(now+later, 1, r.Append(wire.Frame{Type: kind, Flags: wire.FlagFetching, ID: r.ID}.Append(nil)), 0)
			if believed := c.claimed > 0; believed != (later > 0) {
				t.Errorf("%#x %d s later: believed %v", kind, later/Second, believed)
			}
		}
		now += distrustFor - 1
		m.distrusted = now + distrustFor
	}
}

// TestWhoHoldsAndDoesNotGive: that somebody who answers no pull says to hold a chunk does not keep those in rank from fetching it.
func TestWhoHoldsAndDoesNotGive(t *testing.T) {
	for _, strikes := range []int{0, maxStrikes} {
		s := meshed(500, 500)
		r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 40_000)
		for rank, _ := s.rank(r.ID); rank != 1; rank, _ = s.rank(r.ID) {
			r.ID.MSN++
		}
		c := s.chunk(s.Learn(0, &r, 0))
		s.links[0].strikes = strikes
		s.Frame(0, s.links[0].peer, wire.Frame{Type: wire.Have, ID: r.ID}.Append(nil), 0)
		for now := Time(0); now < pushQuiet; now = s.Next() {
			s.Tick(now)
		}
		if fetches := c.fetching > 0; fetches != (strikes > 0) {
			t.Errorf("%d strikes: fetches %v", strikes, fetches)
		}
	}
}
