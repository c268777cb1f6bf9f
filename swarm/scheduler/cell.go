package scheduler

import (
	"cmp"
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// member is another viewer of the cell, and how connecting to it goes.
type member struct {
	wire.Member
	since      Time // when it came into the roster
	attempts   int
	retry      Time
	role       role // of a bridge
	distrusted Time // until when it is not counted on; see trust.go

	forwarder Peer   // who passes on to us what it sends; 0 nobody. See forward.go
	refusers  uint64 // slots of those who cannot
	askAgain  Time
	carriers  uint64 // slots of those who pass on to it what we send, as they say
}

func (s *Scheduler) takeRoster(r wire.Roster) {
	s.joined, s.version, s.depth = true, r.Version, int(r.Depth)
	s.control.off = false
	old := s.roster
	s.roster = nil
	for _, m := range r.Members {
		if m.ID == s.self.ID {
			s.entry = m
			s.announced.Flags, s.announced.Rendition, s.announced.Weight = m.Flags, m.Rendition, m.Weight // as the cell believes; tendReady mends it
			continue
		}
		n := member{Member: m, since: s.now}
		if i := slices.IndexFunc(old, func(o member) bool { return o.ID == m.ID }); i >= 0 {
			n = old[i]
			n.Member = m
		}
		s.roster = append(s.roster, n)
	}
	slices.SortFunc(s.roster, func(a, b member) int { return cmp.Compare(a.ID, b.ID) })
	s.rosterChanged()
}

func (s *Scheduler) takeDelta(d wire.Delta) {
	if !s.joined || d.Version <= s.version {
		return
	}
	s.version = d.Version
	for _, m := range d.Set {
		if m.ID == s.self.ID {
			s.entry = m
			continue
		}
		i, there := slices.BinarySearchFunc(s.roster, m.ID, func(o member, id wire.ViewerID) int { return cmp.Compare(o.ID, id) })
		switch {
		case there:
			s.roster[i].Member = m
		case len(s.roster) < wire.MaxMembers:
			s.roster = slices.Insert(s.roster, i, member{Member: m, since: s.now})
		}
	}
	s.roster = slices.DeleteFunc(s.roster, func(o member) bool { return slices.Contains(d.Left, o.ID) })
	s.rosterChanged()
}

// mayUpload tells whether we may send to peers: as we say ourselves, unless the tracker has our cell believe otherwise, which it
// does when our token says so.
func (s *Scheduler) mayUpload() bool {
	return s.self.Flags&wire.MayUpload != 0 && (s.entry.ID != s.self.ID || s.entry.Flags&wire.MayUpload != 0)
}

// rosterChanged brings links in line with the roster.
func (s *Scheduler) rosterChanged() {
	s.changes++
	s.countFed()
	for _, l := range s.links {
		if m := s.memberOf(l.id); m != nil {
			if l.role != ofCell { // it knows nothing of our reach, and we nothing of its
				l.role, l.reach, s.reachTold = ofCell, 0, 0
			}
			l.learn(m.Member)
		} else if m := s.bridgeTo(l.id); m != nil {
			l.role = m.role
			l.learn(m.Member)
		} else if l.orphan == 0 {
			l.orphan = s.now
			if l.role == ofCell && (s.rejoined == 0 || s.now-s.rejoined > orphanPatience) { // else it may not have joined again yet
				s.part(l)
			}
		}
	}
	s.countCompany()
	s.countCarriers()
	s.connect()
	s.tendReady()
	for _, c := range s.active {
		c.wakeAt(s.now + Millisecond)
	}
}

// part goes on without a peer that is in another cell now.
func (s *Scheduler) part(l *link) {
	l.role = former
	s.forgetForwards(l)
	s.forgetSlot(l)
}

func (s *Scheduler) memberOf(id wire.ViewerID) *member {
	i, there := slices.BinarySearchFunc(s.roster, id, func(o member, id wire.ViewerID) int { return cmp.Compare(o.ID, id) })
	if !there {
		return nil
	}
	return &s.roster[i]
}

// mostOpening is how many links are opened at a time, as each takes its machines a while; one that takes longer than
// slowOpening is not waited for.
const (
	mostOpening = 3
	slowOpening = Second
)

// connect opens links to members that wait for our offer: of two members the one with the lower ID offers, so that offers
// never cross.
func (s *Scheduler) connect() {
	opening := 0
	for _, l := range s.links {
		if l.offered && !l.up && s.now-l.since < slowOpening {
			opening++
		}
	}
	for i := range len(s.bridges) + len(s.roster) {
		if opening >= mostOpening {
			return
		}
		m := s.other(i)
		if s.self.ID < m.ID && s.now >= m.retry && len(s.links) < maxLinks &&
			s.linkTo(m.ID) == nil && !slices.Contains(s.banned, m.ID) {
			s.open(m, true)
			opening++
		}
	}
}

// other returns one of all to whom there should be a link.
func (s *Scheduler) other(i int) *member {
	if i < len(s.bridges) {
		return &s.bridges[i]
	}
	return &s.roster[i-len(s.bridges)]
}

// signalled takes connection set-up from a member. An offer makes a new link, in place of the old one if there was one:
// the peer has begun anew.
func (s *Scheduler) signalled(g wire.Signal) {
	m := s.memberOf(g.Peer)
	if m == nil {
		m = s.bridgeTo(g.Peer)
	}
	if m == nil || slices.Contains(s.banned, g.Peer) {
		return
	}
	l := s.linkTo(g.Peer)
	if wire.SignalKind(g.Payload[0]) == wire.Offer {
		if g.Peer > s.self.ID {
			return // not its part to offer
		}
		if l != nil {
			s.cut(l, Gone)
		}
		l = s.open(m, false)
	}
	if l != nil {
		s.queue.add(Action{Kind: Signal, Peer: l.peer, Bytes: s.queue.copy(g.Payload)})
	}
}

// Watching returns how many members that are linked watch a rendition.
func (s *Scheduler) Watching(rendition uint8) (n int) {
	for _, l := range s.links {
		if l.up && l.role == ofCell && l.rendition == rendition {
			n++
		}
	}
	return n
}
