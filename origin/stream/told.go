package stream

import (
	"time"

	"github.com/shoal-live/shoal/origin/hls"
)

// told is what the state tells of a segment of the source. Media die with the process, unless they are recorded; the next process lists
// the newest two as gaps, each as long as it was listed. So it finds players in its list whichever moment it ended at: those that have
// seen all, and those that had not yet asked again. Where a gap were longer than what of the segment was seen, hls.js 1.7.4 would stand
// before it until it is listed no more: see docs/decisions/0027.
type told struct {
	Date   time.Time `json:"date,omitzero"`
	Micros uint32    `json:"micros,omitempty"` // how long it is; 0: not known
	Split  bool      `json:"split,omitempty"`  // a discontinuity stands before it
	After  uint32    `json:"after,omitempty"`  // how many stand before it, its own included
}

// begin moves on to another segment.
func (st *state) begin(c *cut) {
	st.NextMSN, st.Ended = c.msn+1, false
	st.Before, st.told = st.told, told{Date: c.date, Split: c.split, After: uint32(c.discontinuity)}
}

// last says how long the newest segment is by now: as it is listed, which is to ten microseconds.
func (t *told) last(long time.Duration) {
	t.Micros = uint32(long.Round(10*time.Microsecond) / time.Microsecond)
}

// lost returns the newest segments of the process before, without their init segments: each rendition has its own.
func (st *state) lost(c *Config) (lost []*hls.Segment) {
	for i, t := range []told{st.Before, st.told} {
		back := uint64(2 - i)
		if t.Date.IsZero() || back > st.NextMSN {
			continue
		}
		g := &hls.Segment{
			MSN: st.NextMSN - back, Break: t.Split, Discontinuity: uint64(t.After), Date: t.Date,
			Duration: time.Duration(t.Micros) * time.Microsecond, Gap: true,
		}
		if t.Micros == 0 { // an older program wrote it
			g.Duration, g.Discontinuity = c.target(), max(1, st.Discontinuity)-1
		}
		lost = append(lost, g)
	}
	return lost
}
