package viewer

import "github.com/shoal-live/shoal/swarm/scheduler"

const (
	cushionStep   = 100 * scheduler.Millisecond
	cushionMost   = 400 * scheduler.Millisecond
	cushionEvery  = 2 * scheduler.Second        // how often it grows
	cushionUnused = 30 * scheduler.Second       // how long it was not needed before it shrinks
	cushionLow    = 750 * scheduler.Millisecond // of buffer, at its lowest: then more is wanted. It is above restLow: where the buffer falls slowly this comes before a rest
	cushionPlenty = 900 * scheduler.Millisecond // then less will do
)

// cushion is how much further behind live a viewer plays because its buffer ran low: what peers send comes a little later than from the edge, the
// more so where the machine or uplinks are busy. A player in a browser lays in the same. Who is alone needs none: nothing comes later than it would
// without the swarm.
type cushion struct {
	more   scheduler.Time
	lowest scheduler.Time // buffer, since `since`
	since  scheduler.Time // 0: nothing was looked at yet
	needed scheduler.Time // when

	swarming bool
}

// look notes what is in the buffer, and returns whether more has changed.
func (c *cushion) look(now, buffered scheduler.Time, swarming bool) bool {
	if c.since == 0 || swarming && !c.swarming {
		c.lowest, c.since, c.needed = buffered, now, now // what was before the first peer is no peer's doing
	}
	c.swarming = swarming
	c.lowest = min(c.lowest, buffered)
	if now-c.since < cushionEvery {
		return false
	}
	was := c.more
	if swarming && c.lowest < cushionPlenty {
		c.needed = now
	}
	if swarming && c.lowest < cushionLow {
		c.more = min(cushionMost, c.more+cushionStep)
	} else if now-c.needed > cushionUnused {
		c.more = max(0, c.more-cushionStep)
		c.needed = now
	}
	c.lowest, c.since = buffered, now
	return c.more != was
}

// tendCushion plays further behind live. What is not wanted any more is not caught up with: it goes where the viewer catches up for another reason.
func (s *session) tendCushion(now scheduler.Time) {
	if s.head.Stats(now).Started && s.cushion.look(now, s.head.Buffered(), s.core.Stats().Links > 0) {
		s.keepBack(now)
	}
}
