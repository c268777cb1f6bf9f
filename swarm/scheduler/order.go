package scheduler

import "github.com/shoal-live/shoal/swarm/wire"

// ordered takes a peer's wish that pieces be passed on that we hold, or soon will.
func (s *Scheduler) ordered(l *link, f wire.Frame, c *chunk, payload []byte) {
	if len(payload) < 2 {
		s.cut(l, BadFrame)
		return
	}
	if c == nil {
		s.park(l, f.ID)
		return
	}
	first, count := int(f.Index), int(payload[0])<<8|int(payload[1])
	if count == 0 || first+count > c.pieces {
		s.cut(l, BadFrame)
		return
	}
	if f.Flags&wire.FlagErrand != 0 {
		s.takeErrand(c, l, f, errand{first: first, count: count}, payload[2:])
		return
	}
	if f.Flags&wire.FlagStandIn != 0 {
		s.standIn(c, l, first, count)
		return
	}
	if f.Flags&wire.FlagOnward != 0 {
		s.goOnward(c, l, first, count)
		return
	}
	if !c.spared {
		return // only who gets a chunk from the edge is told so: all others are sent what they are to pass on
	}
	for i := first; i < first+count; i++ {
		c.orders.set(i)
	}
	for from, n := c.held.run(first, first+count, true); n > 0; from, n = c.held.run(from+n, first+count, true) {
		s.spread(c, from, n, nil)
	}
}

// standIn passes on for l what it passes on itself, to those who have no link to it.
func (s *Scheduler) standIn(c *chunk, l *link, first, count int) {
	if l.forwards == 0 || !s.mayAskAgain(c, l, count) {
		return
	}
	if c.hashes == holdHashes {
		s.forwardHashes(c, l)
	}
	for from, n := c.held.run(first, first+count, true); n > 0; from, n = c.held.run(from+n, first+count, true) {
		s.forwardPieces(c, l, from, n)
	}
	for from, n := c.held.run(first, first+count, false); n > 0; from, n = c.held.run(from+n, first+count, false) {
		c.standBy(taking{from: l.peer, first: from, count: n})
	}
}

// goOnward has passed on by another what l, who has no link to it, planned so: once it is held.
func (s *Scheduler) goOnward(c *chunk, l *link, first, count int) {
	switch {
	case l.forwards == 0 || !s.mayAskAgain(c, l, count):
	case !c.held.all(first, count):
		c.standBy(taking{from: l.peer, first: first, count: count, flags: wire.FlagOnward})
	case !s.passOnward(c, l, first, count):
		s.spread(c, first, count, nil)
	}
}

func (c *chunk) standBy(t taking) {
	if len(c.stands) < maxStands {
		c.stands = append(c.stands, t)
	}
}

// maxStands is how many runs a chunk may have that are to be passed on for others when they come.
const maxStands = 32

// stood passes on what was waited for.
func (s *Scheduler) stood(c *chunk) {
	if len(c.stands) == 0 {
		return
	}
	kept := c.stands[:0]
	for _, t := range c.stands {
		from := s.link(t.from)
		switch {
		case from == nil:
		case c.held.all(t.first, t.count) && t.flags&wire.FlagOnward != 0:
			if !s.passOnward(c, from, t.first, t.count) {
				s.spread(c, t.first, t.count, nil)
			}
		case c.held.all(t.first, t.count):
			s.forwardPieces(c, from, t.first, t.count)
		default:
			kept = append(kept, t)
		}
	}
	c.stands = kept
}
