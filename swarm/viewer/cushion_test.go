package viewer

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/scheduler"
)

// TestCushion: a buffer that runs low in a swarm is given more, step by step, and less when it was not needed for a while.
func TestCushion(t *testing.T) {
	const ms = scheduler.Millisecond
	var c cushion
	now := scheduler.Second
	seconds := func(n int, buffered scheduler.Time, swarming bool) (changes int) {
		for range 4 * n {
			now += 250 * ms
			if c.look(now, buffered, swarming) {
				changes++
			}
		}
		return changes
	}
	for _, step := range []struct {
		name     string
		seconds  int
		buffered scheduler.Time
		swarming bool
		more     scheduler.Time
		changes  int
	}{
		{"plenty", 40, 1100 * ms, true, 0, 0},
		{"low, and alone", 10, 300 * ms, false, 0, 0},
		{"low", 5, 300 * ms, true, 200 * ms, 2},
		{"low for long", 20, 300 * ms, true, 400 * ms, 2},
		{"just enough", 60, 800 * ms, true, 400 * ms, 0},
		{"plenty for a while", 24, 1100 * ms, true, 400 * ms, 0},
		{"plenty for longer", 10, 1100 * ms, true, 300 * ms, 1},
		{"alone", 120, 300 * ms, false, 0, 3},
	} {
		if changes := seconds(step.seconds, step.buffered, step.swarming); c.more != step.more || changes != step.changes {
			t.Errorf("%s: %d ms more after %d changes, want %d after %d", step.name, c.more/ms, changes, step.more/ms, step.changes)
		}
	}
	c = cushion{}
	seconds(1, 300*ms, false)
	if seconds(3, 1100*ms, true); c.more != 0 {
		t.Errorf("what was low before the first peer made it %d ms more", c.more/ms)
	}
	c = cushion{}
	seconds(1, 1100*ms, true)
	c.look(now+ms, 300*ms, true) // one moment
	if seconds(2, 1100*ms, true); c.more != 100*ms {
		t.Errorf("what was low for a moment made it %d ms more", c.more/ms)
	}
}
