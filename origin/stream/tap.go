package stream

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/shoal-live/shoal/origin/media"
)

// Sample is one thing that a Tap brings.
type Sample struct {
	Tracks []media.Track // not nil: what follows is of these
	Frame  media.Frame
	Ended  bool // the broadcaster is gone; another may come
}

// Tap brings what a stream's broadcaster sends, frame by frame as they come, on the outgoing timeline. It begins, and goes on after
// a loss, with a key frame. Who reads too slowly loses frames and never holds up the stream.
type Tap struct {
	C     <-chan Sample   // closed by Close
	Ready <-chan struct{} // has one when there is enough new in C; who waits here for it, and not at C, lets it gather while nothing is urgent

	// static
	c       chan Sample
	ready   chan struct{}
	stream  *Stream
	dropped atomic.Uint64
	urgent  atomic.Bool

	// guarded by stream.mu
	backlog media.Backlog
	told    *run // whose tracks were sent
	waiting bool // for a key frame
	closed  bool
	newest  time.Duration // of the frames that Ready told of
}

// lull is how much gathers while nothing is urgent: to be woken for each frame costs more than to look at it. It is media and not time that is
// counted: who is told is woken while the frame's reader runs anyway, and needs no timer.
const lull = 250 * time.Millisecond

// tapBytes bounds what a tap holds: five seconds of 50 Mbit/s.
const tapBytes = 32 << 20

// Tap returns a tap that holds so many frames that are not read yet, and tapBytes of them.
func (s *Stream) Tap(frames int) *Tap {
	t := &Tap{
		c: make(chan Sample, max(2, frames)), ready: make(chan struct{}, 1), stream: s, backlog: media.NewBacklog(tapBytes), waiting: true,
	}
	t.C, t.Ready = t.c, t.ready
	t.urgent.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taps = append(s.taps, t)
	return t
}

// Close ends it.
func (t *Tap) Close() {
	s := t.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.closed {
		return
	}
	t.closed = true
	s.taps = slices.DeleteFunc(s.taps, func(o *Tap) bool { return o == t })
	close(t.c)
	t.say()
}

// Urgent says whether frames are wanted as they come. They are at first; while nobody's are, a stream is read more leisurely.
func (t *Tap) Urgent(is bool) {
	if t.urgent.Store(is); is {
		t.say() // of what has gathered
	}
}

// say tells that there is something new.
func (t *Tap) say() {
	select {
	case t.ready <- struct{}{}:
	default:
	}
}

// Dropped returns how many frames were lost because there were too many in C, or too large ones.
func (t *Tap) Dropped() uint64 { return t.dropped.Load() }

// offer gives a frame of a run. The caller holds mu.
func (t *Tap) offer(r *run, tracks []media.Track, f media.Frame) {
	if t.told != r {
		if len(t.c)+2 > cap(t.c) {
			t.dropped.Add(1)
			return
		}
		t.told, t.waiting, t.newest = r, true, f.DTS
		t.backlog.Takes(len(t.c), 0)
		t.c <- Sample{Tracks: tracks}
		t.say()
	}
	if t.waiting && (!f.Key || !f.Video && slices.ContainsFunc(tracks, media.Track.Video)) {
		return
	}
	if len(t.c) == cap(t.c) || !t.backlog.Takes(len(t.c), len(f.Bytes)) { // nobody else fills it
		t.dropped.Add(1)
		t.waiting = true
		return
	}
	t.c <- Sample{Frame: f}
	t.waiting = false
	if t.urgent.Load() || f.DTS-t.newest >= lull || len(t.c) > cap(t.c)/2 {
		t.newest = f.DTS
		t.say()
	}
}

// end says that the broadcaster is gone, if need be in the place of the oldest frame.
func (t *Tap) end() {
	t.told = nil
	for len(t.c) == cap(t.c) {
		select {
		case <-t.c:
			t.dropped.Add(1)
		default:
		}
	}
	t.backlog.Takes(len(t.c), 0)
	t.c <- Sample{Ended: true}
	t.say()
}
