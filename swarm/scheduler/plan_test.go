package scheduler

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// planIn returns how many pieces each of the others is given in a cell with these weights, the planner's the first, and how
// many go straight.
func planIn(t *testing.T, weights ...uint16) (shares map[uint16]int, straights int) {
	t.Helper()
	s := cellOf(weights...)[0]
	for i := range s.roster {
		l := s.linkTo(s.roster[i].ID)
		if l == nil {
			l = s.open(&s.roster[i], false)
		}
		s.LinkUp(0, l.peer)
	}
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

func TestGather(t *testing.T) {
	plan := []uint8{2, 1, 0, 2, 1, 0, 3, 2}
	gather(plan)
	if got, want := string(plan), string([]uint8{2, 2, 2, 1, 1, 3, 0, 0}); got != want {
		t.Errorf("%v", plan)
	}
}
