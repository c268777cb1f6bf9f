package cell

import (
	"math"

	"github.com/shoal-live/shoal/swarm/wire"
)

// Notice is one message for one or more members of one cell. Exactly one of Roster, Delta and Bridges is set.
type Notice struct {
	To      []wire.ViewerID // in ascending order
	Roster  *wire.Roster
	Delta   *wire.Delta
	Bridges *wire.Bridges // to one viewer
}

// Append appends the message in the wire's bytes to b.
func (n Notice) Append(b []byte) []byte {
	switch {
	case n.Roster != nil:
		return n.Roster.Append(b)
	case n.Delta != nil:
		return n.Delta.Append(b)
	}
	return n.Bridges.Append(b)
}

// Flush returns what must be told at time now. Rosters are never late, nor are bridges that came or went; the Deltas of
// a cell that was told something less than a gap ago wait for a later Flush, unless a member of it had to be introduced,
// and so does what changed of those at the other ends of bridges.
func (s *Swarm) Flush(now int64) []Notice {
	s.mend(now)
	var notices []Notice
	waiting := s.dirty[:0]
	for _, c := range s.dirty {
		due := c.urgent || c.due(s.config.Gap) <= now
		if due {
			notices = c.tell(notices, now)
		} else {
			notices = c.tellStale(notices)
		}
		notices = s.tellEnds(c, notices, now, due)
		if c.dirty = c.waits(); c.dirty {
			waiting = append(waiting, c)
		}
	}
	clear(s.dirty[len(waiting):])
	s.dirty = waiting
	return notices
}

// Due returns the earliest time at which Flush may have something to tell, false if nothing is waiting.
func (s *Swarm) Due() (at int64, waiting bool) {
	at = math.MaxInt64
	for _, c := range s.dirty {
		at = min(at, c.due(s.config.Gap))
	}
	if len(s.trials) > 0 {
		at = min(at, s.trials[0].at)
	}
	return at, len(s.dirty)+len(s.trials) > 0
}

// tell makes what is pending a new version: a Delta to those that hold the last one, the Roster to the others.
func (c *cell) tell(notices []Notice, now int64) []Notice {
	if !c.pending() {
		return c.tellStale(notices)
	}
	d := c.advance(now)
	if len(d.Left) > wire.MaxMembers { // more left than a Delta may name: the whole roster is shorter
		c.resend()
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

// tellEnds gives members of a cell the list of their bridges; those of whose bridges none came or went, when it is due.
func (s *Swarm) tellEnds(c *cell, notices []Notice, now int64, due bool) []Notice {
	for i := range c.members {
		m := &c.members[i]
		if m.bridges == never || m.bridges == later && !due {
			continue
		}
		if m.bridges == later {
			c.told = now
		}
		var list wire.Bridges
		c.ends(m.ID, func(role wire.BridgeRole, other wire.ViewerID) {
			list.Bridges = append(list.Bridges, wire.Bridge{Role: role, Member: s.homes[other].find(other).Member})
		})
		if len(list.Bridges) > 0 || m.bridged {
			notices = append(notices, Notice{To: []wire.ViewerID{m.ID}, Bridges: &list})
		}
		m.bridges, m.bridged = never, len(list.Bridges) > 0
	}
	return notices
}
