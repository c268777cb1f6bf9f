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

// freeze is a way to upstreams of which some are frozen, as by SIGSTOP: they take requests, and neither answer nor go on with answers
// until they are thawed. Others are gone: nobody listens there.
type freeze struct {
	*source

	mu     sync.Mutex
	frozen map[string]chan struct{} // by host; closed when it thaws
	gone   map[string]bool
	faults int // requests and bytes that met one
}

func newFreeze(handler http.HandlerFunc) *freeze {
	f := &freeze{frozen: map[string]chan struct{}{}, gone: map[string]bool{}}
	f.source = newSource(func(w http.ResponseWriter, r *http.Request) {
		handler(&frozenWriter{w, f, r}, r)
	})
	return f
}

func (f *freeze) set(host string, frozen bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if frozen {
		f.frozen[host] = make(chan struct{})
		return
	}
	close(f.frozen[host])
	delete(f.frozen, host)
}

func (f *freeze) lose(host string, gone bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone[host] = gone
}

// met returns how many requests and bytes have met a fault.
func (f *freeze) met() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.faults
}

// pass waits until host is not frozen.
func (f *freeze) pass(ctx context.Context, host string) error {
	f.mu.Lock()
	thaw, gone := f.frozen[host], f.gone[host]
	if thaw != nil || gone {
		f.faults++
	}
	f.mu.Unlock()
	if gone {
		return refused
	}
	if thaw == nil {
		return nil
	}
	select {
	case <-thaw:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (f *freeze) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := f.pass(r.Context(), r.URL.Host); err != nil {
		return nil, err
	}
	resp, err := f.source.RoundTrip(r)
	if err == nil && f.pass(r.Context(), r.URL.Host) != nil {
		resp.Body.Close()
		return nil, context.Cause(r.Context())
	}
	return resp, err
}

type frozenWriter struct {
	http.ResponseWriter
	f *freeze
	r *http.Request
}

func (w *frozenWriter) Write(b []byte) (int, error) {
	if err := w.f.pass(w.r.Context(), w.r.URL.Host); err != nil {
		panic(err) // or the body would seem to be whole
	}
	return w.ResponseWriter.Write(b)
}

// healthy adds what every upstream has.
func healthy(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			w.Write([]byte("ok\n"))
			return
		}
		handler(w, r)
	}
}

const known = 1100 * time.Millisecond // after a freeze, by then all have moved over

// TestFrozenAmongOrigins: when one of two origins falls silent, what is waited for there is asked of the other, whatever it is, and when
// it comes to itself it is known too.
func TestFrozenAmongOrigins(t *testing.T) {
	for _, c := range []struct {
		name   string
		uri    string
		before time.Duration // from the request to the freeze
		want   string
	}{
		{"a held reload", playlistPath + "?_HLS_msn=13&_HLS_part=2", 2 * time.Second, playlist(12, 3)},
		{"a held reload, just asked", playlistPath + "?_HLS_msn=13&_HLS_part=2", 0, playlist(12, 3)},
		{"a hinted part", "/live/demo/v0/1700000000/s13.2.m4s", 3 * time.Second, string(partBytes)},
		{"media in its midst", "/live/demo/v0/1700000000/s12.m4s", time.Second, string(partBytes)},
		{"the API", "/api/v1/streams", -time.Second, "b"},
		{"a playlist", playlistPath, -2 * time.Second, playlist(12, 2)},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				held := newBroadcast(12, 2)
				other := newBroadcast(12, 2)
				other.grow()
				way := newFreeze(healthy(func(w http.ResponseWriter, r *http.Request) {
					from := r.URL.Host[:1]
					switch {
					case strings.HasPrefix(r.URL.Path, "/api/"):
						w.Write([]byte(from))
					case strings.HasSuffix(r.URL.Path, "/s13.2.m4s") && from == "a":
						<-r.Context().Done()
					case strings.HasSuffix(r.URL.Path, "/s12.m4s") && from == "a":
						w.Write(partBytes[:1000])
						time.Sleep(2 * time.Second)
						w.Write(partBytes[1000:])
					case strings.HasSuffix(r.URL.Path, ".m4s"):
						http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(partBytes))
					case from == "a" || r.URL.RawQuery == "":
						held.ServeHTTP(w, r)
					default:
						other.ServeHTTP(w, r)
					}
				}))
				e := newEdge(t, Config{Transport: way, Origins: []string{"http://a.test", "http://b.test"}})
				run(t, e)
				get(e, playlistPath)
				if c.before < 0 {
					way.set("a.test", true)
					time.Sleep(-c.before) // longer than what is cached lives
				}
				var all sync.WaitGroup
				var moved time.Duration
				start := time.Now()
				all.Go(func() {
					w := get(e, c.uri)
					moved = time.Since(start) - max(0, c.before)
					if w.Code != http.StatusOK || w.Body.String() != c.want {
						t.Errorf("%d %.100q", w.Code, w.Body)
					}
				})
				if c.before >= 0 {
					time.Sleep(c.before)
					way.set("a.test", true)
				}
				all.Wait()
				if moved <= 0 && c.before >= 0 || moved > known || way.met() == 0 {
					t.Errorf("moved over %v after the freeze; %d faults", moved, way.met())
				}
				// Nobody waits for it any more.
				start = time.Now()
				get(e, "/live/demo/v0/1700000000/s11.m4s")
				if took := time.Since(start); took != 0 {
					t.Errorf("what is asked for next took %v", took)
				}
				if e.origins.out() != 1 {
					t.Errorf("%d are out", e.origins.out())
				}
				way.set("a.test", false)
				time.Sleep(probeInterval + pulse)
				if e.origins.out() != 0 {
					t.Errorf("%d are out after it came to itself", e.origins.out())
				}
			})
		})
	}
}

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
		if n := way.total("/healthz"); n != before {
			t.Errorf("%d probes while nothing is waited for", n-before)
		}
	})
}

// TestFrozenAlone: an only origin that falls silent is waited for, but by nobody for whom there is something older.
func TestFrozenAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(12, 2)
		way := newFreeze(healthy(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, ".m4s") {
				w.Write(partBytes)
				return
			}
			b.ServeHTTP(w, r)
		}))
		e := newEdge(t, Config{Transport: way, Origins: []string{"http://a.test"}})
		run(t, e)
		get(e, playlistPath)
		codes := make(chan int, 2)
		go func() { codes <- get(e, playlistPath+"?_HLS_msn=13&_HLS_part=2").Code }()
		synctest.Wait()
		way.set("a.test", true)
		go func() { codes <- get(e, partPath).Code }()
		for range 2 {
			time.Sleep(time.Second)
			start := time.Now()
			if w := get(e, playlistPath); w.Code != http.StatusOK || time.Since(start) > stalePatience {
				t.Errorf("a playlist: %d after %v", w.Code, time.Since(start))
			}
		}
		way.set("a.test", false)
		b.grow()
		start := time.Now()
		if first, second := <-codes, <-codes; first != http.StatusOK || second != http.StatusOK || time.Since(start) != 0 || way.met() == 0 {
			t.Errorf("the reload and the part: %d, %d after %v; %d faults", first, second, time.Since(start), way.met())
		}
	})
}

// TestBothFrozen: when both origins are frozen, what waits at one moves over once the other has come to itself.
func TestBothFrozen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := newFreeze(healthy(func(w http.ResponseWriter, r *http.Request) { w.Write(partBytes) }))
		e := newEdge(t, Config{Transport: way, Origins: []string{"http://a.test", "http://b.test"}})
		run(t, e)
		way.set("a.test", true)
		way.set("b.test", true)
		code := make(chan int)
		go func() { code <- get(e, partPath).Code }()
		time.Sleep(5 * time.Second)
		if e.origins.out() != 2 {
			t.Errorf("%d are out", e.origins.out())
		}
		// It waits at one of them, for as long as that takes.
		at, other := "a.test", "b.test"
		if len(e.origins.bases[1].waits) > 0 {
			at, other = other, at
		}
		way.set(other, false)
		start := time.Now()
		if c := <-code; c != http.StatusOK || time.Since(start) > known {
			t.Errorf("%d %v after %s came to itself, of a request at %s", c, time.Since(start), other, at)
		}
		way.set(at, false)
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
			if got := u.quiet(time.Now()); got != (i == 1) {
				t.Errorf("%d: quiet %v", i, got)
			}
		}
		if e.origins.leave(u); left != [2]bool{false, true} {
			t.Errorf("left %v", left)
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
