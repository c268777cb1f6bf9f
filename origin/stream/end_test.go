package stream

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Clause: rtmp-reconnect
func TestGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newStreams(t, t.TempDir())
		done := make(chan struct{})
		go func() { all.Run(t.Context()); close(done) }()
		s := publish(t, all, "demo")
		st := s.Stream()
		send(t, s, 0, 5*time.Second)
		s.Close()
		time.Sleep(58 * time.Second)
		if i := st.Describe(); i.State != Interrupted || strings.Contains(playlist(st), "ENDLIST") {
			t.Fatal(i.State)
		}
		time.Sleep(4 * time.Second)
		if i := st.Describe(); i.State != Ended || !strings.Contains(playlist(st), "ENDLIST") {
			t.Fatal(i.State)
		}
		s = publish(t, all, "demo")
		over, _ := st.Window(0).View()
		send(t, s, 0, 5*time.Second)
		if i := st.Describe(); i.State != Live || strings.Contains(playlist(st), "ENDLIST") {
			t.Fatal(i.State)
		}
		if v, _ := st.Window(0).View(); v.Segments[0].MSN != over.Next {
			t.Errorf("it begins with segment %d of a broadcast that is over; the new one's first is %d", v.Segments[0].MSN, over.Next)
		}
		verify(t, st)
		s.Close()
		time.Sleep(time.Minute + keepEnded + 5*time.Second)
		if v, _ := st.Window(0).View(); v.Playable() {
			t.Fatal("the media of a stream long ended are kept")
		}
	})
}

// TestEnd: who says that it is over is waited for a moment, and longer once back.
//
// Clause: hls-endlist
func TestEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const grace = time.Minute
		all := newStreams(t, t.TempDir())
		go all.Run(t.Context())
		s := publish(t, all, "demo")
		st := s.Stream()
		is := func(want Status, closed bool) {
			t.Helper()
			if got := st.Describe().State; got != want || strings.Contains(playlist(st), "ENDLIST") != closed {
				t.Fatalf("%s, want %s:\n%s", got, want, playlist(st))
			}
		}
		send(t, s, 0, 5*time.Second)
		s.End()
		s.Close() // comes late
		time.Sleep(farewell - time.Second)
		is(Interrupted, false)
		s = publish(t, all, "demo") // in time, and slow to send
		time.Sleep(10 * time.Second)
		is(Interrupted, false)
		send(t, s, 0, 5*time.Second)
		is(Live, false)
		s.End()
		time.Sleep(farewell + 2*time.Second)
		is(Ended, false)
		time.Sleep(grace)
		is(Ended, true)
		s = publish(t, all, "demo")
		send(t, s, 0, 5*time.Second)
		is(Live, false)
		s.Close() // lost this time
		time.Sleep(30 * time.Second)
		is(Interrupted, false)
	})
}

// TestEndWithALongGrace: as long as a broadcaster who said that it is over may come back, its playlist has its media.
//
// Clause: hls-endlist
func TestEndWithALongGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const grace = 2 * keepEnded
		all := newStreams(t, t.TempDir())
		all.config.Grace = grace
		go all.Run(t.Context())
		s := publish(t, all, "demo")
		st := s.Stream()
		send(t, s, 0, 5*time.Second)
		s.End()
		media := func() int { return strings.Count(playlist(st), "#EXTINF") }
		had := media()
		if had == 0 {
			t.Fatal("no media is listed")
		}
		time.Sleep(grace - time.Second)
		if n := media(); n != had {
			t.Errorf("%d segments are listed of %d", n, had)
		}
		time.Sleep(keepEnded)
		if n := media(); n != had {
			t.Errorf("of the ended playlist %d segments are listed of %d", n, had)
		}
		time.Sleep(5 * time.Second)
		if n := media(); n != 0 {
			t.Errorf("%d segments are held on", n)
		}
	})
}

// TestNobodyIsWaitedForInTheEnd: who goes with the program is not said to be waited for.
func TestNobodyIsWaitedForInTheEnd(t *testing.T) {
	for _, ends := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var said strings.Builder
			all := newStreams(t, t.TempDir())
			all.log = slog.New(slog.NewTextHandler(&said, nil))
			ctx, end := context.WithCancel(t.Context())
			defer end()
			done := make(chan struct{})
			go func() { all.Run(ctx); close(done) }()
			s := publish(t, all, "demo")
			send(t, s, 0, 5*time.Second)
			if ends {
				end()
			}
			s.Close()
			end()
			<-done
			if strings.Contains(said.String(), "msg=interrupted") == ends {
				t.Errorf("where the program ends is %v: says %s", ends, said.String())
			}
		})
	}
}
