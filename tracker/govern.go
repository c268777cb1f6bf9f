package tracker

import (
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// letInEach is how many viewers may enter the cells of one stream in a tick, when P2P is turned on or its share raised: 4,000
// a second, so 8,000 viewers are in within 2 s. All at once they would be a flash crowd, with links to all others of
// their cells to be made.
const letInEach = 200

// outside is the viewers that are connected and in no cell.
type outside struct {
	members map[wire.ViewerID]wire.Member // as they said last; nil while there are none
	waiting []wire.ViewerID               // of them, those who may enter, in their order; some may have left or may no more
}

// welcome puts a viewer that has come into a cell, or beside all of them, and tells it what it may.
func (s *stream) welcome(v *viewer, m wire.Member) {
	if c, news := s.control.message(v.id); news {
		v.push(kindOf(c), c.Append(nil))
	}
	_, out := s.outside.members[v.id]
	switch {
	case !s.control.admits(v.id):
		s.putOut(m)
	case out: // it waits for its turn
		s.outside.members[v.id] = m
	case s.swarm.Join(m, v.at) != nil: // it has come back
		s.swarm.Update(m, v.at)
		s.swarm.Resend(v.id)
	}
}

// change takes what a viewer says of itself.
func (s *stream) change(v *viewer, m wire.Member) (news bool) {
	if _, out := s.outside.members[v.id]; out {
		s.outside.members[v.id] = m
		return false
	}
	return s.swarm.Update(m, v.at)
}

// forgo forgets a viewer that has left.
func (s *stream) forgo(id wire.ViewerID) {
	s.swarm.Leave(id)
	delete(s.outside.members, id)
}

func (s *stream) putOut(m wire.Member) {
	if s.outside.members == nil {
		s.outside.members = map[wire.ViewerID]wire.Member{}
	}
	s.outside.members[m.ID] = m
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
	s.swarm.Reshape(s.control.CellSize, s.control.Roots)
	s.outside.waiting = nil
	for id, v := range s.viewers {
		c, _ := s.control.message(id)
		_, out := s.outside.members[id]
		switch in := c.Flags&wire.Off == 0; {
		case in && out:
			s.outside.waiting = append(s.outside.waiting, id)
		case !in && !out:
			m, _ := s.swarm.Member(id)
			s.swarm.Leave(id)
			s.putOut(m)
		}
		if before, _ := was.message(id); before != c {
			v.push(kindOf(c), c.Append(nil))
		}
	}
	s.flush(now)
}

// letIn has some of those who wait enter cells.
func (s *stream) letIn() {
	o := &s.outside
	for n := 0; n < letInEach && len(o.waiting) > 0; {
		id := o.waiting[0]
		o.waiting = o.waiting[1:]
		if m, out := o.members[id]; out && s.control.admits(id) {
			delete(o.members, id)
			m.Flags &^= wire.Ready | wire.Fed | wire.Shed | wire.Feeds // it has no links
			s.swarm.Join(m, s.viewers[id].at)
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

// kindOf tells the queue what a Control is to it.
func kindOf(c wire.Control) kind {
	if c.Flags&wire.Off != 0 {
		return turnedOff
	}
	return control
}
