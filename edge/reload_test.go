package edge

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestFarReloads: whatever viewers ask to be held for, the origin holds the part that comes next, and the segment, and no more. Who asks for what is
// further on is answered when that has come.
func TestFarReloads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(12, 2)
		src := newSource(b.ServeHTTP)
		e := newEdge(t, Config{Transport: src})
		get(e, playlistPath)
		start := time.Now()
		var all sync.WaitGroup
		for msn := 13; msn <= 14; msn++ {
			for part := -1; part < 6; part++ {
				uri := fmt.Sprintf("%s?_HLS_msn=%d", playlistPath, msn)
				after := 6 // parts of the segment
				if part >= 0 {
					uri += fmt.Sprintf("&_HLS_part=%d", part)
					after = part + 1
				}
				after += (msn-13)*6 - 2 // are here
				if after <= 0 {
					continue
				}
				all.Go(func() {
					w := get(e, uri)
					took := time.Since(start)
					if want := time.Duration(after) * 333 * time.Millisecond; w.Code != http.StatusOK || took != want {
						t.Errorf("%s: %d after %v, want it after %v", uri, w.Code, took, want)
					}
					if p := readPosition(w.Body.Bytes()); !p.has(reload{held: true, msn: int64(msn), part: part}) {
						t.Errorf("%s: %s", uri, w.Body)
					}
				})
			}
		}
		for range 10 {
			synctest.Wait()
			if e.mu.Lock(); e.flying > 2 {
				t.Errorf("%d requests are held", e.flying)
			}
			e.mu.Unlock()
			time.Sleep(333 * time.Millisecond)
			b.grow()
		}
		all.Wait()
		if n := src.total(playlistPath + "?"); n > 12 {
			t.Errorf("%d reloads for ten parts and two segments", n)
		}
	})
}

// TestFarReloadsEnd: one that waits for what does not come is told so in time, also where the stream goes on slowly, or an origin answers with nothing new.
func TestFarReloadsEnd(t *testing.T) {
	uri := playlistPath + "?_HLS_msn=14&_HLS_part=5"
	for _, c := range []struct {
		name  string
		grows time.Duration
		code  int
		took  time.Duration
	}{{"nothing comes", time.Hour, 503, 6 * time.Second}, {"too slowly", 2 * time.Second, 503, 6 * time.Second}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBroadcast(12, 2)
				e := newEdge(t, Config{Transport: newSource(b.ServeHTTP)})
				get(e, playlistPath)
				ended := make(chan struct{})
				go func() {
					for {
						select {
						case <-time.After(c.grows):
							b.grow()
						case <-ended:
							return
						}
					}
				}()
				start := time.Now()
				w := get(e, uri)
				if took := time.Since(start); w.Code != c.code || took != c.took || w.Header().Get("Retry-After") == "" {
					t.Errorf("%d after %v: %s", w.Code, took, w.Body)
				}
				close(ended)
				e.stop(errStopping)
				e.flights.Wait()
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		src := newSource(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, playlist(12, 2)) })
		e := newEdge(t, Config{Transport: src})
		get(e, playlistPath)
		if w := get(e, uri); w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), "#EXTM3U") || src.total("") != 2 {
			t.Errorf("%d after %d requests", w.Code, src.total(""))
		}
	})
}

// TestSettle: each reload has one form, in which it is asked for, and one that comes before it.
func TestSettle(t *testing.T) {
	parts := position{last: 12, whole: 6, parts: 2, most: 8, present: true}
	for _, c := range []struct {
		name             string
		p                position
		r, settled, next reload
	}{
		{"the next part", parts, reload{msn: 13, part: 2}, reload{msn: 13, part: 2}, reload{msn: 13, part: 2}},
		{"a later part", parts, reload{msn: 13, part: 5}, reload{msn: 13, part: 5}, reload{msn: 13, part: 2}},
		{"past the last of a whole segment", parts, reload{msn: 12, part: 6}, reload{msn: 13, part: 0}, reload{msn: 13, part: 2}},
		{"past the last there can be", parts, reload{msn: 13, part: 8}, reload{msn: 14, part: 0}, reload{msn: 13, part: 2}},
		{"the segment", parts, reload{msn: 13, part: -1}, reload{msn: 13, part: -1}, reload{msn: 13, part: -1}},
		{"a later segment", parts, reload{msn: 15, part: -1}, reload{msn: 15, part: -1}, reload{msn: 13, part: -1}},
		{"a part of a stream that has none", position{last: 12}, reload{msn: 14, part: 3}, reload{msn: 14, part: -1}, reload{msn: 13, part: -1}},
		{"a segment that has all its parts", position{last: 12, parts: 8, most: 8}, reload{msn: 14, part: 1}, reload{msn: 14, part: 1}, reload{msn: 14, part: 0}},
	} {
		if got := c.p.settle(c.r); got != c.settled {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.settled)
		}
		if got := c.p.next(c.p.settle(c.r)); got != c.next {
			t.Errorf("%s: after %+v, want %+v", c.name, got, c.next)
		}
	}
}

// TestReloadsAfterAWhile: a playlist that is no longer fresh settles nothing by itself, and is not asked for where a reload will bring the next.
func TestReloadsAfterAWhile(t *testing.T) {
	for _, c := range []struct {
		name   string
		query  string
		grown  int // parts, meanwhile
		status int
		plain  int // requests for it, that of before included
		held   int
	}{
		{"what comes next", "_HLS_msn=13&_HLS_part=2", 0, 200, 1, 1},
		{"what it has", "_HLS_msn=12", 0, 200, 2, 0},
		{"what it has, and there is more", "_HLS_msn=12", 5, 200, 2, 0},
		{"far ahead of it, and of no other", "_HLS_msn=17", 24, 200, 2, 1},
		{"far ahead", "_HLS_msn=30", 24, 400, 2, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBroadcast(12, 2)
				src := newSource(b.ServeHTTP)
				e := newEdge(t, Config{Transport: src})
				get(e, playlistPath)
				for range c.grown {
					b.grow()
				}
				time.Sleep(5 * time.Second)
				var growing sync.WaitGroup
				defer growing.Wait()
				growing.Go(func() {
					for range 12 {
						time.Sleep(333 * time.Millisecond)
						b.grow()
					}
				})
				w := get(e, playlistPath+"?"+c.query)
				b.mu.Lock()
				newest := playlist(b.last, b.parts)
				b.mu.Unlock()
				if c.status == 200 && w.Body.String() != newest {
					t.Errorf("not the newest: %s", w.Body)
				}
				plain := src.total(playlistPath) - src.total(playlistPath+"?")
				if w.Code != c.status || plain != c.plain || src.total(playlistPath+"?") != c.held {
					t.Errorf("%d, %d requests for the playlist, %d for reloads", w.Code, plain, src.total(playlistPath+"?"))
				}
			})
		})
	}
}
