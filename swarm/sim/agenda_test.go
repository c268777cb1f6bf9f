package sim

import (
	"math/rand/v2"
	"testing"

	"github.com/shoal-live/shoal/swarm/scheduler"
)

// TestAgenda plans at random, also while things happen: each has its own in the order of time and planning, nobody is called
// before what may still be planned for it from afar, and nothing up to the end is lost.
func TestAgenda(t *testing.T) {
	const end = 5 * scheduler.Second
	r := rand.New(rand.NewPCG(1, 2))
	a := newAgenda(end)
	a.enter(leastDelay)
	turns := []scheduler.Time{4 * scheduler.Millisecond, 7 * scheduler.Millisecond, 14 * scheduler.Millisecond}
	for _, turn := range turns {
		a.enter(turn)
	}
	planned, happened, late := 0, 0, 0
	plan := func(at scheduler.Time, viewer int32) {
		planned++
		if at > end {
			late++
		}
		a.add(event{at: at, what: ticks, viewer: viewer, number: int32(planned)})
	}
	for range 100 {
		plan(scheduler.Time(r.Int64N(int64(end))), int32(r.IntN(len(turns))))
	}
	last := make([]event, len(turns))
	for a.turnOver() {
		for e, more := a.next(); more; e, more = a.next() {
			happened++
			if was := last[e.viewer]; e.at < was.at || e.at == was.at && e.number < was.number {
				t.Fatalf("to viewer %d happens %+v after %+v", e.viewer, e, was)
			}
			last[e.viewer] = e
			if r.IntN(2) == 0 {
				plan(e.at+scheduler.Time(r.Int64N(3)*r.Int64N(5000)), e.viewer) // its own, also at the same moment
			} else {
				other := int32(r.IntN(len(turns)))
				plan(e.at+turns[other]+scheduler.Time(r.Int64N(50_000)), other)
			}
		}
	}
	if happened != planned-late || late == 0 || happened < 10_000 {
		t.Errorf("%d happened of %d that were planned, %d of them for after the end", happened, planned, late)
	}
}
