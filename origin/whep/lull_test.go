package whep

import (
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/rtc/rtctest"
	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/testclip"
)

// gathering is a running feed of a broadcast of pictures, until what it returns last is called, and what writes the broadcast's next pictures.
func gathering(t *testing.T) (f *feed, write func(frames int), end func()) {
	t.Helper()
	metrics, err := stream.NewMetrics(nil)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	session, err := stream.New(rtctest.Streams(t), metrics, log).Publish("demo", "test")
	if err != nil {
		t.Fatal(err)
	}
	if err := session.SetTracks([]media.Track{picture(t)}); err != nil {
		t.Fatal(err)
	}
	f = newFeed(session.Stream(), "", log)
	go f.run()
	n := 0
	write = func(frames int) {
		for range frames {
			if err := session.Write(frame(n).Frame); err != nil {
				t.Error(err)
			}
			n++
		}
	}
	return f, write, func() {
		f.tap.Close()
		<-f.ended
		session.Close()
	}
}

// TestLull: while nobody watches pictures gather; who joins misses none of them, whenever it does, and gets what comes then at once.
func TestLull(t *testing.T) {
	for name, c := range map[string]struct {
		before  int // pictures, until somebody joins
		woken   bool
		between int // pictures that come while it joins
	}{
		"in a lull":                       {5, false, 0},
		"after one":                       {12, true, 0},
		"and another lull begins with it": {5, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, write, end := gathering(t)
				defer end()
				write(1)
				synctest.Wait() // it is told of the tracks
				write(c.before - 1)
				synctest.Wait()
				f.mu.Lock()
				if woken := f.shown != 0; woken != c.woken {
					t.Errorf("the feed was woken: %v, by pictures that nobody watches until %v", woken, f.shown)
				}
				f.mu.Unlock()
				q := newQueue("H264", false)
				f.drain()
				synctest.Wait()
				write(c.between)
				synctest.Wait()
				kept := f.enter(q, time.Now())
				for range 3 { // the first may end what had begun
					write(1)
					synctest.Wait()
				}
				got := len(kept)
				for n, u := range kept {
					if u.PTS != time.Duration(n)*testclip.Interval {
						t.Errorf("picture %d is that of %v", n, u.PTS)
					}
				}
				for ; len(q.c) > 0; got++ {
					if u := <-q.c; u.PTS != time.Duration(got)*testclip.Interval {
						t.Errorf("picture %d is that of %v", got, u.PTS)
					}
				}
				if got != c.before+c.between+3 {
					t.Errorf("%d pictures", got)
				}
				f.leave(q)
			})
		})
	}
}

// TestJoinLull: who joins in a lull gets what has gathered.
func TestJoinLull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, write, end := gathering(t)
		defer end()
		write(testclip.GOP + 5)
		q := newQueue("H264", false)
		if kept := f.join(q, time.Now()); len(kept) != 5 || !kept[0].Key {
			t.Errorf("%d pictures", len(kept))
		}
		f.leave(q)
	})
}

// TestDrains: pictures stay in order whoever takes them from the tap.
func TestDrains(t *testing.T) {
	f, write, end := gathering(t)
	defer end()
	const rounds, pictures = 20, 200
	for range rounds {
		var all sync.WaitGroup
		f.mu.Lock() // so that all who can take one have
		write(pictures)
		for range 8 {
			all.Go(func() { f.drain() })
		}
		for range 100 {
			runtime.Gosched()
		}
		f.mu.Unlock()
		all.Wait()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ordered != nil || f.shown < (rounds*pictures-1)*testclip.Interval {
		t.Errorf("the newest is that of %v: %v", f.shown, f.ordered)
	}
}
