package rtmp

import "time"

// clock makes a rising time of RTMP's 32 bit milliseconds, which wrap every 49.7 days.
type clock struct {
	last time.Duration
	set  bool
}

const wrap = 1 << 32 * time.Millisecond

// unwrap returns the time nearest to the one before.
func (c *clock) unwrap(t time.Duration) time.Duration {
	if c.set {
		t += (c.last - t + wrap/2) / wrap * wrap
		if t-c.last > wrap/2 {
			t -= wrap
		}
	}
	c.last, c.set = t, true
	return t
}
