package segmenter

import (
	"errors"
	"math"
	"time"

	"github.com/shoal-live/shoal/origin/media"
)

// ErrJump says that the frame's time does not follow from those before it: the timeline has to start anew.
var ErrJump = errors.New("segmenter: timestamps jump")

// Bounds of what is taken for one continuous timeline.
const (
	maxHole  = 2 * time.Second        // between two leading frames
	maxAhead = 5 * time.Second        // audio before video
	maxDrift = 40 * time.Millisecond  // audio stamps against counted samples
	maxSeam  = 500 * time.Millisecond // of sound that is lost where one part ends and the next begins
	maxBytes = 3 << 20                // of a part; one frame more is still a legal chunk
	noRate   = 100 * time.Millisecond // what a single frame is taken to last
)

// Config says how long parts and segments should be. All fields but First are needed.
type Config struct {
	Part    time.Duration // no part is longer, if frames allow
	Segment time.Duration // wanted
	Longest time.Duration // every segment is shorter
	First   time.Duration // wanted of the first segment, which players wait for; 0: as Segment
}

// Segmenter cuts one run of frames with unchanging tracks.
type Segmenter struct {
	// static
	config Config
	lead   bool // whether the leading track is video
	base   time.Duration

	tracks  []track
	started bool
	shift   time.Duration // added to incoming times
	last    time.Duration // newest leading frame
	came    time.Duration // its time had it not been moved
	frame   time.Duration // how long a leading frame seems to last
	part    time.Duration // when the open part began
	segment time.Duration // when the open segment began
	wanted  time.Duration // of the open segment
	first   int           // leading samples in the open part
	bytes   int
	frames  int     // leading samples in the open segment
	rate    float64 // leading frames a second in the newest complete segment
	tremble int     // for so many segments fewer frames are expected to fit into a part than their rate says
	count   uint32  // parts made
	cadence cadence
	done    []Part

	follows bool          // another segmenter, whose segments end where Bound says
	bound   time.Duration // where the open segment ends, 0 while that is not known
	placed  time.Duration // of the newest frame taken ...
	took    bool          // ... by the newest Write
}

// New returns a segmenter whose timeline begins at base. Tracks are one video, one audio, or one of each.
func New(config Config, tracks []media.Track, base time.Duration, sequence uint32) *Segmenter {
	s := &Segmenter{config: config, base: base, count: sequence, wanted: config.Segment}
	if config.First > 0 {
		s.wanted = config.First
	}
	for i, t := range tracks {
		s.tracks = append(s.tracks, track{Track: t, id: i + 1})
		s.lead = s.lead || t.Video()
	}
	return s
}

// Follow returns a segmenter whose segments end where another's do: at each Bound, and nowhere else. Its frames come on the other's
// outgoing timeline; the first segment began at base.
func Follow(config Config, tracks []media.Track, base time.Duration, sequence uint32) *Segmenter {
	config.Longest = math.MaxInt64
	s := New(config, tracks, base, sequence)
	s.follows = true
	return s
}

// Bound says where the open segment of a segmenter that follows ends; frames from about then on are in the next.
func (s *Segmenter) Bound(at time.Duration) { s.bound = at }

// Segment returns where the open segment began, false before the first frame.
func (s *Segmenter) Segment() (at time.Duration, begun bool) { return s.segment, s.started }

// Reached returns the newest leading frame's time. All before it is decided: no segment will yet end there.
func (s *Segmenter) Reached() time.Duration { return s.last }

// Placed returns where on the outgoing timeline the frame of the last Write was put, false if it was dropped.
func (s *Segmenter) Placed() (at time.Duration, ok bool) { return s.placed, s.took }

// End returns where the next segmenter's timeline should begin.
func (s *Segmenter) End() time.Duration {
	if !s.started {
		return s.base
	}
	return s.last + s.frame
}

// Incoming returns the incoming time that is at on the outgoing timeline.
func (s *Segmenter) Incoming(at time.Duration) time.Duration { return at - s.shift }

// Sequence returns how many parts were made, for the next segmenter.
func (s *Segmenter) Sequence() uint32 { return s.count }

// GOP returns how far apart key frames are, 0 while that is not known.
func (s *Segmenter) GOP() time.Duration { return s.cadence.interval() }

// Rate returns how many leading frames come a second, 0 while that is not known.
func (s *Segmenter) Rate() float64 { return s.rate }

// Write adds a frame and returns the parts it finished. Frames before the first leading key frame are dropped.
func (s *Segmenter) Write(f media.Frame) ([]Part, error) {
	t := s.find(f.Video)
	if t == nil || len(f.Bytes) == 0 {
		return nil, nil
	}
	s.done, s.took = nil, false
	var err error
	if f.Video == s.lead {
		err = s.writeLead(t, f)
	} else if s.started {
		err = s.writeOther(t, f)
	}
	return s.done, err
}

// Flush closes what is open and returns it.
func (s *Segmenter) Flush() []Part {
	return s.Finish(max(s.last+time.Millisecond, min(s.last+s.frame, s.part+s.config.Part)))
}

// Finish is Flush where it is known when the last frame ends.
func (s *Segmenter) Finish(end time.Duration) []Part {
	s.done = nil
	if s.started && s.first > 0 {
		t := s.find(s.lead)
		t.stretch(end)
		s.close(end, true)
		s.base = end
	}
	s.started = false
	return s.done
}

func (s *Segmenter) find(video bool) *track {
	for i := range s.tracks {
		if s.tracks[i].Video() == video {
			return &s.tracks[i]
		}
	}
	return nil
}

func (s *Segmenter) writeLead(t *track, f media.Frame) error {
	key := f.Key || !s.lead
	if !s.started {
		if !key {
			return nil
		}
		s.started = true
		if s.follows {
			f.PTS += s.base - f.DTS
			f.DTS = s.base
		}
		s.shift = s.base - f.DTS
		s.part, s.segment, s.last, s.came = s.base, s.base, s.base, s.base
		s.frame = noRate
		if f.Length > 0 || t.SampleLength > 0 {
			s.frame = max(f.Length, t.SampleLength)
		}
	} else {
		at := f.DTS + s.shift
		if !s.lead {
			at = t.smooth(at)
		}
		if at <= s.last {
			if at < s.last-maxHole {
				return ErrJump
			}
			at = s.last + time.Millisecond
		}
		if at-s.came > maxHole {
			return ErrJump
		}
		came, at := at, s.fit(at)
		f.PTS += at - (f.DTS + s.shift)
		f.DTS = at - s.shift
		t.stretch(at)
		s.frame += (at - s.last - s.frame) / 4
		if s.lead && key {
			s.cadence.key(at)
		}
		s.cut(t, at, key)
		s.last, s.came = at, came
	}
	if s.lead && key && s.cadence.last == 0 {
		s.cadence.key(s.last)
	}
	s.placed, s.took = s.last, true
	t.append(s.last, s.last+max(-maxHole, f.PTS-f.DTS), f) // below zero where the encoder does not delay what leans on later frames
	s.first++
	s.frames++
	s.bytes += len(f.Bytes)
	return nil
}

// cut closes the open part, and the open segment, if the frame that begins at now must not join them.
func (s *Segmenter) cut(t *track, now time.Duration, key bool) {
	late := now-s.segment >= s.config.Longest
	switch {
	case s.first > 1 && (late || now-s.part > s.config.Part):
		// The newest frame lasted longer than expected: it begins the next part.
		held := t.pop()
		s.tremble = calm
		s.frames--
		s.close(s.last, late)
		t.push(held)
		s.first, s.frames, s.bytes = 1, s.frames+1, s.bytes+len(held.data)
	case late && s.part > s.segment:
		// It stands alone in the open part: the segment ended before it.
		s.done = append(s.done, Part{Start: s.part, Final: true})
		s.frames -= s.first
		s.next(s.part)
		s.frames += s.first
	}
	long := now - s.part
	enough := long >= s.config.Part*least/100
	switch {
	case s.follows && s.bound > 0 && now+s.frame/2 >= s.bound:
		s.close(s.bound, true)
		s.bound = 0
	case !s.follows && s.ends(now, key):
		s.close(now, true)
	case enough && (s.full(long) || key && s.lead), s.bytes > maxBytes:
		s.close(now, false)
	}
}

// ends tells whether the segment ends where the frame that begins at now would join it.
func (s *Segmenter) ends(now time.Duration, key bool) bool {
	long := now - s.segment
	half := s.frame / 2
	if key {
		return long+half >= s.wanted || s.lead && long+s.cadence.interval() >= s.config.Longest
	}
	if long+s.frame >= s.config.Longest {
		return true
	}
	next := s.cadence.next()
	return long+half >= s.config.Segment && next > now && next-s.segment >= s.config.Longest
}

func (s *Segmenter) writeOther(t *track, f media.Frame) error {
	at := t.smooth(f.DTS + s.shift)
	if at < s.segment-maxAhead || at > s.last+maxAhead {
		return ErrJump
	}
	if len(t.samples) == 0 && at < s.part-maxHole || at < t.end || at < s.base && !s.follows {
		return nil // late, or from before the first key frame
	}
	t.follow(at, f)
	s.placed, s.took = at, true
	s.bytes += len(f.Bytes)
	return nil
}

// close finishes the open part at end.
func (s *Segmenter) close(end time.Duration, final bool) {
	p := Part{Start: s.part, Duration: end - s.part, Final: final}
	if lead := s.find(s.lead); len(lead.samples) > 0 {
		p.Independent = lead.samples[0].key
	}
	p.Bytes = s.marshal(end)
	s.done = append(s.done, p)
	s.count++
	s.part, s.first, s.bytes = end, 0, 0
	for i := range s.tracks {
		for _, sample := range s.tracks[i].samples {
			s.bytes += len(sample.data)
		}
	}
	if final {
		s.next(end)
	}
}

// next begins a segment where the one before ends.
func (s *Segmenter) next(end time.Duration) {
	if long := end - s.segment; long >= time.Second {
		s.rate = float64(s.frames) / long.Seconds()
	}
	s.segment, s.wanted, s.frames = end, s.config.Segment, 0
	s.tremble = max(0, s.tremble-1)
}
