package tracker

import (
	"time"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/trunk"
)

// Who keeps a stream's cells is who holds its lease. A tracker that knows of nobody keeps them itself, with the lease or
// without: so a viewer is never without an answer. It goes on so until who does hold the lease has answered its census.

// wantsLead tells whether this tracker would take the lease if it is free: not while another keeps the cells.
func (s *stream) wantsLead() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.over && s.keeper != nil && len(s.viewers)+len(s.keeper.guests) > 0
}

// led says who holds the lease, "" for nobody.
func (s *stream) led(holder string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	switch {
	case holder == s.t.exchange.name:
		if s.keeper == nil || s.tie != nil && s.tie.firm { // another has told our viewers something already
			s.orphaned(now)
		}
		s.tie = nil
		s.flush(now)
	case holder == "" || len(s.viewers) == 0:
	case s.tie == nil || s.tie.name != holder || !s.tie.firm && now.Sub(s.tie.begun) > courtAgain:
		s.court(holder, now)
	}
}

// unled notes that the store did not say who holds the lease.
func (s *stream) unled(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = now
}

// calm tells whether the store has worked for long enough that silence says something.
func (s *stream) calm(now time.Time) bool {
	return min(s.t.exchange.away.since(now), now.Sub(s.failed)) > restlessFor
}

// failing tells whether the store does not work just now.
func (s *stream) failing(now time.Time) bool {
	return min(s.t.exchange.away.since(now), now.Sub(s.failed)) < failingFor
}

// hear serves a word of another tracker.
func (s *stream) hear(from string, w trunk.Word, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	if w.Kind.FromKeeper() {
		s.hearKeeper(from, w, now)
	} else {
		s.hearGuest(from, w, now)
	}
}

// patience is for how long a keeper and its guest may not hear each other.
func (s *stream) patience(now time.Time) time.Duration {
	if s.failing(now) {
		return cutOffAfter
	}
	return silentAfter
}

// beat says that this tracker is here, and looks for those that are not.
func (s *stream) beat(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tie != nil {
		s.say(trunk.GuestBeat, trunk.AppendTime(nil, s.t.millis(now)))
		// Who has not answered yet is waited for while the cells are kept here, and no longer than others where they are not.
		if (s.tie.firm || s.keeper == nil) && now.Sub(s.tie.heard) > s.patience(now) {
			s.orphaned(now)
			s.t.exchange.hurry()
		}
	}
	if s.keeper != nil {
		s.keeper.tend(s, now, s.calm(now))
	}
}

// adieu ends what the stream has to do with other trackers.
func (s *stream) adieu() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	s.bequeath()
	s.yield()
}

// bequeath tells the guests of the cells that they do not know, so that viewers who come to them from here are where they were.
func (s *stream) bequeath() {
	if s.keeper == nil {
		return
	}
	for _, g := range s.keeper.guests {
		if rosters := s.keeper.unknown(g); len(rosters) > 0 {
			s.tellGuest(g, trunk.Word{Kind: trunk.Bequest, Body: trunk.AppendRosters(nil, rosters)})
		}
	}
}

// yield tells the guests that the cells are kept here no longer.
func (s *stream) yield() {
	if s.keeper == nil {
		return
	}
	for _, g := range s.keeper.guests {
		s.tellGuest(g, trunk.Word{Kind: trunk.Adieu})
	}
	clear(s.keeper.guests)
}

// expel ends the socket of a viewer that has joined elsewhere.
func (s *stream) expel(v *viewer, now time.Time) {
	s.dismiss(v, now)
	v.bye(closedTwice())
}

// oust ends the socket of a viewer that has lost the seat on which it sat.
func (s *stream) oust(id wire.ViewerID, v *viewer, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.viewers[id] != v || s.over { // it is about to come, or to go
		v.bye(websocket.ClosePolicyViolation, tokenTaken(seatAgain).Text)
		return
	}
	s.unseat(v, now)
}

// turnAway ends the socket of a viewer for whom its token has no seat, and tells it when it may try again.
func (s *stream) turnAway(v *viewer, wait time.Duration, now time.Time) {
	no := tokenTaken(wait)
	s.t.metrics.refused(int(no.Reason))
	v.push(refusal, no.Append(nil))
	s.dismiss(v, now)
	v.bye(websocket.ClosePolicyViolation, no.Text)
}

func (s *stream) dismiss(v *viewer, now time.Time) {
	delete(s.viewers, v.id)
	delete(s.outside.members, v.id)
	s.tally.play(now, v.playing, false)
	s.forget(v.id)
}
