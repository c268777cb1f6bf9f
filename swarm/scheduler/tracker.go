package scheduler

import "github.com/shoal-live/shoal/swarm/wire"

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

// Leave takes leave of the tracker and of the cell. Who joins again later may.
func (s *Scheduler) Leave(now Time) {
	s.begin(now)
	s.sendTracker(wire.Leave{})
	s.quit()
}

// ownFlags are those that a viewer's scheduler sets itself.
const ownFlags = wire.Ready | wire.Fed | wire.Feeds

// Self tells that the viewer's own flags (of which the scheduler sets Ready, Fed and Feeds), the rendition that it watches or the
// most that may be lent of its uplink (0: all) changed.
func (s *Scheduler) Self(now Time, flags, rendition uint8, most uint16) {
	s.begin(now)
	s.self.Flags = flags&^ownFlags | s.self.Flags&ownFlags
	if rendition != s.self.Rendition {
		s.self.Rendition = rendition
		s.newest = wire.ChunkID{} // one that is made later is behind the one before: its playlist begins it anew
		for _, c := range s.active {
			if c.record.ID.Rendition != rendition { // the rest of it is got only if it is needed
				c.live, c.spared = false, false
			}
		}
	}
	s.config.Cap = most
	s.boundWeight()
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
	case wire.TypeServers:
		if m, err := wire.ParseServers(b); err == nil {
			s.useServers(m.Flags, m.ICEServers)
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
	case wire.TypeControl:
		if c, err := wire.ParseControl(b); err == nil {
			s.takeControl(c)
		}
	case wire.TypeRefused:
		if r, err := wire.ParseRefused(b); err == nil {
			s.queue.add(Action{Kind: Refused, First: int(r.Reason), Count: int(r.RetryAfter), Bytes: s.queue.copy([]byte(r.Text))})
		}
	}
}

func (s *Scheduler) welcomed(w wire.Welcome) {
	s.self.ID = w.Viewer
	if len(s.links) > 0 {
		s.rejoined = s.now
	}
	s.bridges = nil    // those that stay are told anew
	s.control.most = 0 // and so is a bound
	s.beaconSeconds = int(w.BeaconSeconds)
	s.useServers(w.Flags, w.ICEServers)
}

// useServers: connections that are opened from now on use these.
func (s *Scheduler) useServers(flags uint8, servers []wire.ICEServer) {
	var text []byte
	for _, i := range servers {
		text = append(text, i.URL...)
		text = append(text, 0)
		text = append(text, i.Username...)
		text = append(text, 0)
		text = append(text, i.Credential...)
		text = append(text, '\n')
	}
	s.queue.add(Action{Kind: ICEServers, Count: int(flags), Bytes: s.queue.copy(text)})
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
		s.self.Flags = flags
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
