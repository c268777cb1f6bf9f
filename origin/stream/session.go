package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/segmenter"
)

// ErrReplaced says that the session was silent for so long that another broadcaster took its place.
var ErrReplaced = errors.New("stream: another broadcaster took over from this silent connection")

// How else a session ends.
var (
	ErrSaidOver = errors.New("stream: the broadcaster said that it is over")
	ErrLost     = errors.New("stream: the broadcaster's connection was lost")
)

// ErrFrame says that an access unit is too big to carry.
var ErrFrame = fmt.Errorf("stream: a frame of more than %d MiB", media.MaxFrame>>20)

// run is the time from one beginning of the timeline to the next.
type run struct {
	*segmenter.Segmenter
	origin time.Duration // incoming time ...
	wall   time.Time     // ... that was at this moment
	begun  bool          // has made a segment
}

func (r *run) date(at time.Duration) time.Time { return r.wall.Add(r.Incoming(at) - r.origin) }

// Session is one broadcaster's connection to a stream. Its methods belong to one goroutine.
type Session struct {
	stream   *Stream
	protocol string
	ingest   prometheus.Counter // of bytes
	first    time.Time          // when the first byte of media came
	seen     atomic.Int64       // Unix nanoseconds of the newest byte
	bytes    atomic.Int64
	key      atomic.Pointer[string] // it was admitted with
	replaced chan struct{}
	why      error // once replaced is closed

	// guarded by stream.mu
	tracks []media.Track
	run    *run
	rate   rate
	far    string                  // said of key frames
	pixels string                  // said of the picture's format
	over   context.CancelCauseFunc // ends what runs beside it; nil before its first part
}

// Stream returns the stream that is published.
func (s *Session) Stream() *Stream { return s.stream }

// Replaced is closed when another broadcaster took this session's place, or its key was removed.
func (s *Session) Replaced() <-chan struct{} { return s.replaced }

// Why tells which, once Replaced is closed: ErrReplaced or ErrRevoked.
func (s *Session) Why() error {
	<-s.replaced
	return s.why
}

// gone returns why the session is not its stream's any more.
func (s *Session) gone() error {
	select {
	case <-s.replaced:
		return s.why
	default:
		return ErrReplaced
	}
}

// lose has the session's connection end.
func (s *Session) lose(why error) {
	s.why = why
	close(s.replaced)
}

// Received counts bytes and notes that the broadcaster lives.
func (s *Session) Received(n int) {
	s.seen.Store(time.Now().UnixNano())
	s.bytes.Add(int64(n))
	s.ingest.Add(float64(n))
}

// FirstByte says when the first byte of media came; PROGRAM-DATE-TIME counts from there.
func (s *Session) FirstByte(at time.Time) {
	if s.first.IsZero() {
		s.first = at
	}
}

// SetTracks says what comes from now on. It begins a new timeline with a discontinuity, unless it is the first.
func (s *Session) SetTracks(tracks []media.Track) error {
	st := s.stream
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.session != s {
		return s.gone()
	}
	if s.run != nil {
		s.endRun()
		s.first = time.Time{} // what comes now is of now
	}
	s.tracks = tracks
	return nil
}

// Write adds a frame.
func (s *Session) Write(f media.Frame) error {
	if len(f.Bytes) > media.MaxFrame {
		return ErrFrame
	}
	st := s.stream
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.session != s {
		return s.gone()
	}
	if s.run == nil {
		if err := s.beginRun(f); err != nil {
			return err
		}
	}
	if err := s.yield(f); err != nil {
		return err
	}
	parts, err := s.cut(f)
	if errors.Is(err, segmenter.ErrJump) {
		st.log.Warn("the broadcaster's timestamps jump; going on with a discontinuity", "at", f.DTS)
		s.endRun()
		s.first = time.Time{}
		if err := s.beginRun(f); err != nil {
			return err
		}
		parts, err = s.cut(f)
	}
	if parts {
		s.watchCadence()
	}
	return err
}

// cut gives a frame to the segmenter, and what comes of it to whom it concerns. It tells whether parts were finished.
func (s *Session) cut(f media.Frame) (parts bool, err error) {
	st, r := s.stream, s.run
	done, err := r.Write(f)
	st.lead(done, r)
	if at, begun := r.Segment(); begun && err == nil {
		st.cutAt(at, r)
		st.share(r, s.tracks, f)
	}
	return len(done) > 0, err
}

// Awaited returns the incoming time of the newest leading frame, and how far behind it the one should be that ends the open part. It is
// false where that is not known, and while frames are wanted one by one.
func (s *Session) Awaited() (newest, left time.Duration, ok bool) {
	st := s.stream
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.session != s || s.run == nil || len(st.renditions) > 1 || slices.ContainsFunc(st.taps, func(t *Tap) bool { return t.urgent.Load() }) {
		return 0, 0, false
	}
	left, ok = s.run.Due()
	return s.run.Incoming(s.run.Reached()), left, ok
}

// Outgoing returns where an incoming time is on the stream's outgoing timeline, false before the first frame there.
func (s *Session) Outgoing(at time.Duration) (time.Duration, bool) {
	s.stream.mu.Lock()
	defer s.stream.mu.Unlock()
	if s.run == nil {
		return 0, false
	}
	if _, begun := s.run.Segment(); !begun {
		return 0, false
	}
	return at - s.run.Incoming(0), true
}

func (s *Session) beginRun(f media.Frame) error {
	st := s.stream
	st.yield()
	if err := st.prepare(st.source, s.tracks); err != nil {
		return err
	}
	if text := aboutPixels(s.tracks).Text; text != "" && s.pixels == "" {
		st.log.Warn(text)
		s.pixels = text
	}
	config := st.segmenting()
	if v, _ := st.source.window.View(); !v.Playable() {
		config.First = 2 * config.Part // players wait for it: see docs/decisions/0025
	}
	cut := segmenter.New(config, s.tracks, st.timeline, st.source.sequence)
	wall := s.first
	if wall.IsZero() {
		wall = time.Now()
	}
	s.run = &run{Segmenter: cut, origin: f.DTS, wall: wall}
	return nil
}

func (s *Session) endRun() {
	if s.run == nil {
		return
	}
	st := s.stream
	st.lead(s.run.Flush(), s.run)
	st.timeline, st.source.sequence = s.run.End(), s.run.Sequence()
	st.reached = st.timeline
	s.run = nil
}

// watchCadence measures, and tells the broadcaster once when key frames are too far apart.
func (s *Session) watchCadence() {
	st := s.stream
	s.rate.note(time.Now(), s.bytes.Load())
	st.gop, st.frames = s.run.GOP(), s.run.Rate()
	text := aboutKeyframes(s.protocol, st.gop, st.config.SegmentDuration).Text
	if text != "" && s.far == "" {
		st.log.Warn(text)
	}
	s.far = text
}

// Close ends the session, if it has not ended. The stream waits for its broadcaster to come back.
func (s *Session) Close() { s.close(s.stream.config.Grace, ErrLost) }

// End is Close where the broadcaster said that it is over: the stream is said to have ended unless one begins anew at once.
func (s *Session) End() { s.close(min(s.stream.config.Grace, farewell), ErrSaidOver) }

func (s *Session) close(grace time.Duration, why error) {
	st := s.stream
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.session == s {
		s.leave(grace, why)
	}
}

// leave flushes and detaches the session. The caller holds stream.mu.
func (s *Session) leave(grace time.Duration, why error) {
	st := s.stream
	s.endRun()
	st.store.rest()
	st.session, st.grace, st.left = nil, grace, time.Now()
	for _, t := range st.taps {
		t.end()
	}
	if s.over != nil {
		s.over(why)
	}
	st.metrics.Live.Dec()
	if st.status == Live {
		st.status, st.since = Interrupted, time.Now()
		if st.ending() {
			return
		}
		st.log.Info("interrupted", "protocol", s.protocol, "wait", grace)
	}
}

// rate is a bit rate over the last seconds.
type rate struct {
	at    time.Time
	bytes int64
	bits  float64
}

func (r *rate) note(now time.Time, bytes int64) {
	if r.at.IsZero() {
		r.at, r.bytes = now, bytes
		return
	}
	if d := now.Sub(r.at); d >= 2*time.Second {
		r.bits = float64(bytes-r.bytes) * 8 / d.Seconds()
		r.at, r.bytes = now, bytes
	}
}
