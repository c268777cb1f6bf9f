package scheduler

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// linkAll opens links to all other members.
func linkAll(s *Scheduler) {
	for i := range s.roster {
		l := s.linkTo(s.roster[i].ID)
		if l == nil {
			l = s.open(&s.roster[i], false)
		}
		s.LinkUp(s.now, l.peer)
	}
	s.Actions()
}

// equals returns so many weights.
func equals(n int, weight uint16) (list []uint16) {
	for range n {
		list = append(list, weight)
	}
	return list
}

// TestExcess: an owner leaves to the edge as many as the cell's uplinks do not carry, and says so to all. 83 kB a part are 2 Mbit/s.
func TestExcess(t *testing.T) {
	for _, c := range []struct {
		name        string
		weights     []uint16
		least, most int
	}{
		{"plenty", equals(24, 500), 0, 0},
		{"enough", equals(24, 320), 0, 0},
		{"for two thirds", equals(24, 140), 3, 14},
		{"for half", equals(24, 100), 8, 17},
		{"for nobody", equals(8, 10), 6, 8},
		{"one of two fetches in any case", equals(2, 20), 0, 0},
	} {
		s := cellOf(c.weights...)[0]
		s.speed = int(c.weights[0])
		linkAll(s)
		s.load.share = 1024
		r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 83_000)
		k := s.chunk(s.Learn(0, &r, 0))
		if k.fetching == 0 {
			s.Actions()
			s.begin(0)
			s.fetch(k, true)
		}
		if n := int(k.excess); n < c.least || n > c.most {
			t.Errorf("%s: %d are left to the edge, want %d to %d", c.name, n, c.least, c.most)
		}
		said := 0
		for _, a := range s.Actions() {
			if f, _, err := wire.ParseFrame(a.Bytes); a.Kind == Send && err == nil && (f.Type == wire.Fetching || f.Flags&wire.FlagFetching != 0) {
				if said++; f.Index != k.excess {
					t.Errorf("%s: %d are left to the edge, and %d is said", c.name, k.excess, f.Index)
				}
			}
		}
		if said != len(c.weights)-1 {
			t.Errorf("%s: %d were told", c.name, said)
		}
	}
}

// TestSparedAreServed: of all who hear how many are left to the edge those get the chunk from there at once who are first in rank,
// and nobody sends it to them.
func TestSparedAreServed(t *testing.T) {
	cell := cellOf(100, 110, 120, 130, 140, 150, 160, 170)
	r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 83_000)
	const excess = 3
	var spared []wire.ViewerID
	ranks := map[wire.ViewerID]int{}
	for _, s := range cell {
		ranks[s.self.ID], _ = s.rank(r.ID)
	}
	for _, s := range cell {
		linkAll(s)
		if ranks[s.self.ID] == 0 {
			continue // the owner
		}
		before := r
		before.ID.MSN--
		s.Learn(0, &before, 2*liveAge)
		s.Actions()
		var owner *link
		for _, l := range s.links {
			if ranks[l.id] == 0 {
				owner = l
			}
		}
		f := wire.Frame{Type: wire.Announce, Flags: wire.FlagFetching, Index: excess, ID: r.ID}
		s.Frame(Millisecond, owner.peer, r.Append(f.Append(nil)), 0)
		s.Actions()
		c := s.chunk(s.RecordTaken(Millisecond, owner.peer, &r, true))
		for _, a := range s.Actions() {
			if a.Kind == Fetch && a.First == 0 && a.Count == c.pieces {
				spared = append(spared, s.self.ID)
			}
		}
		for _, l := range s.links {
			if s.lacks(c, l) == (ranks[l.id] < excess) {
				t.Errorf("who has rank %d lacks the chunk: %v", ranks[l.id], s.lacks(c, l))
			}
		}
	}
	if len(spared) != excess-1 || slices.ContainsFunc(spared, func(id wire.ViewerID) bool { return ranks[id] >= excess }) {
		t.Errorf("%d were served by the edge, want the first %d without the owner", len(spared), excess)
	}
}

// TestExcessIsBelievedInReason: nobody sends a cell that carries itself to the edge by a word.
func TestExcessIsBelievedInReason(t *testing.T) {
	s := meshed(equals(16, 500)...)
	r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 83_000)
	c := s.chunk(s.Learn(0, &r, 0))
	c.duty, c.weighed, c.excess = false, false, 0
	s.heedExcess(c, 60_000)
	if c.excess == 0 || c.excess > 16/4+2 {
		t.Errorf("%d of 16 are left to the edge", c.excess)
	}
}

// TestOverload: it is noticed after a few chunks, and a large one now and then is none.
func TestOverload(t *testing.T) {
	s := meshed(equals(16, 100)...)
	hear := func(n int, excess uint16) {
		for range n {
			c := s.fresh()
			c.live, c.record = true, record(wire.ChunkID{Epoch: 1, MSN: 10}, 83_000)
			s.heedExcess(c, excess)
		}
	}
	for range 20 {
		hear(1, 3)
		hear(5, 0)
		if s.overloaded() {
			t.Fatal("a chunk in six is an overload")
		}
	}
	if hear(4, 3); !s.overloaded() {
		t.Error("four in a row are none")
	}
	if hear(20, 0); s.overloaded() {
		t.Error("it does not end")
	}
}

// TestOwnersInOverload: where all are behind, waiting for one that is not would only be late; and what is scattered overtakes the rest.
func TestOwnersInOverload(t *testing.T) {
	for _, over := range []bool{false, true} {
		s := meshed(300, 100, 100, 100)
		if over {
			s.load.share = 1024
		}
		var own wire.Record
		for msn := uint64(10); own.Size == 0; msn++ {
			if r := record(wire.ChunkID{Epoch: 1, MSN: msn}, 83_000); func() bool { rank, _ := s.rank(r.ID); return rank == 0 }() {
				own = r
			}
		}
		other := s.fresh()
		other.record = record(wire.ChunkID{Epoch: 1, MSN: 9}, 83_000)
		for range 8 {
			s.post(spreads, other, 0, other.pieces+8, 0, s.links[0].slot)
		}
		if s.backlogTime() <= tooBusy {
			t.Fatal("it is not behind: the test tests nothing")
		}
		if c := s.chunk(s.Learn(0, &own, 0)); c.fetching > 0 != over {
			t.Errorf("overload %v: the owner fetches: %v", over, c.fetching > 0)
		}
		if s.scatterTime() < s.backlogTime() != over {
			t.Errorf("overload %v: %d ms until the first piece leaves, of %d", over, s.scatterTime()/Millisecond, s.backlogTime()/Millisecond)
		}
	}
}

// TestForwardersInOverload: where all uplinks are weak, what would be too much for a forwarder elsewhere is not.
func TestForwardersInOverload(t *testing.T) {
	for _, over := range []bool{false, true} {
		s := meshed(100, 100, 100)
		s.speed, s.load.rate = 100, 130 // a third of which is sent by each: 43 of 100
		if over {
			s.load.share = 1024
		}
		from, to := s.links[0], s.links[1]
		f := wire.Frame{Type: wire.Forward, Index: wire.ForwardStart}
		s.Frame(0, to.peer, binary.BigEndian.AppendUint64(f.Append(nil), uint64(from.id)), 0)
		if from.forwards != 0 != over {
			t.Errorf("overload %v: it forwards: %v", over, from.forwards != 0)
		}
	}
}

// TestExcessOnlyGrows: of two who say how many of a chunk are left to the edge the one counts who says more, and the chunk counts once.
func TestExcessOnlyGrows(t *testing.T) {
	s := meshed(equals(16, 100)...)
	c := s.fresh()
	c.live, c.record = true, record(wire.ChunkID{Epoch: 1, MSN: 10}, 83_000)
	s.heedExcess(c, 2)
	share := s.load.share
	for _, w := range [][2]uint16{{1, 2}, {0, 2}, {2, 2}, {3, 3}, {2, 3}} {
		if s.heedExcess(c, w[0]); c.excess != w[1] || s.load.share != share {
			t.Errorf("after %d: %d are left to the edge, share %d, was %d", w[0], c.excess, s.load.share, share)
		}
	}
}
