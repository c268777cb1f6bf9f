package stream

import (
	"testing"
	"time"

	"github.com/shoal-live/shoal/origin/media"
)

// pictures publishes one second of frames and another, each beginning with a key frame, and a third key frame, so that what can be
// complete of the two is.
func pictures(t *testing.T, s *Session, from time.Duration) {
	t.Helper()
	for n := range 61 {
		at := from + time.Duration(n)*time.Second/30
		if err := s.Write(media.Frame{Video: true, DTS: at, PTS: at, Key: n%30 == 0, Bytes: []byte{0, 0, 0, 2, 0x65, 1}}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFirstSegmentIsShortWhereNobodyCanPlay(t *testing.T) {
	all := newStreams(t, t.TempDir())
	complete := func(st *Stream) (long []time.Duration) {
		v, _ := st.Window(0).View()
		for _, s := range v.Segments {
			long = append(long, s.Duration)
		}
		return long
	}
	s := publish(t, all, "demo")
	pictures(t, s, 0)
	if long := complete(s.Stream()); len(long) != 1 || long[0] != time.Second {
		t.Fatal(long, "want one of a second")
	}
	s.Close()
	s = publish(t, all, "demo")
	pictures(t, s, time.Hour)
	// The second was ended by the first broadcaster; the third is as long as any other.
	if long := complete(s.Stream()); len(long) != 3 || long[2] != 2*time.Second {
		t.Fatal(long, "want one of two seconds last")
	}
	s.Close()
}

func TestAwaited(t *testing.T) {
	dir := t.TempDir()
	all := newStreams(t, dir)
	s := publish(t, all, "demo")
	pictures(t, s, 0)
	now := time.Now()
	if s.Stream().Awaited(now) {
		t.Error("a stream that is live is awaited")
	}
	st := newStreams(t, dir).Get("demo") // as another process finds it
	if !st.Awaited(now) {
		t.Error("a stream that was live a moment ago is not awaited")
	}
	if st.Awaited(now.Add(2 * time.Minute)) {
		t.Error("a stream that was live before the grace is awaited")
	}
	s.Close()
}
