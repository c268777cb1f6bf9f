package viewer

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/shoal-live/shoal/swarm/scheduler"
)

const (
	restFirst    = 8 * scheduler.Second // and up to half as long again, so that not all of a machine come back at once
	restLongest  = 960 * scheduler.Second
	restSoon     = 600 * scheduler.Second // who has to rest again sooner rests twice as long
	restPatience = 60 * scheduler.Second  // it is not waited longer for timers that are on time, unless they are late indeed
	restLow      = 600 * scheduler.Millisecond
	restLooks    = 8 // at the buffer that are looked back on, publishEvery after one another
)

// rest is when a viewer leaves the swarm for a while because the machine has no time for it, as a player in a browser does: timers are late, and
// the buffer, of a second and more, runs low. Either by itself has other reasons.
type rest struct {
	times    int
	under    bool
	until    scheduler.Time
	length   scheduler.Time // of the last one
	buffered [restLooks]scheduler.Time
	looks    int
	wave     int // of the machine's, in which they were
}

// look notes what is in the buffer, and returns whether to leave the swarm now.
func (r *rest) look(now, buffered scheduler.Time, m *machine) bool {
	if wave := m.wave(); wave != r.wave {
		r.wave, r.looks = wave, 0
	}
	r.buffered[r.looks%restLooks] = buffered
	r.looks++
	if r.under || r.looks < restLooks || !r.low(m) || !m.spares() {
		return false
	}
	r.times++
	if r.length == 0 || now-r.until > restSoon {
		r.length = cmp.Or(m.rest, restFirst)
	} else {
		r.length = min(restLongest, 2*r.length)
	}
	r.under, r.until = true, now+r.length+scheduler.Time(rand.Float64()*float64(r.length)/2)
	return true
}

func (r *rest) low(m *machine) bool {
	return slices.Min(r.buffered[:]) < cmp.Or(m.low, restLow)
}

// over returns whether to join again.
func (r *rest) over(now scheduler.Time, m *machine) bool {
	if !r.under || now < r.until || m.busy() || !m.calm() && now < r.until+restPatience {
		return false
	}
	r.under, r.looks = false, 0
	return true
}

// tendRest leaves the swarm for a while, or joins it again.
func (s *session) tendRest(now scheduler.Time) {
	if s.tracker == nil || s.banished {
		return
	}
	stats := s.core.Stats()
	switch {
	case s.rest.over(now, s.machine):
		s.join()
	case stats.Links > 0 && s.head.Stats(now).Started && s.rest.look(now, s.head.Buffered(), s.machine):
		s.v.cfg.said.warn(s.v.cfg.Log, "this machine is too busy for the swarm: viewers play without it for a while", "resting")
		s.core.Leave(now)
		s.owe(func(scheduler.Time) { // once the tracker was told: what it says from now on is not heard
			s.socket = nil
			s.part()
		})
	}
}
