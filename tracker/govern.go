package tracker

import (
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/trunk"
)

// letInEach is how many viewers may enter the cells of one stream in a tick, when P2P is turned on or its share raised: 4,000
// a second, so 8,000 viewers are in within 2 s. All at once they would be a flash crowd, with links to all others of
// their cells to be made.
const letInEach = 200

// outside is the viewers that are connected and in no cell.
type outside struct {
	members map[wire.ViewerID]bool // nil while there are none
	waiting []wire.ViewerID        // of them, those who may enter, in their order; some may have left or may no more
}

// welcome puts a viewer that has come into a cell, or beside all of them, and tells it what it may.
func (s *stream) welcome(v *viewer, now time.Time) {
	if c, news := s.control.message(v.id); news {
		b := c.Append(nil)
		v.push(kindOf(b), b)
	}
	if !s.control.admits(v.id) {
		s.putOut(v.id)
	}
	if !s.outside.members[v.id] { // else it waits, for its turn or for another control
		s.enter(v, now)
	}
}

// enter has a viewer put into a cell, or told anew of the one that it is in.
func (s *stream) enter(v *viewer, now time.Time) {
	s.newcomers.come(now)
	if s.keeper != nil && !s.take(nil, s.seatOf(v), 0, now) {
		return
	}
	s.saySeat(trunk.Enter, v)
}

// saySeat says of a viewer here what the tracker that keeps the cells must know of it, if that is another.
func (s *stream) saySeat(k trunk.Kind, v *viewer) {
	if s.tie != nil {
		s.say(k, s.seatOf(v).Append(nil))
	}
}

// exit takes a viewer out of its cell.
func (s *stream) exit(id wire.ViewerID, now time.Time) {
	if s.keeper != nil {
		s.keeper.leave(nil, id, now)
	}
	s.forget(id)
	s.say(trunk.Leave, trunk.AppendIDs(nil, id))
}

// change takes what a viewer says of itself.
func (s *stream) change(v *viewer, now time.Time) (news bool) {
	if s.outside.members[v.id] {
		return false
	}
	s.saySeat(trunk.Change, v)
	return s.keeper != nil && s.keeper.swarm.Update(v.member, v.at)
}

// forgo forgets a viewer that has left.
func (s *stream) forgo(id wire.ViewerID, now time.Time) {
	if s.outside.members[id] {
		delete(s.outside.members, id)
	} else {
		s.exit(id, now)
	}
}

func (s *stream) putOut(id wire.ViewerID) {
	if s.outside.members == nil {
		s.outside.members = map[wire.ViewerID]bool{}
	}
	s.outside.members[id] = true
}

// govern applies what the operator wants now. Whoever may not be in the swarm any more is out of its cell and told so before it
// returns; who may again is let in bit by bit, by the ticks: see letIn.
func (s *stream) govern(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.control
	s.control = s.t.controls.of(s.name)
	if s.control == was {
		return
	}
	if s.keeper != nil {
		s.keeper.swarm.Reshape(s.control.CellSize, s.control.Roots)
		s.keeper.acquaintances.least = s.t.leastAcquainted(s.control)
	}
	s.outside.waiting = nil
	for _, id := range sortedIDs(s.viewers) {
		c, _ := s.control.message(id)
		out := s.outside.members[id]
		switch in := c.Flags&wire.Off == 0; {
		case in && out:
			s.outside.waiting = append(s.outside.waiting, id)
		case !in && !out:
			s.exit(id, now)
			s.putOut(id)
		}
		if before, _ := was.message(id); before != c {
			b := c.Append(nil)
			s.viewers[id].push(kindOf(b), b)
		}
	}
	s.flush(now)
}

// letIn has some of those who wait enter cells.
func (s *stream) letIn(now time.Time) {
	o := &s.outside
	for n := 0; n < letInEach && len(o.waiting) > 0; {
		id := o.waiting[0]
		o.waiting = o.waiting[1:]
		if o.members[id] && s.control.admits(id) {
			delete(o.members, id)
			v := s.viewers[id]
			v.member.Flags &^= wire.Ready | wire.Fed | wire.Feeds // it has no links
			s.enter(v, now)
			n++
		}
	}
	if len(o.waiting) == 0 {
		o.waiting = nil
	}
	if len(o.members) == 0 {
		o.members = nil
	}
}
