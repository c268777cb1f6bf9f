package cell

import (
	"math"

	"github.com/shoal-live/shoal/swarm/wire"
)

// Notice is one message for one or more members of one cell. Exactly one of Roster and Delta is set.
type Notice struct {
	To     []wire.ViewerID // in ascending order
	Roster *wire.Roster
	Delta  *wire.Delta
}

// Append appends the message in the wire's bytes to b.
func (n Notice) Append(b []byte) []byte {
	if n.Roster != nil {
		return n.Roster.Append(b)
	}
	return n.Delta.Append(b)
}

// Flush returns what must be told at time now. Rosters are never late; the Deltas of a cell that was told something
// less than a gap ago wait for a later Flush, unless a member of it had to be introduced.
func (s *Swarm) Flush(now int64) []Notice {
	var notices []Notice
	waiting := s.dirty[:0]
	for _, c := range s.dirty {
		if c.urgent || s.due(c) <= now {
			notices = c.tell(notices, now)
		} else {
			notices = c.tellStale(notices)
		}
		if c.dirty = c.pending(); c.dirty {
			waiting = append(waiting, c)
		}
	}
	clear(s.dirty[len(waiting):])
	s.dirty = waiting
	return notices
}

// Due returns the earliest time at which Flush will have something to tell, false if nothing is waiting.
func (s *Swarm) Due() (at int64, waiting bool) {
	at = math.MaxInt64
	for _, c := range s.dirty {
		at = min(at, s.due(c))
	}
	return at, len(s.dirty) > 0
}

func (s *Swarm) due(c *cell) int64 {
	if c.told == math.MinInt64 {
		return c.told
	}
	return c.told + s.gap
}

// tell makes what is pending a new version: a Delta to those that hold the last one, the Roster to the others.
func (c *cell) tell(notices []Notice, now int64) []Notice {
	if !c.pending() {
		return c.tellStale(notices)
	}
	d := c.advance(now)
	if len(d.Left) > wire.MaxMembers {
		for i := range c.members { // more left than a Delta may name: the whole roster is shorter
			c.members[i].stale = true
		}
	}
	if to := c.to(false); len(to) > 0 {
		notices = append(notices, Notice{To: to, Delta: &d})
		for i := range c.members {
			c.members[i].seen = true
		}
	}
	return c.tellStale(notices)
}

// tellStale gives those who know nothing of the cell, or missed something, the roster of this moment.
func (c *cell) tellStale(notices []Notice) []Notice {
	to := c.to(true)
	if len(to) == 0 {
		return notices
	}
	for i := range c.members {
		c.members[i].stale, c.members[i].seen = false, true
	}
	r := c.roster()
	return append(notices, Notice{To: to, Roster: &r})
}

func (c *cell) to(stale bool) []wire.ViewerID {
	var to []wire.ViewerID
	for _, m := range c.members {
		if m.stale == stale {
			to = append(to, m.ID)
		}
	}
	return to
}
