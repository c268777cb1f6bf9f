package scheduler

import (
	"encoding/binary"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// meshed returns the first member of a cell with these weights, with links to all others.
func meshed(weights ...uint16) *Scheduler {
	s := cellOf(weights...)[0]
	for i := range s.roster {
		l := s.linkTo(s.roster[i].ID)
		if l == nil {
			l = s.open(&s.roster[i], false)
		}
		s.LinkUp(0, l.peer)
	}
	return s
}

// planIn returns how many pieces each of the others is given in a cell with these weights, the planner's the first, and how
// many go straight.
func planIn(t *testing.T, weights ...uint16) (shares map[uint16]int, straights int) {
	t.Helper()
	s := meshed(weights...)
	r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 80_000)
	c := s.chunk(s.Learn(0, &r, 0))
	s.plan(c)
	if len(c.plan) != c.pieces {
		t.Fatalf("%d pieces planned of %d", len(c.plan), c.pieces)
	}
	shares = map[uint16]int{}
	for i := range c.plan {
		if l := s.planned(c, i); l == nil {
			straights++
		} else {
			shares[l.weight]++
		}
	}
	return shares, straights
}

func TestPlanFollowsUplinks(t *testing.T) {
	shares, _ := planIn(t, 800, 100, 101, 400, 401, 402, 1600)
	if low, mid, high := shares[100]+shares[101], shares[400]+shares[401]+shares[402], shares[1600]; low > 2 || mid < 5 || high < 4 {
		t.Errorf("two of 100 pass on %d pieces, three of 400 %d, one of 1600 %d", low, mid, high)
	}
}

func TestPlanOfTheRich(t *testing.T) {
	if shares, straights := planIn(t, 10000, 20, 21, 22); straights < 14 {
		t.Errorf("one of 10000 leaves %v to the weak, and sends %d itself", shares, straights)
	}
	if shares, _ := planIn(t, 1000, 5000, 5001, 5002, 5003); len(shares) != 1 {
		t.Errorf("where there is time, %v pass pieces on", shares)
	}
}

// TestPlanOnward: who has no link to the planner, and somebody who passes on to it, is a relay too, but not who is banned.
func TestPlanOnward(t *testing.T) {
	for _, banned := range []bool{false, true} {
		s := meshed(1500, 400, 400, 400, 4000)
		var far *member
		for i := range s.roster {
			if s.roster[i].Weight == 4000 {
				far = &s.roster[i]
			}
		}
		s.LinkDown(0, s.linkTo(far.ID).peer)
		carrier := s.links[0]
		far.carriers = carrier.slot
		if banned {
			s.banned = append(s.banned, far.ID)
		}
		r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 400_000)
		c := s.chunk(s.Learn(0, &r, 0))
		s.plan(c)
		n := 0
		for i := range c.plan {
			if c.planOf(i)&onward != 0 && s.planned(c, i) == carrier {
				n++
			}
		}
		if banned != (n == 0) || !banned && n < c.pieces/4 {
			t.Errorf("banned %v: %d pieces of %d go onward to the strongest", banned, n, c.pieces)
		}
	}
}

// TestPlanFollowsReach: a piece takes less of who has few to send it to, but nobody is believed to have none.
func TestPlanFollowsReach(t *testing.T) {
	s := meshed(500, 400, 401, 402, 403)
	few := s.links[1]
	f := wire.Frame{Type: wire.Forward, Index: wire.ForwardReach}
	s.Frame(0, few.peer, binary.BigEndian.AppendUint64(f.Append(nil), 2), 0)
	r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 400_000)
	c := s.chunk(s.Learn(0, &r, 0))
	s.plan(c)
	due := map[Peer]Time{}
	for _, r := range s.relays {
		due[r.link.peer] = r.due
	}
	if whole := due[s.links[0].peer]; due[few.peer] > whole*6/10 || due[few.peer] < whole*4/10 {
		t.Errorf("half the reach: a piece takes %d ms, with all of it %d", due[few.peer]/Millisecond, whole/Millisecond)
	}
	s.Frame(0, few.peer, binary.BigEndian.AppendUint64(f.Append(nil), 1), 0)
	s.plan(c)
	for _, r := range s.relays {
		due[r.link.peer] = r.due
	}
	if least := due[s.links[0].peer] * leastReach / 100; due[few.peer] < least*9/10 {
		t.Errorf("who says to reach hardly anybody is believed: a piece takes %d ms", due[few.peer]/Millisecond)
	}
}

func TestGather(t *testing.T) {
	plan := []uint8{2, 1, 0, 2, 1, 0, 3, 2}
	gather(plan)
	if got, want := string(plan), string([]uint8{2, 2, 2, 1, 1, 3, 0, 0}); got != want {
		t.Errorf("%v", plan)
	}
}

// TestPushGathered: where there is time, pieces that come one by one are sent some at a time, but none waits for long, and none is
// forgotten.
func TestPushGathered(t *testing.T) {
	for _, c := range []struct {
		name      string
		every     Time // between pieces
		most      Time // that one may wait
		few, many int  // messages to each
	}{
		{"quickly", Millisecond, 13 * Millisecond, 3, 6},
		{"slowly", 10 * Millisecond, gatherPause + 15*Millisecond, 8, 16},
	} {
		s := meshed(10_000, 100, 100, 100)
		s.speed = 10_000
		r := wire.Record{ID: wire.ChunkID{Epoch: 1, MSN: 10}, PieceSize: wire.PieceSize(40_000), Size: 40_000, Duration: 333_333}
		ch := s.chunk(s.Learn(0, &r, 0))
		ch.duty, ch.fetching = true, 1
		s.HashesTaken(0, 0, ch.handle, true)
		came := make([]Time, ch.pieces)
		sent, messages := 0, 0
		take := func() {
			for _, a := range s.Actions() {
				if a.Kind == SendPieces && a.Peer == s.links[0].peer {
					messages++
					sent += a.Count
					for i := a.First; i < a.First+a.Count; i++ {
						if s.now-came[i] > c.most {
							t.Errorf("%s: piece %d waited for %d ms", c.name, i, (s.now-came[i])/Millisecond)
						}
					}
				}
			}
		}
		now := Time(0)
		for i := range came {
			for next := now + c.every; now < next; take() {
				now = min(next, s.Next())
				s.Tick(now)
			}
			came[i] = now
			s.Arrived(now, ch.handle, i, 1)
			take()
		}
		for end := now + Second; now < end; take() {
			now = min(end, s.Next())
			s.Tick(now)
		}
		if sent != ch.pieces || messages < c.few || messages > c.many {
			t.Errorf("%s: %d pieces of %d in %d messages", c.name, sent, ch.pieces, messages)
		}
	}
}
