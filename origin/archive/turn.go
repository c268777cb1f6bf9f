package archive

import (
	"cmp"
	"slices"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
)

// turn is where the files of a recording begin anew, those of all its renditions at the same number, and the moment that is time zero in
// them: so that a player that goes from one rendition's file to another's is not lost in time.
type turn struct {
	msn  uint64
	date time.Time
	zero moment
}

// after returns the newest turn at a number or before it, nil before the first. The caller holds shelf.mu.
func (r *recording) after(msn uint64) *turn {
	for i := len(r.turns) - 1; i >= 0; i-- {
		if r.turns[i].msn <= msn {
			return &r.turns[i]
		}
	}
	return nil
}

// turnsAt tells whether files of a recording begin anew at a segment: since they do in another rendition, or since they last long
// enough and a player can begin here.
func (s *shelf) turnsAt(r *recording, m *hls.Segment, independent bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := r.after(m.MSN)
	if t == nil {
		return true
	}
	return t.msn == m.MSN || s.config.due(t, m, independent)
}

// due tells whether files that began at a turn last long enough.
func (c *Config) due(t *turn, m *hls.Segment, independent bool) bool {
	long := m.Date.Sub(t.date)
	return long >= c.FileDuration && independent || long >= 2*c.FileDuration
}

// zero returns the moment that is time zero in a file of a rendition that begins with a segment, whose media begin at a moment.
func (s *shelf) zero(r *recording, rendition int, m *hls.Segment, independent bool, begins moment) moment {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := r.after(m.MSN)
	anew := t == nil || t.msn < m.MSN && (rendition == 0 || m.Break || s.config.due(t, m, independent))
	switch {
	case anew:
		n := turn{m.MSN, m.Date, begins}
		if rendition != 0 {
			n.zero = begins.early() // the source comes later, and may begin earlier
		}
		r.turns = append(r.turns, n)
		slices.SortFunc(r.turns, func(a, b turn) int { return cmp.Compare(a.msn, b.msn) })
		return n.zero
	case begins.before(t.zero):
		if rendition == 0 {
			t.zero = begins
		}
		return begins
	}
	return t.zero
}
