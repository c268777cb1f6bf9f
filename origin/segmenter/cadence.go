package segmenter

import "time"

// cadence learns how far apart key frames come. The longer of the last two intervals counts, so that a key frame put in
// at a scene change does not mislead it.
type cadence struct {
	last time.Duration
	seen [2]time.Duration
}

func (c *cadence) key(at time.Duration) {
	if c.last > 0 && at > c.last {
		c.seen[0], c.seen[1] = c.seen[1], at-c.last
	}
	c.last = max(at, 1)
}

func (c *cadence) interval() time.Duration { return max(c.seen[0], c.seen[1]) }

// next returns when the next key frame is expected, 0 if that is not known.
func (c *cadence) next() time.Duration {
	if c.interval() == 0 {
		return 0
	}
	return c.last + c.interval()
}
