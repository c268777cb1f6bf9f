package scheduler

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// TestHeldRidesAlong: what came to be whole is told by the next frame about a later part, once to each peer, and by no Have then.
func TestHeldRidesAlong(t *testing.T) {
	at := func(rendition uint8, msn uint64, part uint16) wire.ChunkID {
		return wire.ChunkID{Epoch: 1, Rendition: rendition, MSN: msn, Part: part}
	}
	for _, tc := range []struct {
		name          string
		learnt        []wire.ChunkID
		held, tells   int // places in learnt: of what is held, and of what the frames are about
		want          uint8
		peerLearnt    int // how many of learnt the peer has learnt
		peerIsToKnow  bool
		havesOfTheOne int // that are sent when nothing else was told
	}{
		{"two before", []wire.ChunkID{at(0, 10, 0), at(0, 10, 1), at(0, 10, 2)}, 0, 2, 1 << 1, 3, true, 0},
		{"the last of the segment before", []wire.ChunkID{at(0, 10, 4), at(0, 10, 5), at(0, 11, 0)}, 1, 2, 1 << 0, 3, true, 0},
		{"two before, over the beginning of a segment", []wire.ChunkID{at(0, 10, 4), at(0, 10, 5), at(0, 11, 0)}, 0, 2, 1 << 1, 3, true, 0},
		{"another rendition between", []wire.ChunkID{at(0, 10, 5), at(1, 10, 6), at(0, 11, 0)}, 0, 2, 1 << 0, 3, true, 0},
		{"of another rendition", []wire.ChunkID{at(1, 10, 5), at(0, 10, 5), at(0, 11, 0)}, 0, 2, 0, 3, false, 1},
		{"two segments before", []wire.ChunkID{at(0, 9, 5), at(0, 11, 0)}, 0, 1, 0, 2, false, 1},
		{"more than eight before", []wire.ChunkID{at(0, 10, 0), at(0, 10, 9)}, 0, 1, 0, 2, false, 1},
		{"the peer has not learnt of the segment", []wire.ChunkID{at(0, 10, 5), at(0, 11, 0)}, 0, 1, 1 << 0, 1, false, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cell := cellOf(500, 500)
			s, peer := cell[0], cell[1]
			now := Time(0)
			for _, v := range cell {
				if v.link(1) == nil {
					v.open(&v.roster[0], false)
				}
				v.LinkUp(now, 1)
			}
			handles := [2][]Chunk{}
			for i, v := range cell {
				for n, id := range tc.learnt {
					if v == peer && n >= tc.peerLearnt {
						break
					}
					r := record(id, 40_000)
					handles[i] = append(handles[i], v.Learn(now, &r, 0))
				}
			}
			s.Actions()
			s.Held(now, handles[0][tc.held])
			s.Actions() // as the owner it gives pieces away
			for i, want := range []uint8{tc.want, 0} {
				s.begin(now)
				s.queue.add(Action{Kind: Send, Peer: 1, Bytes: s.queue.encode(s.frame(wire.Busy, s.chunk(handles[0][tc.tells])), nil)})
				actions := s.Actions()
				bytes := actions[len(actions)-1].Bytes
				f, _, err := wire.ParseFrame(bytes)
				if err != nil || f.Held != want {
					t.Fatalf("frame %d says %b, %v; want %b", i, f.Held, err, want)
				}
				peer.Frame(now, 1, bytes, 0)
				if knows := peer.chunk(handles[1][min(tc.held, len(handles[1])-1)]).holders == peer.link(1).slot; knows != tc.peerIsToKnow {
					t.Errorf("frame %d: the peer knows that the part is held: %v, want %v", i, knows, tc.peerIsToKnow)
				}
				now += Millisecond
			}
			haves := 0
			for now = calmHavePause; now < 3*calmHavePause; now += 100 * Millisecond {
				s.Tick(now)
				for _, a := range s.Actions() {
					if a.Kind == Send && wire.FrameType(a.Bytes[0]) == wire.Have {
						haves++
					}
				}
			}
			if haves != tc.havesOfTheOne {
				t.Errorf("%d Haves, want %d", haves, tc.havesOfTheOne)
			}
		})
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

// TestWaiting: what peers send waits for the viewer's own downlink where that of most of them does, by what came late, and not by what comes no more.
func TestWaiting(t *testing.T) {
	const late = 300 * Millisecond
	for _, c := range []struct {
		name   string
		late   int // how many peers are, of three
		silent bool
		other  int // how many watch something else
		want   Time
	}{
		{"nobody", 0, false, 0, 0},
		{"one", 1, false, 0, 0},
		{"two", 2, false, 0, late},
		{"all", 3, false, 0, late},
		{"of none comes anything", 0, true, 0, 0},
		{"all, who watch something else", 3, false, 3, 0},
		{"two of three, who watch something else", 2, false, 2, 0},
	} {
		s := meshed(500, 500, 500, 500)
		frame := wire.Frame{Type: wire.Busy, ID: wire.ChunkID{Epoch: 1, MSN: 10}}
		hear := func(now Time, waited func(i int) Time) {
			for i, l := range s.links {
				frame.Stamp = wire.Stamp{Sent: stampOf(now - waited(i)), Waited: wire.WaitedUnknown}
				s.Frame(now, l.peer, frame.Append(nil), 0)
				s.Actions()
			}
		}
		for i := range c.other {
			s.links[i].rendition = 9
		}
		for now := Second; now < 3*Second; now += 100 * Millisecond {
			hear(now, func(int) Time { return 10 * Millisecond })
		}
		now := 3*Second + late
		if c.silent {
			now += Second
		} else {
			hear(now, func(i int) Time {
				if i < c.late {
					return 10*Millisecond + late
				}
				return 10 * Millisecond
			})
		}
		s.Tick(now)
		if got := s.Waiting(); got != c.want {
			t.Errorf("%s: %v ms, want %v", c.name, got/Millisecond, c.want/Millisecond)
		}
	}
}
