package stream

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/testclip"
)

func TestRecords(t *testing.T) {
	all := newStreams(t, t.TempDir())
	s := publish(t, all, "demo")
	send(t, s, 0, 9*time.Second)
	if n := verify(t, s.Stream()); n < 13 {
		t.Fatalf("%d records", n)
	}
	s.Close()
	verify(t, s.Stream())
}

// Clause: rtmp-reconnect, hls-discontinuity
func TestReconnect(t *testing.T) {
	all := newStreams(t, t.TempDir())
	s := publish(t, all, "demo")
	st := s.Stream()
	send(t, s, 0, 5*time.Second)
	s.Close()
	if i := st.Describe(); i.State != Interrupted {
		t.Fatal(i.State)
	}
	before, _ := st.Window(0).View()
	end := before.Segments[len(before.Segments)-1]

	s = publish(t, all, "demo")
	send(t, s, 0, 3*time.Second)
	if i := st.Describe(); i.State != Live {
		t.Fatal(i.State)
	}
	v, _ := st.Window(0).View()
	next := v.Segments[len(before.Segments)]
	if next.MSN != end.MSN+1 || !next.Break || next.Discontinuity != end.Discontinuity+1 || next.Init != end.Init {
		t.Fatalf("after segment %d comes %d: discontinuity %d, init %d", end.MSN, next.MSN, next.Discontinuity, next.Init.Number)
	}

	// other parameters: a new init segment, and another discontinuity
	if err := s.SetTracks(tracks(t, 1)); err != nil {
		t.Fatal(err)
	}
	send(t, s, 4*time.Second, 7*time.Second)
	v, _ = st.Window(0).View()
	newest := v.Newest()
	if newest.Init.Number != end.Init.Number+1 || newest.Discontinuity != next.Discontinuity+1 {
		t.Fatalf("init %d, discontinuity %d, after %d and %d", newest.Init.Number, newest.Discontinuity, end.Init.Number, next.Discontinuity)
	}
	verify(t, st)
	s.Close()
}

// Clause: rtmp-second-publisher
func TestSecondBroadcaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newStreams(t, t.TempDir())
		first := publish(t, all, "demo")
		time.Sleep(4 * time.Second)
		if _, err := all.Publish("demo", "whip"); !errors.Is(err, ErrBusy) {
			t.Fatal(err)
		}
		first.Received(1)
		time.Sleep(4 * time.Second)
		if _, err := all.Publish("demo", "whip"); !errors.Is(err, ErrBusy) {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		second, err := all.Publish("demo", "whip")
		if err != nil {
			t.Fatal("the first has been silent for 6 s:", err)
		}
		<-first.Replaced()
		if err := first.Write(media.Frame{Bytes: testclip.AAC}); !errors.Is(err, ErrReplaced) {
			t.Fatal(err)
		}
		first.Close() // must not touch the second
		if _, err := all.Publish("demo", "rtmp"); !errors.Is(err, ErrBusy) {
			t.Fatal(err)
		}
		second.Close()
	})
}

// Clause: hls-discontinuity
func TestJumpGoesOn(t *testing.T) {
	all := newStreams(t, t.TempDir())
	s := publish(t, all, "demo")
	send(t, s, 0, 3*time.Second)
	send(t, s, time.Hour, time.Hour+3*time.Second)
	v, _ := s.Stream().Window(0).View()
	if d := v.Newest().Discontinuity; d == 0 {
		t.Fatal("no discontinuity where the timestamps jump")
	}
	s.Close()
}

func TestFrameTooBig(t *testing.T) {
	s := publish(t, newStreams(t, t.TempDir()), "demo")
	if err := s.Write(media.Frame{Video: true, Key: true, Bytes: make([]byte, media.MaxFrame+1)}); !errors.Is(err, ErrFrame) {
		t.Fatal(err)
	}
	s.Close()
}

func TestNames(t *testing.T) {
	all := newStreams(t, t.TempDir())
	for _, name := range []string{"", "..", "a/b", "a b", "ä", strings.Repeat("x", 65), "a\x00", "a."} {
		if _, err := all.Publish(name, "rtmp"); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
}

// TestOpening: while a stream is being made, which takes as long as the disk does, others are found and made, and who looks for it waits.
func TestOpening(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		all := newStreams(t, dir)
		_, done := all.begin("slow")
		st := publish(t, all, "demo").Stream()
		if all.Get("demo") != st || len(all.All()) != 1 {
			t.Error("another was not found")
		}
		found := make(chan *Stream, 1)
		go func() { found <- all.Get("slow") }()
		synctest.Wait()
		if len(found) > 0 {
			t.Error("it was found before it was there")
		}
		done(&st)
		if <-found != st {
			t.Error("another was found than was made")
		}
	})
}
