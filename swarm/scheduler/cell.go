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
	carrier   Peer // who passes on to it what we send; 0 nobody
}

// TrackerUp tells that the socket to the tracker is open.
func (s *Scheduler) TrackerUp(now Time) {
	s.begin(now)
	s.self.Flags &^= wire.Ready
	s.changes++
	join := s.config.beginning()
	join.Flags, join.Rendition, join.Weight, join.RoundTrip = s.self.Flags, s.self.Rendition, s.self.Weight, s.edge.roundTrip()
	s.sendTracker(join)
	s.announced = wire.Update{Flags: join.Flags, Rendition: join.Rendition, Weight: join.Weight, RoundTrip: join.RoundTrip}
}

// TrackerDown tells that the socket to the tracker closed. Links and the roster stay: the cell carries on.
func (s *Scheduler) TrackerDown(now Time) { s.begin(now) }

// Leave takes leave of the tracker.
func (s *Scheduler) Leave(now Time) {
	s.begin(now)
	s.sendTracker(wire.Leave{})
}

// ownFlags are those that a viewer's scheduler sets itself.
const ownFlags = wire.Ready | wire.Fed | wire.Shed | wire.Feeds

// Self tells that the viewer's own flags (of which the scheduler sets Ready, Fed, Shed and Feeds), the rendition that it watches or the
// most that may be lent of its uplink (0: all) changed.
func (s *Scheduler) Self(now Time, flags, rendition uint8, most uint16) {
	s.begin(now)
	s.self.Flags = flags&^ownFlags | s.self.Flags&ownFlags
	s.self.Rendition = rendition
	s.config.Cap = most
	if most > 0 {
		s.self.Weight = min(s.self.Weight, most)
	}
	s.changes++
	s.updated = 0 // tell at once
	s.tendReady()
}

// Beacon passes on what the host counted since the last beacon.
func (s *Scheduler) Beacon(now Time, b wire.Beacon) {
	s.begin(now)
	s.sendTracker(b)
}

// BeaconSeconds returns how often the tracker wants beacons; 0 before it said.
func (s *Scheduler) BeaconSeconds() int { return s.beaconSeconds }

// OutSignal passes what our connection to p has to say on to the peer, by the tracker.
func (s *Scheduler) OutSignal(now Time, p Peer, b []byte) {
	s.begin(now)
	if l := s.link(p); l != nil && len(b) <= wire.MaxSignal {
		s.sendTracker(wire.Signal{Type: wire.TypeSignal, Peer: l.id, Payload: b})
	}
}

// TrackerMessage takes a message of the tracker. One that makes no sense is ignored: the tracker is not needed to play.
func (s *Scheduler) TrackerMessage(now Time, b []byte) {
	s.begin(now)
	if len(b) == 0 {
		return
	}
	switch wire.MessageType(b[0]) {
	case wire.TypeWelcome:
		if w, err := wire.ParseWelcome(b); err == nil {
			s.welcomed(w)
		}
	case wire.TypeRoster:
		if r, err := wire.ParseRoster(b); err == nil {
			s.takeRoster(r)
		}
	case wire.TypeDelta:
		if d, err := wire.ParseDelta(b); err == nil {
			s.takeDelta(d)
		}
	case wire.TypeBridges:
		if o, err := wire.ParseBridges(b); err == nil {
			s.takeBridges(o)
		}
	case wire.TypeSignalled:
		if g, err := wire.ParseSignal(b, wire.TypeSignalled); err == nil {
			s.signalled(g)
		}
	case wire.TypeRefused:
		if r, err := wire.ParseRefused(b); err == nil {
			s.queue.add(Action{Kind: Refused, Count: int(r.RetryAfter), Bytes: s.queue.copy([]byte(r.Text))})
		}
	}
}

func (s *Scheduler) welcomed(w wire.Welcome) {
	s.self.ID = w.Viewer
	if len(s.links) > 0 {
		s.rejoined = s.now
	}
	s.bridges = nil // those that stay are told anew
	s.beaconSeconds = int(w.BeaconSeconds)
	var text []byte
	for _, i := range w.ICEServers {
		text = append(text, i.URL...)
		text = append(text, 0)
		text = append(text, i.Username...)
		text = append(text, 0)
		text = append(text, i.Credential...)
		text = append(text, '\n')
	}
	s.queue.add(Action{Kind: ICEServers, Bytes: s.queue.copy(text)})
}

func (s *Scheduler) takeRoster(r wire.Roster) {
	s.joined, s.version, s.depth = true, r.Version, int(r.Depth)
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

// rosterChanged brings links in line with the roster.
func (s *Scheduler) rosterChanged() {
	s.changes++
	s.countFed()
	for _, l := range s.links {
		if m := s.memberOf(l.id); m != nil {
			l.role = ofCell
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

// tendReady tells the tracker, at most twice a second, when flags or weight changed. Oneself is Ready, so may own
// chunks, with links to half of those who are; the first ones need a link to anybody.
func (s *Scheduler) tendReady() {
	if !s.joined {
		return
	}
	var ready, linked, up int
	for i := range s.roster {
		l := s.linkTo(s.roster[i].ID)
		open := l != nil && l.up
		if open {
			up++
		}
		if s.roster[i].Flags&wire.Ready != 0 {
			ready++
			if open {
				linked++
			}
		}
	}
	flags := s.self.Flags &^ wire.Ready
	if up > 0 && 2*linked >= ready {
		flags |= wire.Ready
	}
	flags &^= wire.Fed | wire.Feeds
	for _, l := range s.links {
		if s.feeds(l) {
			flags |= wire.Fed
		}
		if l.up && l.role == follower {
			flags |= wire.Feeds
		}
	}
	if flags != s.self.Flags {
		s.self.Flags, s.readyAt = flags, s.now
		s.changes++
	}
	u := wire.Update{Flags: s.self.Flags, Rendition: s.self.Rendition, Weight: s.self.Weight, RoundTrip: s.edge.roundTrip()}
	if s.near(u) {
		return
	}
	if s.updated == 0 || s.now-s.updated >= 500*Millisecond {
		s.announced, s.updated = u, s.now
		s.sendTracker(u)
	}
}

func (s *Scheduler) sendTracker(m message) {
	s.queue.add(Action{Kind: SendTracker, Bytes: s.queue.message(m)})
}

// near tells whether the tracker knows well enough what we are: a round trip that is nearly the same is no news.
func (s *Scheduler) near(u wire.Update) bool {
	was := s.announced
	if d := int(u.RoundTrip) - int(was.RoundTrip); d*d < 400 || 4*d*d < int(was.RoundTrip)*int(was.RoundTrip) {
		u.RoundTrip = was.RoundTrip
	}
	return u == was
}
