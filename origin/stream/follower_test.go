package stream

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/testclip"
)

// echo is a transcoder that changes nothing: it follows the source's pictures some frames behind.
type echo struct {
	t    *testing.T
	tap  *Tap
	to   *Follower
	lag  int
	held []media.Frame
}

func newEcho(t *testing.T, s *Session, index, lag int) *echo {
	t.Helper()
	e := &echo{t: t, tap: s.Stream().Tap(10_000), lag: lag}
	t.Cleanup(e.tap.Close)
	e.follow(s, index)
	return e
}

func (e *echo) follow(s *Session, index int) {
	e.t.Helper()
	f, err := s.Follow(index)
	if err == nil {
		err = f.SetVideo(tracks(e.t, 2)[0])
	}
	if err != nil {
		e.t.Fatal(err)
	}
	e.to = f
}

// run passes on what the source sent, but for the newest.
func (e *echo) run() {
	e.t.Helper()
	for {
		select {
		case s := <-e.tap.C:
			if s.Frame.Video {
				e.held = append(e.held, s.Frame)
			}
			continue
		default:
		}
		break
	}
	for len(e.held) > e.lag {
		if err := e.to.Write(e.held[0]); err != nil {
			e.t.Fatal(err)
		}
		e.held = e.held[1:]
	}
}

// broadcast sends the clip in small steps, so that whoever follows can keep up.
func broadcast(t *testing.T, s *Session, from, to time.Duration, step func()) {
	t.Helper()
	for at := from; at < to; at += 100 * time.Millisecond {
		send(t, s, at, at+100*time.Millisecond)
		step()
	}
}

// segments returns those in a rendition's window, by MSN, and where each one's picture begins in it.
func segments(t *testing.T, st *Stream, index int) map[uint64]*hls.Segment {
	t.Helper()
	w := st.Window(index)
	if w == nil {
		t.Fatalf("no rendition %d", index)
	}
	v, _ := w.View()
	all := map[uint64]*hls.Segment{}
	for _, s := range v.Segments {
		all[s.MSN] = s
	}
	return all
}

// alike fails unless the renditions have the same segments, and returns how many of them both have media of.
func alike(t *testing.T, st *Stream, index int) (whole int) {
	t.Helper()
	source, other := segments(t, st, 0), segments(t, st, index)
	for msn, s := range other {
		o := source[msn]
		if o == nil {
			t.Fatalf("segment %d is not in the source", msn)
		}
		if d := s.Duration - o.Duration; d > time.Millisecond || d < -time.Millisecond {
			t.Errorf("segment %d lasts %v, the source's %v", msn, s.Duration, o.Duration)
		}
		if !s.Date.Equal(o.Date) || s.Break != o.Break || s.Discontinuity != o.Discontinuity {
			t.Errorf("segment %d is %v %v %d, the source's %v %v %d", msn, s.Date, s.Break, s.Discontinuity, o.Date, o.Break, o.Discontinuity)
		}
		if s.Gap {
			continue
		}
		whole++
		a, b := starts(t, s), starts(t, o)
		if !slices.Equal(a, b) {
			t.Errorf("segment %d begins at %v, the source's at %v", msn, a, b)
		}
		if !s.Parts[0].Independent {
			t.Errorf("segment %d does not begin with a key frame", msn)
		}
	}
	return whole
}

// starts returns the decode times that a segment's tracks begin with.
func starts(t *testing.T, s *hls.Segment) (at []uint64) {
	t.Helper()
	var parts fmp4.Parts
	if err := parts.Unmarshal(s.Parts[0].Bytes); err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		for _, tr := range p.Tracks {
			at = append(at, tr.BaseTime)
		}
	}
	return at
}

// Clause: hls-variants
func TestFollowerIsCutLikeTheSource(t *testing.T) {
	for _, lag := range []int{0, 1, 9, 40} {
		all := newStreams(t, t.TempDir())
		s := publish(t, all, "demo")
		if err := s.SetTracks(tracks(t, 2)); err != nil {
			t.Fatal(err)
		}
		e := newEcho(t, s, 1, lag)
		broadcast(t, s, 0, 13*time.Second, e.run)
		if n := alike(t, s.Stream(), 1); n < 4 {
			t.Errorf("%d frames behind: %d segments", lag, n)
		}
		if v := s.Stream().Variants(); len(v) != 2 || v[1].Index != 1 {
			t.Errorf("variants %+v", v)
		}
		s.Close()
		e.lag = 0
		e.run()
		e.to.Close()
		if v, _ := s.Stream().Window(1).View(); v.Next != s.Stream().source.next || v.Segments[len(v.Segments)-1].Gap {
			t.Errorf("%d frames behind: the last segment is not whole: next is %d of %d", lag, v.Next, s.Stream().source.next)
		}
	}
}

// A source with B-frames shows its pictures later than it decodes them; the rendition beside it has none.
func TestFollowerOfBFrames(t *testing.T) {
	all := newStreams(t, t.TempDir())
	s := publish(t, all, "demo")
	if err := s.SetTracks(tracks(t, 2)); err != nil {
		t.Fatal(err)
	}
	e := newEcho(t, s, 1, 3)
	units := testclip.Units()
	for n := 0; n < 400; n++ {
		at := time.Duration(n) * testclip.Interval
		show := at + 2*testclip.Interval
		u := media.ParseH264(units[n%len(units)])
		if !u.Key && n%2 == 1 {
			show -= testclip.Interval / 2
		}
		if err := s.Write(media.Frame{Video: true, DTS: at, PTS: show, Key: u.Key, Bytes: u.Bytes}); err != nil {
			t.Fatal(err)
		}
		e.run()
	}
	if n := alike(t, s.Stream(), 1); n < 3 {
		t.Errorf("%d segments", n)
	}
	s.Close()
}

// Clause: hls-gap
func TestFollowerThatDiesLeavesAGap(t *testing.T) {
	all := newStreams(t, t.TempDir())
	s := publish(t, all, "demo")
	if err := s.SetTracks(tracks(t, 2)); err != nil {
		t.Fatal(err)
	}
	e := newEcho(t, s, 1, 5)
	broadcast(t, s, 0, 5*time.Second, e.run)
	e.to.Close() // in the middle of a segment
	broadcast(t, s, 5*time.Second, 11*time.Second, func() {})
	if len(s.Stream().Renditions()) != 1 {
		t.Error("a rendition without media is offered")
	}
	v, _ := s.Stream().Window(1).View()
	w, _ := s.Stream().Window(0).View()
	if v.Next != w.Next {
		t.Errorf("gaps are known up to %d, not %d", v.Next, w.Next)
	}
	e.held = nil
	e.follow(s, 1)
	broadcast(t, s, 11*time.Second, 19*time.Second, e.run)
	whole := alike(t, s.Stream(), 1)
	gaps := 0
	for _, g := range segments(t, s.Stream(), 1) {
		if g.Gap {
			gaps++
		}
	}
	if whole < 3 || gaps < 3 || gaps > 5 {
		t.Errorf("%d whole segments, %d gaps", whole, gaps)
	}
	if len(s.Stream().Renditions()) != 2 {
		t.Error("the rendition is not back")
	}
	s.Close()
}

func TestFollowerGoesThroughADiscontinuity(t *testing.T) {
	all := newStreams(t, t.TempDir())
	s := publish(t, all, "demo")
	if err := s.SetTracks(tracks(t, 2)); err != nil {
		t.Fatal(err)
	}
	e := newEcho(t, s, 2, 12)
	broadcast(t, s, 0, 5*time.Second, e.run)
	if err := s.SetTracks(tracks(t, 1)); err != nil { // other sound
		t.Fatal(err)
	}
	broadcast(t, s, 6*time.Second, 11*time.Second, e.run)
	if n := alike(t, s.Stream(), 2); n < 4 {
		t.Errorf("%d segments", n)
	}
	splits := 0
	for _, g := range segments(t, s.Stream(), 2) {
		if g.Break {
			splits++
		}
		if g.Gap {
			t.Errorf("segment %d is a gap", g.MSN)
		}
	}
	if splits != 1 {
		t.Errorf("%d discontinuities", splits)
	}
	s.Close()
}

// Pictures that are far ahead of the source are held up to a bound.
func TestFollowerAheadIsBounded(t *testing.T) {
	all := newStreams(t, t.TempDir())
	s := publish(t, all, "demo")
	if err := s.SetTracks(tracks(t, 2)); err != nil {
		t.Fatal(err)
	}
	send(t, s, 0, time.Second)
	f, err := s.Follow(1)
	if err == nil {
		err = f.SetVideo(tracks(t, 2)[0])
	}
	if err != nil {
		t.Fatal(err)
	}
	for n := range 2 * maxHeld {
		size := 1000
		if n < 20 {
			size = media.MaxFrame
		}
		if err := f.Write(media.Frame{Video: true, PTS: time.Hour + time.Duration(n)*time.Millisecond, Bytes: make([]byte, size)}); err != nil {
			t.Fatal(err)
		}
		held := 0
		for _, frame := range f.held {
			held += len(frame.Bytes)
		}
		if held > maxHeldBytes || held != f.bytes || len(f.held) > maxHeld {
			t.Fatalf("%d frames of %d bytes are held, counted as %d", len(f.held), held, f.bytes)
		}
	}
	f.Close()
	s.Close()
}

func TestFollowerIsRefused(t *testing.T) {
	all := newStreams(t, t.TempDir())
	s := publish(t, all, "demo")
	for _, index := range []int{-1, 0, 16} {
		if _, err := s.Follow(index); !errors.Is(err, ErrRendition) {
			t.Errorf("rendition %d: %v", index, err)
		}
	}
	f, err := s.Follow(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Write(media.Frame{Video: true, Bytes: []byte{1}}); !errors.Is(err, ErrVideo) {
		t.Errorf("a frame before its track: %v", err)
	}
	if err := f.SetVideo(tracks(t, 2)[1]); !errors.Is(err, ErrVideo) {
		t.Errorf("sound: %v", err)
	}
	g, err := s.Follow(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.SetVideo(tracks(t, 2)[0]); !errors.Is(err, ErrReplaced) {
		t.Errorf("one whose place was taken: %v", err)
	}
	g.Close()
	s.Close()
	if _, err := s.Follow(1); !errors.Is(err, ErrReplaced) {
		t.Errorf("after the end: %v", err)
	}
}

func TestTap(t *testing.T) {
	all := newStreams(t, t.TempDir())
	s := publish(t, all, "demo")
	if err := s.SetTracks(tracks(t, 2)); err != nil {
		t.Fatal(err)
	}
	send(t, s, 0, 500*time.Millisecond)
	tap := s.Stream().Tap(20)
	send(t, s, 500*time.Millisecond, 6*time.Second) // nobody reads
	if tap.Dropped() == 0 {
		t.Error("nothing was dropped")
	}
	if first := <-tap.C; len(first.Tracks) != 2 {
		t.Errorf("first came %+v", first)
	}
	if second := <-tap.C; !second.Frame.Video || !second.Frame.Key {
		t.Errorf("then came %+v", second.Frame)
	}
	for len(tap.C) > 0 {
		<-tap.C
	}
	send(t, s, 6*time.Second, 9*time.Second)
	if next := <-tap.C; !next.Frame.Key || !next.Frame.Video {
		t.Error("after a loss comes no key frame")
	}
	s.Close()
	last := Sample{}
	for len(tap.C) > 0 {
		last = <-tap.C
	}
	if !last.Ended {
		t.Error("the end was lost")
	}
	tap.Close()
	tap.Close()
	if _, open := <-tap.C; open {
		t.Error("open after Close")
	}
}

// TestTapBytes: of large frames a tap holds fewer, and goes on with a key frame when they were read.
//
// Clause: hostile
func TestTapBytes(t *testing.T) {
	all := newStreams(t, t.TempDir())
	s := publish(t, all, "demo")
	tap := s.Stream().Tap(1000)
	defer tap.Close()
	large := make([]byte, 2<<20)
	write := func(n int) {
		t.Helper()
		at := time.Duration(n) * testclip.Interval
		if err := s.Write(media.Frame{Video: true, DTS: at, PTS: at, Key: n%10 == 0, Bytes: large}); err != nil {
			t.Fatal(err)
		}
		if err := s.Write(media.Frame{DTS: at, PTS: at, Key: true, Bytes: testclip.AAC}); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 40 {
		write(n)
	}
	held := 0
	for len(tap.C) > 0 {
		held += len((<-tap.C).Frame.Bytes)
	}
	if held > tapBytes || held < tapBytes-len(large) || tap.Dropped() == 0 {
		t.Errorf("%d bytes are held, %d frames dropped", held, tap.Dropped())
	}
	for n := 40; n < 45; n++ {
		write(n)
	}
	if next := <-tap.C; !next.Frame.Key || !next.Frame.Video {
		t.Error("after a loss comes no key frame")
	}
	s.Close()
}
