package edge

import (
	"bytes"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/shoal-live/shoal/edge/http1"
)

// grower is a stream of parts that are hinted at and held. What asks for one is so late on its way to the origin.
type grower struct {
	*broadcast
	late time.Duration
	hint string // what it hints at, by MSN and part
}

func (g *grower) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "index.m3u8") {
		g.broadcast.ServeHTTP(&hinting{w, g}, r)
		return
	}
	select {
	case <-time.After(g.late):
	case <-r.Context().Done():
		return
	}
	var msn, part int
	if n, _ := fmt.Sscanf(r.URL.Path, "/live/demo/v0/1700000000/s%d.%d.m4s", &msn, &part); n < 2 {
		return
	}
	for {
		g.mu.Lock()
		there, change := msn <= g.last || msn == g.last+1 && part < g.parts, g.change
		g.mu.Unlock()
		if there {
			break
		}
		select {
		case <-change:
		case <-time.After(6 * time.Second):
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		case <-r.Context().Done():
			return
		}
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(partBytes)))
	w.Write(partBytes)
}

type hinting struct {
	http.ResponseWriter
	g *grower
}

func (h *hinting) Write(b []byte) (int, error) {
	h.g.mu.Lock()
	hint := fmt.Sprintf(h.g.hint, h.g.last+1, h.g.parts)
	h.g.mu.Unlock()
	return h.ResponseWriter.Write(fmt.Appendf(bytes.Clone(b), "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=%q\n", hint))
}

// play has a stream grow by n parts. Viewers hold a reload for each, and ask for the part once it is listed, if they want parts. It returns how long
// after the reload the part was there, at worst, of all but the first parts.
func play(e *Edge, g *grower, n, viewers int, wantParts bool) (late time.Duration) {
	var mu sync.Mutex
	for i := range n {
		g.mu.Lock()
		msn, part := g.last+1, g.parts
		g.mu.Unlock()
		var all sync.WaitGroup
		for range viewers {
			all.Go(func() {
				get(e, fmt.Sprintf("%s?_HLS_msn=%d&_HLS_part=%d", playlistPath, msn, part))
				listed := time.Now()
				if wantParts {
					hinted := fmt.Sprintf(g.hint, msn, part)
					if !strings.HasPrefix(hinted, "/") {
						hinted = "/live/demo/v0/" + hinted
					}
					get(e, hinted)
				}
				mu.Lock()
				defer mu.Unlock()
				if i > 2 {
					late = max(late, time.Since(listed))
				}
			})
		}
		time.Sleep(333 * time.Millisecond)
		g.grow()
		all.Wait()
	}
	return late
}

// TestAhead: a part is here when the playlist that lists it is, if viewers ask for parts, and it costs the origin nothing more.
func TestAhead(t *testing.T) {
	for _, c := range []struct {
		name      string
		hint      string
		wantParts bool
		ahead     int
		late      time.Duration
	}{
		{"viewers of parts", "1700000000/s%d.%d.m4s", true, 10, 0}, // all but the first two
		{"by its path", "/live/demo/v0/1700000000/s%d.%d.m4s", true, 10, 0},
		{"viewers of segments", "1700000000/s%d.%d.m4s", false, 0, 0},
		{"a hint of another stream", "/live/other/v0/1700000000/s%d.%d.m4s", true, 0, 20 * time.Millisecond},
		{"a hint of a segment", "1700000000/s%d%d.m4s", true, 0, 20 * time.Millisecond},
		{"a hint of nothing", "../../../../x%d.%d", true, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &grower{newBroadcast(12, 2), 20 * time.Millisecond, c.hint}
				src := newSource(g.ServeHTTP)
				e := newEdge(t, Config{Transport: src})
				run(t, e)
				get(e, playlistPath)
				if late := play(e, g, 12, 50, c.wantParts); late != c.late {
					t.Errorf("a part was there %v after the playlist that lists it", late)
				}
				if n := int(testutil.ToFloat64(e.tally.ahead.WithLabelValues("demo")) + testutil.ToFloat64(e.tally.ahead.WithLabelValues(unknown))); n != c.ahead {
					t.Errorf("%d fills ahead, want %d", n, c.ahead)
				}
				e.flights.Wait()
				src.mu.Lock()
				defer src.mu.Unlock()
				for uri, n := range src.asked {
					if strings.HasSuffix(uri, ".m4s") && n != 1 {
						t.Errorf("%s left the origin %d times", uri, n)
					}
				}
				if n := len(e.hints.parts); n > 1 {
					t.Errorf("hints of %d playlists are remembered", n)
				}
			})
		})
	}
}

// TestHitsAreWishes: a part that is answered from memory, past ServeHTTP, is one that viewers ask for.
func TestHitsAreWishes(t *testing.T) {
	e := newEdge(t, Config{Transport: newSource(stage)})
	target, err := parseLive(partPath)
	if err != nil {
		t.Fatal(err)
	}
	o, _ := e.start(target)
	e.flights.Wait()
	if o.wanted.Load() {
		t.Error("nobody has asked for it")
	}
	if _, ok := e.Hit(netip.Addr{}, &http1.Head{Target: []byte(partPath)}, time.Now()); !ok || !o.wanted.Load() {
		t.Errorf("a hit: %v; noted: %v", ok, o.wanted.Load())
	}
}

// TestAheadLeavesRoom: parts are not fetched ahead where flights are scarce.
func TestAheadLeavesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &grower{newBroadcast(12, 2), 0, "1700000000/s%d.%d.m4s"}
		e := newEdge(t, Config{Transport: newSource(g.ServeHTTP), MaxFlights: 2})
		run(t, e)
		get(e, playlistPath)
		play(e, g, 6, 2, true)
		n := testutil.ToFloat64(e.tally.ahead.WithLabelValues("demo"))
		go get(e, "/live/demo/v0/1700000000/s99.0.m4s") // held all the while
		synctest.Wait()
		play(e, g, 6, 1, false)
		if now := testutil.ToFloat64(e.tally.ahead.WithLabelValues("demo")); n == 0 || now > n {
			t.Errorf("%v fills ahead while there was room, %v while there was none", n, now-n)
		}
	})
}

func TestHints(t *testing.T) {
	var h hints
	for i := range 3 * maxAhead {
		h.note(fmt.Sprint(i), "x")
	}
	if len(h.parts) > maxAhead {
		t.Errorf("%d playlists are remembered", len(h.parts))
	}
	for i := range 20 {
		before := h.note("p", fmt.Sprint(i))
		if len(before) != min(i, aheadMemory) || i > 0 && before[len(before)-1] != fmt.Sprint(i-1) {
			t.Errorf("before %d: %v", i, before)
		}
		if again := h.note("p", fmt.Sprint(i)); len(again) != 0 {
			t.Errorf("%d is new twice: %v", i, again)
		}
	}
}
