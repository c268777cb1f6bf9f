package stream

import (
	"slices"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/segmenter"
	"github.com/shoal-live/shoal/swarm/wire"
)

// rendition is one quality of a stream: the window that viewers are served from, and what is open of it. Rendition 0 is the source,
// which leads; the others have its segments' numbers, times and discontinuities. Guarded by the stream's mu.
type rendition struct {
	index    int         // static
	window   *hls.Window // another with each epoch
	tracks   []media.Track
	init     *hls.Init
	sequence uint32        // of the next segmenter's parts
	next     uint64        // MSN of the open segment, or of the next
	open     bool          // that segment has a part
	parts    uint16        // in it
	filled   time.Duration // of it
	past     Past          // from earlier processes
	follower *Follower     // who makes it; nil for the source, and while nobody does
}

// present tells whether r has media now: the source always, another while its newest segment has any.
func (r *rendition) present() bool {
	if r.index == 0 {
		return true
	}
	v, _ := r.window.View()
	n := v.Newest()
	return n != nil && !n.Gap
}

// newRendition makes a rendition whose next segment has a number; what is stored of it is listed, unless that has ended.
func (s *Stream) newRendition(index int, next uint64) *rendition {
	r := &rendition{index: index, next: s.firstOf(next)}
	if s.config.Past != nil && s.resumes {
		r.past = s.config.Past(s.Name, s.state.Epoch, index)
		s.signPast(r)
		s.addLost(r)
	}
	r.window = s.newWindow(r.next, r.past.Segments)
	r.past.Segments = nil
	return r
}

func (s *Stream) newWindow(next uint64, past []*hls.Segment) *hls.Window {
	c := s.config
	listed, inMemory := c.WindowSegments, c.InMemory
	if inMemory > 0 && slices.Contains(c.Unstored, s.Name) {
		listed, inMemory = inMemory, 0
	}
	return hls.NewWindow(hls.Config{
		Epoch: s.state.Epoch, Target: c.target(), PartTarget: c.partTarget(),
		Plain: c.Plain, Listed: listed, InMemory: inMemory, PartsFor: 2, // with the open one they reach back three target durations at most
	}, next, past)
}

// prepare makes r's init segment, unless the tracks are those it has one for.
func (s *Stream) prepare(r *rendition, tracks []media.Track) error {
	same := r.init != nil && len(tracks) == len(r.tracks)
	for i := 0; same && i < len(tracks); i++ {
		same = tracks[i].Same(r.tracks[i])
	}
	if !same {
		data, err := segmenter.Init(tracks)
		if err != nil {
			return err
		}
		number := s.state.NextInit
		s.state.NextInit++
		s.save()
		s.flush() // init segments are cached for good; this is rare
		init := &hls.Init{Number: number, Bytes: data, Codecs: codecs(tracks)}
		init.Record, init.Pieces = sign(s.key, wire.Record{
			ID:            wire.ChunkID{Epoch: s.state.Epoch, Rendition: uint8(r.index), Kind: wire.Init, MSN: number},
			Discontinuity: uint32(s.state.Discontinuity),
		}, data)
		r.init = init
	}
	r.tracks = tracks
	return nil
}

func (s *Stream) segmenting() segmenter.Config {
	return segmenter.Config{Part: s.config.partTarget(), Segment: s.config.SegmentDuration, Longest: s.config.longest()}
}

// add puts finished parts into r's window; at returns the cut of its open segment, which began at a time.
func (s *Stream) add(r *rendition, parts []segmenter.Part, at func(start time.Duration) *cut) {
	for _, p := range parts {
		c := at(p.Start)
		if !r.open {
			s.openSegment(r, c)
		}
		part := hls.Part{Duration: p.Duration, Independent: p.Independent, Bytes: p.Bytes}
		if len(p.Bytes) > 0 {
			part.Record, part.Pieces = sign(s.key, wire.Record{
				ID: wire.ChunkID{
					Epoch: s.state.Epoch, Rendition: uint8(r.index), Kind: wire.Part, MSN: r.next, Part: r.parts,
				},
				Independent: p.Independent, Last: p.Final,
				Discontinuity: uint32(c.discontinuity), Duration: uint32(p.Duration / time.Microsecond),
			}, p.Bytes)
			r.parts++
			s.counters.parts.Inc()
		}
		r.filled += p.Duration
		if r == s.source {
			s.state.last(r.filled)
			s.save()
		}
		r.window.Add(part, p.Final)
		if p.Final {
			if r == s.source {
				c.end = c.at + r.filled
			}
			s.closed(r)
		}
	}
}

func (s *Stream) openSegment(r *rendition, c *cut) {
	if r == s.source {
		s.state.begin(c) // saved with the first part
	}
	if n := len(s.lost); n > 0 && s.lost[n-1].MSN+1 == r.next {
		r.window.Lose(s.lost, r.init)
	}
	r.open, r.parts, r.filled = true, 0, 0
	r.window.Open(hls.Segment{MSN: r.next, Init: r.init, Break: c.split, Discontinuity: c.discontinuity, Date: c.date})
}

// firstOf returns the number that a rendition's list begins with, whose first segment has a number: the one behind the lost segments, while
// that is not long ago. A ladder begins a segment late, and who plays it looks for the lost ones all the same.
func (s *Stream) firstOf(msn uint64) uint64 {
	if n := len(s.lost); s.resumes && n > 0 && s.cuts.find(s.lost[n-1].MSN+1) != nil {
		return s.lost[n-1].MSN + 1
	}
	return msn
}

// closed moves r on to its next segment.
func (s *Stream) closed(r *rendition) {
	r.next++
	r.open = false
	s.counters.segments.Inc()
	if r == s.source {
		s.fill()
	}
}

// late is how many of the source's segments a rendition may be behind.
const late = 3

// fill makes gaps of the segments of the other renditions that will not come any more.
func (s *Stream) fill() {
	for _, r := range s.renditions[1:] {
		for r.init != nil && r.next < s.source.next && !r.mayCome(s.source.next-r.next) {
			s.gap(r)
		}
	}
}

// mayCome tells whether r's next segment can still be made, when the source is a number of segments ahead.
func (r *rendition) mayCome(behind uint64) bool {
	switch f := r.follower; {
	case f == nil:
		return false
	case f.cutter == nil: // it may begin with the newest
		return !r.open && behind < 2
	case behind < late:
		return true
	default:
		f.lose()
		return false
	}
}

// gap completes r's next segment with what is missing.
func (s *Stream) gap(r *rendition) {
	c := s.cuts.find(r.next)
	if c == nil { // older than any that is remembered
		c = &cut{msn: r.next, end: s.config.target(), discontinuity: s.state.Discontinuity, date: time.Now()}
	}
	if !r.open {
		s.openSegment(r, c)
	}
	for left := c.end - c.at - r.filled; ; left -= s.config.partTarget() {
		final := left <= s.config.partTarget()
		r.window.Add(hls.Part{Gap: true, Duration: max(time.Millisecond, min(left, s.config.partTarget()))}, final)
		if final {
			break
		}
	}
	s.metrics.Gaps.WithLabelValues(s.Name).Inc()
	s.closed(r)
}
