package scheduler

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// TestHeldRidesAlong: what came to be whole is told by the next frame about a later part of the segment, once to each peer.
func TestHeldRidesAlong(t *testing.T) {
	cell := cellOf(500, 500)
	s, peer := cell[0], cell[1]
	now := Time(0)
	for _, v := range cell {
		if v.link(1) == nil {
			v.open(&v.roster[0], false)
		}
		v.LinkUp(now, 1)
	}
	learn := func(v *Scheduler, part uint16) Chunk {
		r := record(wire.ChunkID{Epoch: 1, MSN: 10, Part: part}, 40_000)
		return v.Learn(now, &r, 0)
	}
	first := learn(s, 0)
	later := learn(s, 2)
	s.Actions()
	s.Held(now, first)
	for i, want := range []uint8{1 << 1, 0} {
		s.begin(now)
		s.queue.add(Action{Kind: Send, Peer: 1, Bytes: s.queue.encode(s.frame(wire.Busy, s.chunk(later)), nil)})
		actions := s.Actions()
		bytes := actions[len(actions)-1].Bytes
		f, _, err := wire.ParseFrame(bytes)
		if err != nil || f.Held != want {
			t.Fatalf("frame %d says %b, %v; want %b", i, f.Held, err, want)
		}
		theirs := learn(peer, 0)
		peer.Frame(now, 1, bytes, 0)
		if peer.chunk(theirs).holders != peer.link(1).slot {
			t.Errorf("frame %d: the peer does not know that the part is held", i)
		}
		now += Millisecond
	}
}

// TestPassageIsRelative: clocks of two viewers have nothing to do with each other, and begin again after 65 s.
func TestPassageIsRelative(t *testing.T) {
	var h hearing
	for i := range 200 {
		now := Time(i) * Second
		sent := stampOf(now) + 47000
		wait := Time(i%3) * 50 * Millisecond
		h.hear(now+80*Millisecond+wait, wire.Stamp{Sent: sent})
		if i > 0 && h.waited != wait {
			t.Fatalf("after %d s: waited %d us, want %d", i, h.waited, wait)
		}
	}
	if h.hear(201*Second, wire.Stamp{Sent: h.newest - 500}) {
		t.Error("a frame that was parked was heard a second time")
	}
}

// TestWhoWentToAnotherCell is sent nothing any more, and does not keep the cell from fetching, unless the tracker is joined anew.
func TestWhoWentToAnotherCell(t *testing.T) {
	for _, rejoined := range []bool{false, true} {
		s := cellOf(500, 500, 500)[0]
		now := 2 * orphanPatience
		l := s.link(1)
		if l == nil {
			l = s.open(&s.roster[0], false)
		}
		s.LinkUp(now, 1)
		if rejoined {
			s.welcomed(wire.Welcome{Viewer: s.self.ID})
			s.rejoined = now
		}
		s.begin(now)
		s.takeDelta(wire.Delta{Version: s.version + 1, Left: []wire.ViewerID{l.id}})
		r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 40_000)
		c := s.chunk(s.Learn(now, &r, 0))
		s.Frame(now, 1, wire.Frame{Type: wire.Fetching, ID: r.ID}.Append(nil), 0)
		if got := s.lacks(c, l) || c.claimers != 0; got != rejoined {
			t.Errorf("joined anew %v: it is one of the cell: %v", rejoined, got)
		}
	}
}
