package scheduler

import (
	"encoding/binary"
	"math/bits"

	"github.com/shoal-live/shoal/swarm/wire"
)

// forwardAfter is how long a link to a member may take to open before somebody is asked to stand in for it.
const forwardAfter = 1500 * Millisecond

// maxForwards is for how many others a peer may have us as its forwarder.
const maxForwards = 8

// How much of the uplink, of a hundred, may go into what is passed on as a forwarder: where all uplinks are too weak, nobody else has
// more to spare.
const (
	mostForwarding     = 33
	mostForwardingOver = 60
)

func (s *Scheduler) mostForwarding() int {
	if s.overloaded() {
		return mostForwardingOver
	}
	return mostForwarding
}

// Two members that cannot reach each other have a standing forwarder: a third, with links to both, that passes on to
// the one what it gets from the other, unasked. So a pair without a link costs the cell a hop and not a pull per chunk.

// forwardWord passes on what a peer says of its fetch, but not what was passed on already.
func (s *Scheduler) forwardWord(from *link, f wire.Frame) {
	if from.forwards == 0 || f.Flags&wire.FlagPassedOn != 0 {
		return
	}
	f.Flags |= wire.FlagPassedOn
	for _, l := range s.links {
		if l.up && from.forwards&l.slot != 0 {
			s.queue.add(Action{Kind: Send, Peer: l.peer, Bytes: s.queue.encode(f, nil)})
		}
	}
}

// tendForwards finds a forwarder for every member that passes pieces on and to which there is no link, and dismisses
// those that are needed no more.
func (s *Scheduler) tendForwards() {
	if len(s.links) == 0 {
		return
	}
	for i := range s.roster {
		m := &s.roster[i]
		l := s.linkTo(m.ID)
		if l != nil && l.up || m.Flags&wire.Ready == 0 {
			s.dismiss(m)
			continue
		}
		if m.forwarder != 0 && s.link(m.forwarder) != nil || s.now-m.since < forwardAfter || s.now < m.askAgain {
			continue
		}
		s.appoint(m)
	}
}

// appoint asks the next peer, in an order that is m's and our own, to be the forwarder for m.
func (s *Scheduler) appoint(m *member) {
	var best *link
	var bestScore uint64
	for _, l := range s.links {
		if !l.up || l.role != ofCell || !l.relays || m.refusers&l.slot != 0 {
			continue
		}
		// By weight, not by a power of it as in elections: what is passed on comes on top of a relay's own share.
		w := uint64(max(l.weight, 1))
		if draw := negLog2(wire.Mix(uint64(m.ID)^wire.Mix(uint64(s.self.ID))^wire.Mix(uint64(l.id)))) << 32 / w; best == nil || draw < bestScore {
			best, bestScore = l, draw
		}
	}
	if best == nil { // nobody can: begin again later, links may have come
		m.forwarder, m.refusers, m.askAgain = 0, 0, s.now+5*Second
		return
	}
	m.forwarder = best.peer
	s.sendForward(best, wire.ForwardStart, m.ID)
}

func (s *Scheduler) dismiss(m *member) {
	if l := s.link(m.forwarder); l != nil {
		s.sendForward(l, wire.ForwardStop, m.ID)
	}
	m.forwarder, m.refusers = 0, 0
}

func (s *Scheduler) sendForward(l *link, what uint16, id wire.ViewerID) {
	f := s.frameOf(wire.Forward, wire.ChunkID{})
	f.Index = what
	s.queue.add(Action{Kind: Send, Peer: l.peer,
		Bytes: s.queue.encode(f, binary.BigEndian.AppendUint64(nil, uint64(id)))})
}

// askedToForward takes a peer's request, or its refusal of ours.
func (s *Scheduler) askedToForward(l *link, f wire.Frame, payload []byte) {
	if len(payload) < 8 {
		s.cut(l, BadFrame)
		return
	}
	id := wire.ViewerID(binary.BigEndian.Uint64(payload))
	switch from := s.linkTo(id); f.Index {
	case wire.ForwardStart:
		if from == nil || !from.up || !s.mayUpload() || s.forwardsTo(l) >= maxForwards || s.mostForwarding()*s.speed < 100*s.forwardsWith(from) {
			s.sendForward(l, wire.ForwardCannot, id)
		} else {
			from.forwards |= l.slot
			s.sendForward(from, wire.ForwardCarry, l.id)
		}
	case wire.ForwardStop:
		if from != nil && from.forwards&l.slot != 0 {
			from.forwards &^= l.slot
			s.sendForward(from, wire.ForwardDrop, l.id)
		}
	case wire.ForwardCarry, wire.ForwardDrop:
		if m := s.memberOf(id); m != nil && l.role == ofCell {
			m.carriers &^= l.slot
			if f.Index == wire.ForwardCarry {
				m.carriers |= l.slot
			}
			s.countCarriers()
		}
	case wire.ForwardReach:
		l.reach = int(min(id, wire.MaxMembers))
	case wire.ForwardCannot:
		if m := s.memberOf(id); m != nil && m.forwarder == l.peer {
			m.refusers |= l.slot
			s.appoint(m)
		}
	}
}

// forwardsTo counts the peers whose pieces are passed on to l.
func (s *Scheduler) forwardsTo(l *link) (n int) {
	for _, from := range s.links {
		if from.forwards&l.slot != 0 {
			n++
		}
	}
	return n
}

// forwardsWith returns what is to be passed on as a forwarder, with one more of what from sends, in units of 10 kbit/s: each
// is taken to send the part of the stream that its uplink is of the cell's.
func (s *Scheduler) forwardsWith(from *link) int {
	sends, all := int(from.weight), int(s.entry.Weight)
	for _, l := range s.links {
		sends += int(l.weight) * bits.OnesCount64(l.forwards)
	}
	for i := range s.roster {
		all += int(s.roster[i].Weight)
	}
	return s.load.rate * sends / max(1, all)
}

// countCarriers notes which peers pass on what we send: who said so of a member to which there is no link. A member with a link
// of its own is about to dismiss them.
func (s *Scheduler) countCarriers() {
	var slots uint64
	for i := range s.roster {
		m := &s.roster[i]
		if m.carriers == 0 {
			continue
		}
		if own := s.linkTo(m.ID); own == nil || !own.up {
			slots |= m.carriers
		}
	}
	for _, l := range s.links {
		l.carries = l.up && l.role == ofCell && slots&l.slot != 0
	}
	s.arranged = 0
}

// forgetForwards is called when l is gone: what it was asked to pass on, and what was asked of it.
func (s *Scheduler) forgetForwards(l *link) {
	for _, o := range s.links {
		if o.forwards&l.slot != 0 {
			o.forwards &^= l.slot
			s.sendForward(o, wire.ForwardDrop, l.id)
		}
		if l.forwards&o.slot != 0 {
			s.sendForward(o, wire.ForwardCannot, l.id)
		}
	}
	for i := range s.roster {
		m := &s.roster[i]
		m.refusers &^= l.slot
		m.carriers &^= l.slot
		if m.forwarder == l.peer {
			m.forwarder = 0
		}
	}
	s.countCarriers()
}
