package stream

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
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

// TestAfterACrash: a stream that was live shortly before a process began waits for its broadcaster from then on, and is listed; one
// that was heard of before the grace has ended since.
//
// Clause: restart
func TestAfterACrash(t *testing.T) {
	for name, c := range map[string]struct {
		away  time.Duration
		state Status
	}{"a quick restart": {10 * time.Second, Interrupted}, "hours later": {3 * time.Hour, Ended}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := publish(t, newStreams(t, dir), "demo")
			pictures(t, s, 0)
			s.Close()
			synctest.Test(t, func(t *testing.T) {
				last := time.Now().Add(-c.away)
				if err := os.Chtimes(filepath.Join(dir, "demo", "state.json"), last, last); err != nil {
					t.Fatal(err)
				}
				all := newStreams(t, dir)
				asked := 0
				all.config.Past = func(string, uint32, int) Past { asked++; return Past{} }
				ctx, stop := context.WithCancel(t.Context())
				began := time.Now()
				done := make(chan struct{})
				go func() { all.Run(ctx); close(done) }()
				synctest.Wait()
				waits := c.state == Interrupted
				if n := len(all.All()); (n == 1) != waits || (asked == 1) != waits {
					t.Errorf("%d streams are known, what is stored was asked for %d times", n, asked)
				}
				st := all.Get("demo")
				d := st.Describe()
				if d.State != c.state || st.Heard() != waits || st.Awaited(time.Now()) != waits {
					t.Errorf("it is %s, listed: %v", d.State, st.Heard())
				}
				want := began
				if !waits {
					want = began.Add(-c.away)
				}
				if d.Since.Sub(want).Abs() > time.Second {
					t.Errorf("since %v, want %v", d.Since, want)
				}
				time.Sleep(59 * time.Second)
				if d := st.Describe(); d.State != c.state {
					t.Errorf("before the grace is over it is %s", d.State)
				}
				time.Sleep(2 * time.Second)
				if d := st.Describe(); d.State != Ended || st.Awaited(time.Now()) {
					t.Errorf("after the grace it is %s", d.State)
				}
				stop()
				<-done
			})
		})
	}
}

// TestLiveBeforeRun: what goes beside a session begins also where its first part was made before Run had begun, as when a broadcaster is back
// while an origin with many streams starts.
//
// Clause: restart
func TestLiveBeforeRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newStreams(t, t.TempDir())
		began := 0
		all.config.Live = func(ctx context.Context, _ *Stream) { began++; <-ctx.Done() }
		s := publish(t, all, "demo")
		send(t, s, 0, 2*time.Second)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { all.Run(ctx); close(done) }()
		synctest.Wait()
		send(t, s, 2*time.Second, 4*time.Second)
		synctest.Wait()
		if began != 1 {
			t.Errorf("it began %d times", began)
		}
		s.Close()
		stop()
		<-done
	})
}

// TestRegains: what a stream had before a restart may come again until its broadcaster has been back for a while; a new stream has had nothing.
//
// Clause: restart, ladder
func TestRegains(t *testing.T) {
	dir := t.TempDir()
	fresh := newStreams(t, dir)
	s := publish(t, fresh, "demo")
	pictures(t, s, 0)
	if fresh.Get("demo").Regains(time.Now()) {
		t.Error("a new stream has something to come again")
	}
	s.Close()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		if err := os.Chtimes(filepath.Join(dir, "demo", "state.json"), now, now); err != nil {
			t.Fatal(err)
		}
		all := newStreams(t, dir)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { all.Run(ctx); close(done) }()
		synctest.Wait()
		st := all.Get("demo")
		if now := time.Now(); !st.Regains(now) || st.Regains(now.Add(2*time.Minute)) {
			t.Error("while its broadcaster is awaited")
		}
		s := publish(t, all, "demo")
		send(t, s, 0, 2*time.Second)
		if now := time.Now(); !st.Regains(now) || st.Regains(now.Add(regainTime)) {
			t.Error("when its broadcaster is back")
		}
		s.Close()
		stop()
		<-done
	})
}
