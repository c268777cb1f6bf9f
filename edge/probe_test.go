package edge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestQuietIsNotSilent: an origin that holds what it is asked for is left alone while it lives.
func TestQuietIsNotSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(12, 2)
		way := newFreeze(healthy(b.ServeHTTP))
		e := newEdge(t, Config{Transport: way, Origins: []string{"http://a.test", "http://b.test"}})
		run(t, e)
		get(e, playlistPath)
		go get(e, playlistPath+"?_HLS_msn=13&_HLS_part=2")
		time.Sleep(2900 * time.Millisecond) // less than shortHold
		if n := way.total(playlistPath + "?"); n != 1 {
			t.Errorf("%d requests for the reload", n)
		}
		if n := way.total("/healthz"); n < 5 || n > 8 { // one of them when it began
			t.Errorf("%d probes", n)
		}
		b.grow()
		synctest.Wait()
		before := way.total("/healthz")
		time.Sleep(time.Minute)
		if n := way.total("/healthz") - before; n < 20 || n > 24 { // of both
			t.Errorf("%d probes in a minute in which nothing is waited for", n)
		}
	})
}

// TestBusyIsNotSilent: an origin whose way is full of a large object answers no probe in time, and is there all the same.
func TestBusyIsNotSilent(t *testing.T) {
	for _, drips := range []bool{true, false} {
		t.Run(fmt.Sprintf("drips=%v", drips), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := newSource(func(w http.ResponseWriter, r *http.Request) {
					switch {
					case r.URL.Host == "b.test":
						w.WriteHeader(http.StatusServiceUnavailable)
					case r.URL.Path == "/healthz":
						<-r.Context().Done()
					case r.URL.Path == segment(1): // slowly, but without a pause
						for i := range 40 {
							w.Write(partBytes[i*1000:][:1000])
							if drips {
								time.Sleep(100 * time.Millisecond)
							}
						}
						if !drips {
							<-r.Context().Done()
						}
					default: // starved by that
						select {
						case <-time.After(3 * time.Second):
							w.Write(partBytes)
						case <-r.Context().Done():
						}
					}
				})
				e := newEdge(t, Config{Transport: src, Origins: []string{"http://a.test", "http://b.test"}})
				run(t, e)
				var all sync.WaitGroup
				all.Go(func() { watch(e, segment(1), new(reader)) })
				time.Sleep(time.Millisecond)
				all.Go(func() { get(e, segment(2)) })
				all.Wait()
				if n := src.total("/live/"); (n == 2) != drips || src.total("/healthz") == 0 {
					t.Errorf("they were asked %d times for two objects, %d probes", n, src.total("/healthz"))
				}
			})
		})
	}
}

// TestProbes: how often one is asked for its health, and what is made of an answer that is late.
func TestProbes(t *testing.T) {
	both := []string{"http://a.test", "http://b.test"}
	t.Run("one at a time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var probes atomic.Int32
			e := newEdge(t, Config{Origins: both, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				switch {
				case r.URL.Host == "b.test":
					return &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{}}, nil
				case r.URL.Path != "/healthz":
					return nil, errors.New("connection reset by peer")
				}
				probes.Add(1)
				<-r.Context().Done()
				return nil, r.Context().Err()
			})})
			run(t, e)
			get(e, segment(1))
			time.Sleep(probeLimit)
			if n := probes.Load(); n != 1 {
				t.Errorf("%d probes in the time of one", n)
			}
		})
	})
	t.Run("nobody else to ask", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newBroadcast(12, 2)
			way := newFreeze(healthy(b.ServeHTTP))
			e := newEdge(t, Config{Transport: way, Origins: both[:1]})
			run(t, e)
			get(e, playlistPath)
			go get(e, playlistPath+"?_HLS_msn=13&_HLS_part=2")
			time.Sleep(5 * time.Second)
			if n := way.total("/healthz"); n != 0 {
				t.Errorf("%d probes of an only origin that holds", n)
			}
			b.grow()
		})
	})
	t.Run("this machine was late", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e := newEdge(t, Config{Origins: both, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				time.Sleep(probeLimit + probeLate + time.Millisecond) // the process was not run in time
				return nil, context.DeadlineExceeded
			})})
			u := e.origins.bases[0]
			if e.origins.probe(t.Context(), u); u.out || !u.doubted {
				t.Errorf("out %v, doubted %v", u.out, u.doubted)
			}
		})
	})
	t.Run("only what is waited for is left", func(t *testing.T) {
		e := newEdge(t, Config{Origins: both})
		u := e.origins.bases[0]
		var left [2]bool
		for i := range left {
			w := &wait{cancel: func(error) { left[i] = true }}
			u.add(w)
			if i == 1 {
				w.since.Store(1)
			}
			if got := u.quiet(time.Now().Add(quietTime)); got != (i == 1) {
				t.Errorf("%d: quiet %v", i, got)
			}
		}
		if e.origins.leave(u); left != [2]bool{false, true} {
			t.Errorf("left %v", left)
		}
	})
}

// TestIdle: an edge that nobody asks for anything finds out all the same that its only origin is gone, and that it is back.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := &outage{source: newSource(stage)}
		e := newEdge(t, Config{Transport: way, Origins: []string{"http://a.test"}})
		run(t, e)
		get(e, playlistPath)
		for _, c := range []struct {
			err    error
			within time.Duration
			status int
		}{{nil, time.Minute, http.StatusOK}, {refused, idleInterval + time.Second + leastUseful, http.StatusServiceUnavailable}, {nil, time.Second, http.StatusOK}} {
			way.fail("a.test", c.err)
			time.Sleep(c.within)
			if w := get(e, "/readyz"); w.Code != c.status {
				t.Errorf("its failure is %v, and it says %d %s", c.err, w.Code, w.Body)
			}
		}
	})
}

// TestGreeting: an edge that begins asks all upstreams how they are, and says which is not there, be it a typo; it is not ready while none is.
// The loss of a parent is said too, once, and its return.
func TestGreeting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		way := &outage{source: newSource(stage)}
		way.fail("a.test", refused)
		way.fail("p.test", refused)
		e := newEdge(t, Config{Transport: way, Origins: []string{"http://a.test"}, Parents: []string{"http://p.test"}, Log: slog.New(slog.NewTextHandler(&log, nil))})
		run(t, e)
		said := func(what, at string, times int) {
			t.Helper()
			synctest.Wait()
			n := 0
			for line := range strings.Lines(log.String()) {
				if strings.Contains(line, what) && strings.Contains(line, at) {
					n++
				}
			}
			if n != times {
				t.Errorf("%q of %s %d times, want %d:\n%s", what, at, n, times, &log)
			}
		}
		time.Sleep(time.Second)
		said("does not answer", "http://a.test", 1)
		said("does not answer", "http://p.test", 1)
		if w := get(e, "/readyz"); w.Code != http.StatusServiceUnavailable || e.Ready() == nil {
			t.Errorf("nobody is there: %d %v", w.Code, e.Ready())
		}
		way.fail("a.test", nil)
		way.fail("p.test", nil)
		time.Sleep(time.Second)
		if w := get(e, "/readyz"); w.Code != http.StatusOK {
			t.Errorf("all are there: %d", w.Code)
		}
		said("answers again", "http://p.test", 1)
		way.fail("p.test", refused)
		for i := range 3 {
			get(e, "/live/demo/v0/1700000000/s"+strconv.Itoa(i)+".m4s")
			time.Sleep(time.Second)
		}
		said("does not answer", "http://p.test", 2)
		if e.Ready() != nil {
			t.Error("the origin is there", e.Ready())
		}
	})
}

// TestReturnIsSaid: that an upstream is there again is said once, whether a probe or a request finds it out: while nobody else is in, requests go to one
// that is out.
func TestReturnIsSaid(t *testing.T) {
	for _, asked := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			way := &outage{source: newSource(stage)}
			way.fail("p.test", refused)
			e := newEdge(t, Config{Transport: way, Parents: []string{"http://p.test"}, Log: slog.New(slog.NewTextHandler(&log, nil))})
			run(t, e)
			time.Sleep(time.Second)
			way.fail("p.test", nil)
			if asked {
				if w := get(e, segment(1)); w.Code != http.StatusOK {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			for _, line := range []string{"does not answer", "an upstream answers again"} {
				if n := strings.Count(log.String(), line); n != 1 {
					t.Errorf("asked %v: %q is said %d times:\n%s", asked, line, n, &log)
				}
			}
		})
	}
}
