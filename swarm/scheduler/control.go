package scheduler

import (
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// control is what the operator of the stream allows, as the tracker tells.
type control struct {
	off  bool   // no swarm: no links, everything from the edge, until a Roster comes
	most uint16 // that may be lent of the uplink, in units of 10 kbit/s; 0: no bound
	free Time   // when all that was handed out would have left, were the uplink no faster than what may be lent of it
}

// Off tells whether the tracker has taken the viewer out of the swarm.
func (s *Scheduler) Off() bool { return s.control.off }

func (s *Scheduler) takeControl(c wire.Control) {
	s.control.most = c.Most
	s.boundWeight()
	s.changes++
	if c.Flags&wire.Off != 0 {
		s.control.off = true
		s.quit()
		return
	}
	s.updated = 0 // tell at once
	s.tendReady()
}

// quit leaves the cell at once and without a word to it: those who are told the same by the tracker have closed the links too,
// and to the others a link that is gone says enough. What was expected of peers the edge is asked for. The socket to the
// tracker stays.
func (s *Scheduler) quit() {
	s.joined, s.version, s.depth, s.rejoined = false, 0, 0, 0
	s.roster, s.bridges, s.entry = nil, nil, wire.Member{}
	s.self.Flags &^= ownFlags
	s.countFed()
	for _, c := range s.chunks {
		c.feeder, c.duty = 0, false
	}
	for _, l := range s.links {
		l.up, l.forwards = false, 0
	}
	for _, l := range slices.Backward(s.links) {
		s.cut(l, Gone)
	}
	s.changes++
}

// most returns what may be lent of the uplink, the smaller of what the viewer and what the operator allows; 0: no bound.
func (s *Scheduler) most() int {
	own, theirs := int(s.config.Cap), int(s.control.most)
	if own == 0 || theirs > 0 && theirs < own {
		return theirs
	}
	return own
}

// boundWeight keeps what the cell is told of the uplink to what may be lent of it.
func (s *Scheduler) boundWeight() {
	if most := s.most(); most > 0 {
		s.self.Weight = uint16(min(int(s.self.Weight), most))
	}
}

// pace is how fast pieces may leave: as fast as the uplink is taken to be, and no faster than may be lent of it.
func (s *Scheduler) pace() int {
	if most := s.most(); most > 0 {
		return min(s.speed, most)
	}
	return s.speed
}

// handOut notes that bytes go on their way.
func (s *Scheduler) handOut(bytes int) {
	s.uplink.handOut(s.now, bytes, s.pace())
	if most := s.most(); most > 0 {
		s.control.free = max(s.control.free, s.now) + airtime(bytes, most)
	}
}

// wayOut returns when the next piece may leave. That frames left sooner than was thought, as peers may tell, makes the uplink
// free sooner, and lends no more of it.
func (s *Scheduler) wayOut() Time { return max(s.uplink.free, s.control.free) }
