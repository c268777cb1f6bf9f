package edge

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// outage is a way to origins of which some are gone: by host, what dialling says.
type outage struct {
	*source
	gone sync.Map
}

func (o *outage) RoundTrip(r *http.Request) (*http.Response, error) {
	if err, ok := o.gone.Load(r.URL.Host); ok {
		return nil, err.(error)
	}
	return o.source.RoundTrip(r)
}

// fail makes dialling host end in err; nil mends it.
func (o *outage) fail(host string, err error) {
	if err == nil {
		o.gone.Delete(host)
		return
	}
	o.gone.Store(host, err)
}

var refused = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}

func TestFailover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := &outage{source: newSource(stage)}
		way.fail("a.test", refused)
		e := newEdge(t, Config{Transport: way, Origins: []string{"http://a.test", "http://b.test"}})
		if w := get(e, partPath); w.Code != http.StatusOK {
			t.Errorf("with one of two origins: %d", w.Code)
		}
		if err := e.Ready(); err != nil {
			t.Error(err)
		}
		way.fail("b.test", refused)
		w := get(e, "/live/demo/v0/1700000000/s1.m4s")
		if w.Code != http.StatusBadGateway || !strings.Contains(w.Body.String(), "cannot reach its origin") || w.Header().Get("Cache-Status") != "shoal; fwd=miss" {
			t.Errorf("without origins: %d %q", w.Code, w.Body)
		}
		if w := get(e, partPath); w.Code != http.StatusOK {
			t.Errorf("what is cached: %d", w.Code)
		}
		way.fail("a.test", nil)
		time.Sleep(brokenLife)
		if w := get(e, "/live/demo/v0/1700000000/s1.m4s"); w.Code != http.StatusOK {
			t.Errorf("after its return: %d; an error was cached", w.Code)
		}
	})
}

// Clause: readyz
func TestReadyComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := &outage{source: newSource(stage)}
		way.fail("127.0.0.1:8081", refused)
		e := newEdge(t, Config{Transport: way})
		run(t, e)
		if w := get(e, "/readyz"); w.Code != http.StatusOK {
			t.Errorf("an origin never asked: %d %q", w.Code, w.Body)
		}
		get(e, partPath)
		time.Sleep(10 * time.Second)
		if w := get(e, "/readyz"); w.Code != http.StatusServiceUnavailable || w.Body.String() != "not ready: no origin answers\n" {
			t.Errorf("an origin that was never there: %d %q", w.Code, w.Body)
		}
		if err := e.Ready(); err == nil || !strings.Contains(err.Error(), "127.0.0.1:8081: dial tcp: connection refused") {
			t.Errorf("an origin gone, for the operator: %v", err)
		}
		if w := get(e, "/healthz"); w.Code != http.StatusOK {
			t.Errorf("health: %d", w.Code)
		}
		way.fail("127.0.0.1:8081", nil)
		time.Sleep(2 * probeInterval)
		if w := get(e, "/readyz"); w.Code != http.StatusOK {
			t.Errorf("an origin back: %d %q", w.Code, w.Body)
		}
		way.fail("127.0.0.1:8081", refused)
		get(e, "/live/demo/v0/1700000000/s9.m4s")
		for _, c := range []struct {
			after  time.Duration
			status int
		}{{20 * time.Second, http.StatusOK}, {leastUseful - 20*time.Second, http.StatusServiceUnavailable}} {
			time.Sleep(c.after)
			if w := get(e, "/readyz"); w.Code != c.status || e.Ready() == nil {
				t.Errorf("an origin gone, what was had of it is served: %d %q, for the operator %v", w.Code, w.Body, e.Ready())
			}
		}
	})
}

func TestSilentOrigin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Transport: newSource(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })})
		start := time.Now()
		if w := get(e, partPath); w.Code != http.StatusBadGateway {
			t.Errorf("%d %q", w.Code, w.Body)
		}
		if d := time.Since(start); d != livePatience {
			t.Errorf("after %v", d)
		}
	})
}

// Clause: http-stale
func TestStalePlaylist(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := &outage{source: newSource(stage)}
		e := newEdge(t, Config{Transport: way})
		get(e, playlistPath)
		way.fail("127.0.0.1:8081", refused)
		for second := range 13 {
			want := http.StatusOK
			if time.Duration(second)*time.Second > leastUseful {
				want = http.StatusBadGateway
			}
			w := get(e, playlistPath)
			if w.Code != want || want == 200 && (w.Body.String() != playlist(12, 2) || w.Header().Get("Age") != fmt.Sprint(second)) {
				t.Errorf("after %d s: %d, Age %s", second, w.Code, w.Header().Get("Age"))
			}
			time.Sleep(time.Second)
		}
	})
}

// TestPublishIsSentOnce: an offer the origin may have seen is not offered to the next.
func TestConfig(t *testing.T) {
	if _, err := New(Config{}); err != nil {
		t.Errorf("the zero value: %v", err)
	}
	for _, bad := range []string{"", "origin:8080", "ftp://x", "http://", "http://u:p@x", "http://x?y"} {
		if _, err := New(Config{Origins: []string{bad}}); err == nil || !strings.Contains(err.Error(), "edge:") {
			t.Errorf("origin %q: %v", bad, err)
		}
	}
}

func FuzzParseRange(f *testing.F) {
	for _, header := range []string{"bytes=0-0", "bytes=-5", "bytes=5-", "bytes=9223372036854775807-", "bytes=1-2,3-4"} {
		f.Add(header, int64(10))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		s, ok := parseRange(header)
		if !ok || size < 0 {
			return
		}
		if from, to, ok := s.within(size); ok && (from < 0 || from >= to || to > size) {
			t.Fatalf("%q of %d: %d to %d", header, size, from, to)
		}
	})
}

// silent is the cheapest ResponseWriter there can be.
type silent struct{ header http.Header }

func (w silent) Header() http.Header         { return w.header }
func (w silent) Write(b []byte) (int, error) { return len(b), nil }
func (w silent) WriteHeader(int)             {}
func (w silent) Flush()                      {}

func BenchmarkHit(b *testing.B) {
	for name, uri := range map[string]string{"media": partPath, "playlist": playlistPath + "?_HLS_msn=13&_HLS_part=2"} {
		b.Run(name, func(b *testing.B) {
			e := newEdge(b, Config{Transport: newSource(stage), Log: slog.New(slog.DiscardHandler)})
			get(e, playlistPath)
			get(e, uri)
			e.cache.look(uri).expires = time.Now().Add(time.Hour)
			r := httptest.NewRequest("GET", uri, nil)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					e.ServeHTTP(silent{http.Header{}}, r)
				}
			})
		})
	}
}

// TestRetriesCostLittle: an origin that fails is asked four times a second, however many viewers retry.
func TestRetriesCostLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
		e := newEdge(t, Config{Transport: src})
		for range 1000 {
			if w := get(e, partPath); w.Code != http.StatusInternalServerError || w.Header().Get("Cache-Control") != "no-store" {
				t.Fatalf("%d %v", w.Code, w.Header())
			}
			time.Sleep(10 * time.Millisecond)
		}
		if n := src.total(""); n != 40 {
			t.Errorf("%d fills in 10 s", n)
		}
	})
}

// TestSlowReader: who does not read loses the connection; who is idle between two requests does not.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Transport: newSource(stage)})
		viewer, end := serve(e)
		defer end()
		ask := func() { fmt.Fprintf(viewer, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", partPath) }
		r := bufio.NewReader(viewer)
		for range 2 {
			ask()
			resp, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(body, partBytes) {
				t.Fatalf("%d bytes, %v", len(body), err)
			}
			time.Sleep(2 * sendPatience)
		}
		ask()
		time.Sleep(2 * sendPatience)
		if n, err := io.Copy(io.Discard, r); n >= int64(len(partBytes)) || err != nil {
			t.Errorf("read %d bytes after all, %v", n, err)
		}
	})
}
