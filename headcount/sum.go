package headcount

import (
	"sync"
	"time"
)

// Holds is how long what an edge says is taken to be so: one that has viewers says it again within a segment.
const Holds = 15 * time.Second

// sweepPause is how long a Sum that is full stays so, at least: to look through all of it takes time.
const sweepPause = time.Second

// mostSaid bounds what a Sum keeps. What is said beyond that, and is not said already, is not counted.
const mostSaid = 1 << 14

// Sum is what several say of the same. The zero value is ready.
type Sum struct {
	mu    sync.Mutex // guards what follows
	said  map[string]map[string]one
	size  int
	swept time.Time // when what was said too long ago was forgotten last, of all
}

// one is what one says.
type one struct {
	viewers int
	at      time.Time
}

// Note notes what one says of something. It takes the place of what that said before.
func (s *Sum) Note(of, by string, viewers int, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.said[of][by]; !known {
		if s.size >= mostSaid && now.Sub(s.swept) >= sweepPause {
			s.swept = now
			for of := range s.said {
				s.forget(of, now)
			}
		}
		if s.size >= mostSaid {
			return
		}
		if s.said == nil {
			s.said = map[string]map[string]one{}
		}
		if s.said[of] == nil {
			s.said[of] = map[string]one{}
		}
		s.size++
	}
	s.said[of][by] = one{viewers, now}
}

// Of returns the sum of what is said of something, which is no larger than what one may say.
func (s *Sum) Of(of string, now time.Time) (viewers int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(of, now)
	for _, one := range s.said[of] {
		viewers += one.viewers
	}
	return min(viewers, most)
}

// forget forgets what of something was said too long ago. The caller holds mu.
func (s *Sum) forget(of string, now time.Time) {
	for by, one := range s.said[of] {
		if now.Sub(one.at) >= Holds {
			delete(s.said[of], by)
			s.size--
		}
	}
	if len(s.said[of]) == 0 {
		delete(s.said, of)
	}
}
