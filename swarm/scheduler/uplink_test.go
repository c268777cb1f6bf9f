package scheduler

import "testing"

// TestUplinkIsMeasured lets an uplink drain at a rate of its own and looks at what it is taken for.
func TestUplinkIsMeasured(t *testing.T) {
	const rate = 250_000 // bytes a second: 2 Mbit/s
	var u uplink
	waiting := 0
	for now := Time(0); now < 5*Second; now += 40 * Millisecond {
		waiting = max(0, waiting-rate/25)
		u.read(now, waiting)
		u.handOut(now, 15_000, 500) // half as much again as leaves
		waiting += 15_000
	}
	if u.speed < rate*9/10 || u.speed > rate*11/10 {
		t.Errorf("taken for %d bytes a second, is %d", u.speed, rate)
	}
}

func TestIdleUplinkIsNotMeasured(t *testing.T) {
	var u uplink
	for now := Time(0); now < 5*Second; now += 100 * Millisecond {
		if u.read(now, 0) {
			t.Fatal("nothing waited, and it was measured")
		}
		u.handOut(now, 1000, 500)
	}
}
