package edge

import (
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
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
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
		if w.Code != http.StatusBadGateway || !strings.Contains(w.Body.String(), "cannot reach its origin") {
			t.Errorf("without origins: %d %q", w.Code, w.Body)
		}
		if w := get(e, partPath); w.Code != http.StatusOK {
			t.Errorf("what is cached: %d", w.Code)
		}
		way.fail("a.test", nil)
		if w := get(e, "/live/demo/v0/1700000000/s1.m4s"); w.Code != http.StatusOK {
			t.Errorf("after its return: %d; an error was cached", w.Code)
		}
	})
}

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
		if w := get(e, "/readyz"); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "connection refused") {
			t.Errorf("an origin gone: %d %q", w.Code, w.Body)
		}
		if w := get(e, "/healthz"); w.Code != http.StatusOK {
			t.Errorf("health: %d", w.Code)
		}
		way.fail("127.0.0.1:8081", nil)
		time.Sleep(2 * probeInterval)
		if w := get(e, "/readyz"); w.Code != http.StatusOK {
			t.Errorf("an origin back: %d %q", w.Code, w.Body)
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

func TestStalePlaylist(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := &outage{source: newSource(stage)}
		e := newEdge(t, Config{Transport: way})
		get(e, playlistPath)
		way.fail("127.0.0.1:8081", refused)
		for second := range 13 {
			want := http.StatusOK
			if time.Duration(second)*time.Second > plainLife+staleLife {
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

func TestEviction(t *testing.T) {
	src := newSource(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/live/demo/") {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Write(partBytes)
	})
	const limit = 1 << 20
	registry := prometheus.NewRegistry()
	e := newEdge(t, Config{Transport: src, MemoryBytes: limit, Registry: registry})
	uri := func(i int) string { return fmt.Sprintf("/live/demo/v0/1/s%d.m4s", i) }
	for i := range 100 {
		if w := get(e, uri(i)); !bytes.Equal(w.Body.Bytes(), partBytes) {
			t.Fatalf("%d: %d, %d bytes", i, w.Code, w.Body.Len())
		}
		get(e, uri(0)) // asked for all the time: stays
		e.flights.Wait()
		if e.cache.bytes > limit {
			t.Fatalf("%d bytes kept", e.cache.bytes)
		}
	}
	if n := src.total(uri(0)); n != 1 {
		t.Errorf("what was asked for all the time was filled %d times", n)
	}
	if e.cache.look(uri(1)) != nil || e.cache.look(uri(99)) == nil {
		t.Error("not the oldest was evicted")
	}
	sum := int64(0)
	for _, o := range e.cache.objects {
		sum += o.bytes
	}
	if sum != e.cache.bytes || int64(testutil.ToFloat64(e.meters.cacheBytes)) != sum || len(e.cache.objects) != e.cache.seats.Len() {
		t.Errorf("counted %d, shown %v, there are %d", e.cache.bytes, testutil.ToFloat64(e.meters.cacheBytes), sum)
	}
	if n := testutil.ToFloat64(e.meters.evictions); n < 80 {
		t.Errorf("%v evictions", n)
	}
	// Many tiny objects are bounded as well.
	for i := range 5000 {
		get(e, fmt.Sprintf("/live/nobody%d/index.m3u8", i))
	}
	if e.cache.bytes > limit || len(e.cache.objects) > limit/overhead {
		t.Errorf("%d objects, %d bytes", len(e.cache.objects), e.cache.bytes)
	}
}

func TestFlightLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEdge(t, Config{MaxFlights: 5, Transport: newSource(func(w http.ResponseWriter, r *http.Request) { <-release; w.Write(partBytes) })})
		codes := make(chan int)
		for i := range 20 {
			go func() { codes <- get(e, fmt.Sprintf("/live/demo/v0/1/s%d.m4s", i)).Code }()
		}
		synctest.Wait()
		close(release)
		count := map[int]int{}
		for range 20 {
			count[<-codes]++
		}
		if count[200] != 5 || count[503] != 15 {
			t.Errorf("answers %v", count)
		}
	})
}

func TestMemoryFullOfFlights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{MemoryBytes: 200 << 10, Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(partBytes)))
			time.Sleep(time.Second)
			w.Write(partBytes)
		})})
		codes := make(chan int)
		for i := range 20 {
			go func() { codes <- get(e, fmt.Sprintf("/live/demo/v0/1/s%d.m4s", i)).Code }()
		}
		count := map[int]int{}
		for range 20 {
			count[<-codes]++
		}
		e.flights.Wait()
		if count[200] < 2 || count[200]+count[503] != 20 || e.cache.bytes > 200<<10 {
			t.Errorf("answers %v, %d bytes", count, e.cache.bytes)
		}
	})
}

func TestPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(stage)
		e := newEdge(t, Config{Transport: src, TrackerURL: `wss://t.test/"><x`})
		w := get(e, "/watch/demo")
		if got, want := w.Body.String(), `<shoal-player name="demo" key="`+testKey+`" tracker="wss://t.test/&#34;&gt;&lt;x"></shoal-player>`; got != want {
			t.Errorf("%s", got)
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "'wasm-unsafe-eval'") || !strings.Contains(csp, "worker-src 'self' blob:") {
			t.Errorf("policy %q", csp)
		}
		if w := get(e, "/watch/nobody"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `key=""`) {
			t.Errorf("a stream not known yet: %d %q", w.Code, w.Body)
		}
		for uri, want := range map[string]string{"/": "live now", "/ops": "ops", "/studio/demo": `name="demo"`} {
			if w := get(e, uri); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) ||
				w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
				t.Errorf("%s: %d %q", uri, w.Code, w.Body)
			}
		}
		for _, c := range []struct{ uri, accept, typ, encoding, body string }{
			{"/assets/shoal.wasm", "br, gzip", "application/wasm", "", "\x00asm"},
			{"/assets/shoal-player.js", "", "text/javascript; charset=utf-8", "", "export {}"},
			{"/assets/shoal-player.js", "gzip", "text/javascript; charset=utf-8", "gzip", "gz!"},
			{"/assets/shoal-player.js", "gzip, deflate, br", "text/javascript; charset=utf-8", "br", "br!"},
		} {
			w := get(e, c.uri, "Accept-Encoding", c.accept)
			h := w.Header()
			if w.Body.String() != c.body || h.Get("Content-Type") != c.typ || h.Get("Content-Encoding") != c.encoding {
				t.Errorf("%s %s: %q %v", c.uri, c.accept, w.Body, h)
			}
		}
		before := src.total("/api/")
		for range 100 {
			get(e, "/watch/demo")
		}
		if n := src.total("/api/") - before; n != 0 {
			t.Errorf("%d more requests for the key", n)
		}
	})
}

func TestPageWithoutOrigin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Transport: newSource(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })})
		start := time.Now()
		if w := get(e, "/watch/demo"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `key=""`) {
			t.Errorf("%d %q", w.Code, w.Body)
		}
		if d := time.Since(start); d != keyPatience {
			t.Errorf("after %v", d)
		}
		e.flights.Wait()
	})
}

func TestPlayerNotBuilt(t *testing.T) {
	e := newEdge(t, Config{Transport: newSource(stage), Files: fstest.MapFS{".keep": {}}})
	for _, uri := range []string{"/", "/watch/demo", "/ops", "/assets/shoal.wasm"} {
		if w := get(e, uri); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "./scripts/up") {
			t.Errorf("%s: %d %q", uri, w.Code, w.Body)
		}
	}
}

func TestWHIP(t *testing.T) {
	src := newSource(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h := w.Header()
		h.Set("X-Origin-Secret", "1")
		h.Set("Access-Control-Allow-Origin", "http://only.test")
		if r.Header.Get("Authorization") != "Bearer key" || r.Header.Get("Cookie") != "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		h.Set("Location", "/whip/demo/abc")
		h.Set("Content-Type", "application/sdp")
		h.Set("ETag", `"7"`)
		h.Add("Link", `<stun:a>; rel="ice-server"`)
		h.Add("Link", `<stun:b>; rel="ice-server"`)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "%s %s %s %s", r.Method, r.URL, r.Header.Get("Content-Type"), body)
	})
	e := newEdge(t, Config{Transport: src})
	r := httptest.NewRequest("POST", "/whip/demo?key=x", strings.NewReader("v=0"))
	for name, value := range map[string]string{"Authorization": "Bearer key", "Content-Type": "application/sdp", "Cookie": "c"} {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	h := w.Header()
	if w.Code != http.StatusCreated || w.Body.String() != "POST http://127.0.0.1:8081/whip/demo application/sdp v=0" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	if h.Get("Location") != "/whip/demo/abc" || len(h.Values("Link")) != 2 || h.Get("ETag") != `"7"` || h.Get("X-Origin-Secret") != "" ||
		h.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%v", h)
	}
	if w := ask(e, "POST", "/whip/demo"); w.Code != http.StatusUnauthorized {
		t.Errorf("without a key: %d", w.Code)
	}
	get(e, partPath, "Authorization", "Bearer key")
	if got := src.seen[len(src.seen)-1].Header.Get("Authorization"); got != "" {
		t.Error("Authorization went upstream outside /whip/")
	}
	w = httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest("POST", "/whip/demo", strings.NewReader(strings.Repeat("x", maxSDP+1))))
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a huge offer: %d", w.Code)
	}
}

// TestPublishIsSentOnce: an offer the origin may have seen is not offered to the next.
func TestPublishIsSentOnce(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
	}{{refused, 201}, {io.ErrUnexpectedEOF, 502}} {
		way := &outage{source: newSource(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(201) })}
		way.fail("a.test", c.err)
		e := newEdge(t, Config{Transport: way, Origins: []string{"http://a.test", "http://b.test"}})
		if w := ask(e, "POST", "/whip/demo"); w.Code != c.status {
			t.Errorf("%v: %d, want %d", c.err, w.Code, c.status)
		}
	}
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	e := newEdge(t, Config{Transport: newSource(stage), Registry: registry})
	size := float64(len(partBytes))
	get(e, partPath) // starts the fill
	e.flights.Wait()
	get(e, partPath)
	get(e, partPath, "Range", "bytes=0-99")
	ask(e, "HEAD", partPath)
	get(e, playlistPath)
	for i := range 100 {
		get(e, fmt.Sprintf("/live/made-up-%d/index.m3u8", i))
		get(e, fmt.Sprintf("/watch/made-up-%d", i))
	}
	e.flights.Wait()
	for name, c := range map[string]struct {
		got  prometheus.Collector
		want float64
	}{
		"sent media":     {e.meters.sentBytes.WithLabelValues("demo", "media"), 2*size + 100},
		"hit":            {e.meters.hitBytes.WithLabelValues("demo"), size + 100},
		"sent playlist":  {e.meters.sentBytes.WithLabelValues("demo", "playlist"), float64(len(playlist(12, 2)))},
		"fills":          {e.meters.fills.WithLabelValues("demo"), 2},
		"unknown fills":  {e.meters.fills.WithLabelValues("unknown"), 200},
		"requests":       {e.meters.requests.WithLabelValues("demo", "media", "200"), 3},
		"range requests": {e.meters.requests.WithLabelValues("demo", "media", "206"), 1},
	} {
		if got := testutil.ToFloat64(c.got); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.Metric {
			for _, label := range m.Label {
				if strings.Contains(label.GetValue(), "made-up") || strings.Contains(label.GetValue(), "192.0.2.1") {
					t.Errorf("%s: label %s=%s is a viewer's making", family.GetName(), label.GetName(), label.GetValue())
				}
			}
		}
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
	if _, err := New(Config{Registry: registry, Files: built}); err == nil {
		t.Error("two edges in one registry")
	}
}

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
