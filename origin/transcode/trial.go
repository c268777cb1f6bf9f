package transcode

import "time"

// How long a rung is left out before it is tried again: each trial interrupts the others, so one that fails makes the next wait longer.
const (
	firstTrial = 5 * time.Minute
	lastTrial  = 40 * time.Minute
)

// trial is the rungs that the machine was too slow for, and when the last of them is tried again. It keeps no clock.
type trial struct {
	out   []Rung // highest first
	next  time.Time
	wait  time.Duration // from a rung that is left out to its trial
	tried bool          // one was
}

// leave notes that a rung is left out; first is how long it is so the first time.
func (t *trial) leave(r Rung, first time.Duration, now time.Time) {
	switch {
	case t.wait == 0:
		t.wait = first
	case t.tried:
		t.wait = min(2*t.wait, lastTrial)
	}
	t.out, t.tried, t.next = append(t.out, r), false, now.Add(t.wait)
}

// again returns a rung whose time has come, and forgets it.
func (t *trial) again(now time.Time) (r Rung, ok bool) {
	last := len(t.out) - 1
	if last < 0 || now.Before(t.next) {
		return 0, false
	}
	r, t.out = t.out[last], t.out[:last]
	t.tried, t.next = true, now.Add(t.wait)
	return r, true
}
