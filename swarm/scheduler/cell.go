package scheduler

import (
	"cmp"
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// member is another viewer of the cell, and how connecting to it goes.
type member struct {
	wire.Member
	since    Time // when it came into the roster
	attempts int
	retry    Time

	forwarder Peer   // who passes on to us what it sends; 0 nobody. See forward.go
	refusers  uint64 // slots of those who cannot
	askAgain  Time
}

// TrackerUp tells that the socket to the tracker is open.
func (s *Scheduler) TrackerUp(now Time) {
	s.begin(now)
	s.self.Flags &^= wire.Ready
	s.changes++
	join := s.config.beginning()
	join.Flags, join.Weight = s.self.Flags, s.self.Weight
	s.sendTracker(join)
	s.announced = wire.Update{Flags: join.Flags, Weight: join.Weight}
}

// TrackerDown tells that the socket to the tracker closed. Links and the roster stay: the cell carries on.
func (s *Scheduler) TrackerDown(now Time) { s.begin(now) }

// Leave takes leave of the tracker.
func (s *Scheduler) Leave(now Time) {
	s.begin(now)
	s.sendTracker(wire.Leave{})
}

// Self tells that the viewer's own flags (but for Ready) or uplink changed.
func (s *Scheduler) Self(now Time, flags uint8, weight uint16) {
	s.begin(now)
	s.self.Flags = flags&^wire.Ready | s.self.Flags&wire.Ready
	s.self.Weight = weight
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
	s.joined, s.version = true, r.Version
	old := s.roster
	s.roster = nil
	for _, m := range r.Members {
		if m.ID == s.self.ID {
			s.announced = wire.Update{Flags: m.Flags, Weight: m.Weight} // what the cell believes of us; tendReady mends it
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
	for _, l := range s.links {
		if m := s.memberOf(l.id); m != nil {
			l.learn(m.Member)
		} else if l.orphan == 0 {
			l.orphan = s.now
		}
	}
	s.connect()
	s.tendReady()
	for _, c := range s.active {
		c.wakeAt(s.now + Millisecond)
	}
}

func (s *Scheduler) memberOf(id wire.ViewerID) *member {
	i, there := slices.BinarySearchFunc(s.roster, id, func(o member, id wire.ViewerID) int { return cmp.Compare(o.ID, id) })
	if !there {
		return nil
	}
	return &s.roster[i]
}

// connect opens a link to every member that waits for our offer: of two members the one with the lower ID offers, so
// that offers never cross.
func (s *Scheduler) connect() {
	for i := range s.roster {
		m := &s.roster[i]
		if s.self.ID < m.ID && s.now >= m.retry && len(s.links) < maxLinks &&
			s.linkTo(m.ID) == nil && !slices.Contains(s.banned, m.ID) {
			s.open(m, true)
		}
	}
}

// signalled takes connection set-up from a member. An offer makes a new link, in place of the old one if there was one:
// the peer has begun anew.
func (s *Scheduler) signalled(g wire.Signal) {
	m := s.memberOf(g.Peer)
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
	if flags != s.self.Flags {
		s.self.Flags = flags
		s.changes++
	}
	u := wire.Update{Flags: s.self.Flags, Weight: s.self.Weight}
	if u != s.announced && (s.updated == 0 || s.now-s.updated >= 500*Millisecond) {
		s.announced, s.updated = u, s.now
		s.sendTracker(u)
	}
}

func (s *Scheduler) sendTracker(m message) {
	s.queue.add(Action{Kind: SendTracker, Bytes: s.queue.encode(m, nil)})
}
