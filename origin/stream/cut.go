package stream

import "time"

// keptCuts is how many cuts are remembered: more segments than a rendition may lag behind.
const keptCuts = 32

// cut is where a segment of the source begins and ends, on the outgoing timeline. The other renditions are cut there too.
type cut struct {
	msn           uint64
	at            time.Duration
	end           time.Duration // 0 while it is open
	split         bool          // a discontinuity stands before it
	discontinuity uint64        // how many stand before it, its own included
	date          time.Time
}

// cuts are those of the newest segments, oldest first.
type cuts []cut

// find returns the cut of a segment, or nil.
func (c cuts) find(msn uint64) *cut {
	for i := len(c) - 1; i >= 0; i-- {
		if c[i].msn == msn {
			return &c[i]
		}
	}
	return nil
}

// near returns the cut at a time that may be off by rounding, or nil.
func (c cuts) near(at time.Duration) *cut {
	for i := len(c) - 1; i >= 0; i-- {
		if d := at - c[i].at; d > -rounding && d < rounding {
			return &c[i]
		}
	}
	return nil
}

// rounding is how far a frame's time may be from the source's for the same picture.
const rounding = 12 * time.Millisecond

// cutAt notes that the source's open segment begins at a time. The caller holds mu.
func (s *Stream) cutAt(at time.Duration, r *run) *cut {
	msn := s.source.next
	if c := s.cuts.find(msn); c != nil {
		return c
	}
	c := cut{msn: msn, at: at, date: r.date(at)}
	if !r.begun {
		r.begun = true
		c.split = !s.fresh || msn > 0 // the first segment of all time follows nothing
		if c.split && !s.fresh {
			s.state.Discontinuity++
		}
		s.fresh = false
	}
	c.discontinuity = s.state.Discontinuity
	if len(s.cuts) == keptCuts {
		copy(s.cuts, s.cuts[1:])
		s.cuts = s.cuts[:keptCuts-1]
	}
	s.cuts = append(s.cuts, c)
	return &s.cuts[len(s.cuts)-1]
}
