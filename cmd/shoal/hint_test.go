package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/edge"
	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/swarm/wire"
)

// pair is an edge before an origin's window, with HTTP between them in memory, so that their time is a test's. The window
// has segment 0 whole and part 0 of segment 1: s1.1.m4s is hinted at.
type pair struct {
	*hls.Window
	edge *edge.Edge

	mu    sync.Mutex
	asked map[string]int // at the origin, by file
}

type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

const target = 2 * time.Second

func newPair(t *testing.T) *pair {
	p := &pair{asked: map[string]int{}, Window: hls.NewWindow(hls.Config{
		Epoch: 7, Target: target, PartTarget: target / 6, Listed: 5, PartsFor: 3,
	}, 0, nil)}
	p.open(0)
	p.Add(part("s0.0"), true)
	p.open(1)
	p.Add(part("s1.0"), false)

	mux := http.NewServeMux()
	mux.HandleFunc("GET /live/demo/v0/index.m3u8", func(w http.ResponseWriter, r *http.Request) { p.ServePlaylist(w, r, nil) })
	mux.HandleFunc("GET /live/demo/v0/7/{file}", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked[r.PathValue("file")]++
		p.mu.Unlock()
		n, _ := hls.ParseName(r.PathValue("file"))
		p.ServeMedia(w, r, n)
	})
	origin, listener, ended := &http.Server{Handler: mux}, make(pipes), make(chan struct{})
	go func() { origin.Serve(listener); close(ended) }()
	dial := func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		listener <- far
		return near, nil
	}
	var err error
	p.edge, err = edge.New(edge.Config{Transport: &http.Transport{DialContext: dial}, Files: fstest.MapFS{}, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() { p.edge.Run(ctx); close(stopped) }()
	t.Cleanup(func() { cancel(); <-stopped; origin.Close(); <-ended })
	return p
}

func (p *pair) open(msn uint64) {
	p.Open(hls.Segment{MSN: msn, Init: &hls.Init{}, Date: time.Now()})
}

func part(name string) hls.Part {
	return hls.Part{Duration: target / 6, Bytes: []byte("the bytes of " + name), Pieces: "hashes.of." + name}
}

// get asks the edge, as a viewer.
func (p *pair) get(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	p.edge.ServeHTTP(w, httptest.NewRequest("GET", "/live/demo/v0/"+path, nil))
	return w
}

// cost fails the test unless the origin was asked n times for a file.
func (p *pair) cost(t *testing.T, file string, n int) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked[file] != n {
		t.Errorf("the origin was asked for %s %d times, want %d", file, p.asked[file], n)
	}
}

// TestHint: viewers who ask for the part that is hinted at cost the origin one request, and all are answered the
// moment it is known what becomes of the part.
func TestHint(t *testing.T) {
	const viewers, wait = 20, 300 * time.Millisecond
	for _, c := range []struct {
		name   string
		after  func(p *pair)
		held   time.Duration
		status int
		says   string
		keep   time.Duration // how long the edge answers so without the origin; 0: for ever
	}{
		{"it is cut", func(p *pair) { p.Add(part("s1.1"), false) }, wait, 200, "the bytes of s1.1", 0},
		{"it is the segment's last", func(p *pair) { p.Add(part("s1.1"), true) }, wait, 200, "the bytes of s1.1", 0},
		{"the segment had ended", func(p *pair) { p.Add(hls.Part{}, true) }, wait, 404, "not here", time.Second},
		{"nothing comes", func(p *pair) {}, 3 * target, 503, "no new media", time.Second / 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				start := time.Now()
				check := func(w *httptest.ResponseRecorder, held time.Duration) {
					if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) || time.Since(start) != held {
						t.Errorf("%d %q after %v, want %d %q after %v", w.Code, w.Body, time.Since(start), c.status, c.says, held)
					}
					if got := w.Header().Get(wire.PiecesHeader); c.status == 200 && got != "hashes.of.s1.1" {
						t.Errorf("hashes %q", got)
					}
				}
				var all sync.WaitGroup
				for range viewers {
					all.Go(func() { check(p.get("7/s1.1.m4s"), c.held) })
				}
				time.Sleep(wait)
				c.after(p)
				all.Wait()
				p.cost(t, "s1.1.m4s", 1)

				time.Sleep(c.keep - 1)
				check(p.get("7/s1.1.m4s"), c.held+max(0, c.keep-1))
				p.cost(t, "s1.1.m4s", 1)
				if c.keep == 0 {
					return
				}
				time.Sleep(time.Nanosecond)
				go p.get("7/s1.1.m4s")
				synctest.Wait()
				p.cost(t, "s1.1.m4s", 2)
			})
		})
	}
}

// TestTooEarly: who asks for a part before it is hinted at is refused, and spoils it for nobody: from the next playlist
// on it is held and answered as every other.
func TestTooEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.get("index.m3u8")
		for n := 1; n < 6; n++ {
			early, hinted := fmt.Sprintf("7/s1.%d.m4s", n+1), fmt.Sprintf("7/s1.%d.m4s", n)
			for range 20 {
				if w := p.get(early); w.Code != http.StatusNotFound {
					t.Fatalf("%s: %d", early, w.Code)
				}
			}
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					start := time.Now()
					if w := p.get(hinted); w.Code != http.StatusOK || time.Since(start) != target/6 {
						t.Errorf("%s: %d after %v", hinted, w.Code, time.Since(start))
					}
				})
			}
			reload := make(chan int)
			go func() { reload <- p.get(fmt.Sprintf("index.m3u8?_HLS_msn=1&_HLS_part=%d", n)).Code }()
			time.Sleep(target / 6)
			p.Add(part(fmt.Sprint("s1.", n)), false)
			all.Wait()
			if code := <-reload; code != http.StatusOK {
				t.Fatalf("the playlist: %d", code)
			}
			p.cost(t, fmt.Sprintf("s1.%d.m4s", n), min(n, 2)) // once too early, but for the first, and once in time
		}
	})
}
