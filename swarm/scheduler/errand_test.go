package scheduler

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// TestErrandsArePaired: who is furthest behind asks the strongest of those who are free, and each other one the next; nobody asks who is
// behind itself, or gave nothing for long.
func TestErrandsArePaired(t *testing.T) {
	s := cellOf(500, 400, 900, 800, 700, 600, 950, 990)[0]
	linkAll(s)
	r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 80_000)
	c := s.chunk(s.Learn(0, &r, 0))
	of := func(weight uint16) *link {
		for _, l := range s.links {
			if l.weight == weight {
				return l
			}
		}
		t.Fatalf("no link to who has %d", weight)
		return nil
	}
	of(400).free = s.now + 900*Millisecond
	of(600).free = s.now + 600*Millisecond
	of(990).free = s.now + errandFree + Millisecond
	of(950).idle = mostIdle
	lacking := &outgoing{chunk: c.handle, count: 1, bytes: 5000, to: of(800).slot}
	for _, want := range []struct {
		behind Time
		turn   int
		weight uint16
	}{
		{Second, 0, 900}, {700 * Millisecond, 1, 700}, {300 * Millisecond, 2, 0},
	} {
		turn := s.furtherBehind(want.behind)
		l, _ := s.errandRunner(c, lacking, turn)
		var weight uint16
		if l != nil {
			weight = l.weight
		}
		if turn != want.turn || weight != want.weight {
			t.Errorf("%d ms behind: %d others go first, and who has %d is asked; want %d and %d", want.behind/Millisecond, turn, weight, want.turn, want.weight)
		}
	}
}
