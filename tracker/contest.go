package tracker

import (
	"slices"
	"time"

	"github.com/shoal-live/shoal/tracker/trunk"
)

// When a viewer finds no seat of its token, because one at another tracker has it, the keeper has who sits there roused: it is asked for
// a sign of life, as seats asks at one tracker, and by its own tracker loses the seat with its socket if it gives none for yieldAfter.
// Who came is sent away meanwhile, and told to come back when that is decided. So whoever is there keeps its seat, and a dead socket
// keeps nobody out for long. Only a Join can have somebody roused, whose token was looked at before its socket was there. Words that
// are lost leave all as it was: a socket that is dead is missed in the end.

// soonAgain is when one may try again whose rival was roused: that has yieldAfter, and the words are on their way for a while.
const soonAgain = yieldAfter + time.Second

// contest sends away a viewer that finds no seat, and has those roused who sit.
func (s *stream) contest(h home, seat trunk.Seat, now time.Time) {
	ask, soon := s.keeper.holders.contest(seat.Token, s.t.millis(now))
	for _, id := range ask {
		if at := s.keeper.homes[id]; at.at != nil {
			s.tellGuest(at.at, trunk.Word{Kind: trunk.Rouse, Body: trunk.AppendEnded(nil, trunk.Ended{ID: id, Joined: at.told})})
		} else if v := s.viewers[id]; v != nil {
			s.rouse(v, now)
		}
	}
	if soon {
		s.end(h, seat.Member.ID, trunk.Soon, now)
	}
	s.end(h, seat.Member.ID, trunk.Taken, now) // for a guest that does not know the other word
}

// rouse asks a viewer here for a sign of life; see settle.
func (s *stream) rouse(v *viewer, now time.Time) {
	v.ask(now)
	if !v.roused {
		v.roused = true
		s.roused = append(s.roused, v) // once each, so they are no more than there are viewers
	}
}

// settle takes their seats from those who were roused and say nothing.
func (s *stream) settle(now time.Time) {
	s.roused = slices.DeleteFunc(s.roused, func(v *viewer) bool {
		silent, asked := v.silent(now)
		if asked && s.has(v) && silent < yieldAfter {
			return false
		}
		v.roused = false
		if asked && s.has(v) {
			s.unseat(v, now)
		}
		return true
	})
}

// unseat ends the socket of a viewer here that has lost its seat.
func (s *stream) unseat(v *viewer, now time.Time) {
	s.forgo(v.id, now)
	s.turnAway(v, seatAgain, now)
	s.flush(now)
}
