package whep

import "time"

// settle is for how long a frame that came early tells what the delay of all others is.
const settle = 2 * time.Second

// clock says what time of day it was at a stream's time zero, so that sound and picture of one moment are told to be of one moment. What
// comes late was held up on its way: the earliest of the last seconds counts.
type clock struct {
	begun         time.Time // the newer of two spans
	newer, before time.Time // zero as told by their earliest frames
}

// note takes a frame that came now.
func (c *clock) note(at time.Duration, now time.Time) {
	zero := now.Add(-at)
	switch {
	case c.begun.IsZero():
		c.begun, c.newer, c.before = now, zero, zero
	case now.Sub(c.begun) > settle:
		c.begun, c.before, c.newer = now, c.newer, zero
	case zero.Before(c.newer):
		c.newer = zero
	}
}

// zero returns the time of day of time zero; false before the first frame.
func (c *clock) zero() (time.Time, bool) {
	if c.before.Before(c.newer) {
		return c.before, !c.begun.IsZero()
	}
	return c.newer, !c.begun.IsZero()
}
