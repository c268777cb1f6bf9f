package edge

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestOriginAway: while the only origin is gone, edges serve what they have. Reloads are held until it is back, and a playlist and media
// that are here are answered; what comes after its return is there within a second.
//
// Clause: hls-timeout
func TestOriginAway(t *testing.T) {
	for _, c := range []struct {
		name   string
		away   time.Duration
		status int
	}{{"shorter than a reload is held", 5 * time.Second, 200}, {"longer", 10 * time.Second, 503}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBroadcast(12, 2)
				way := newFreeze(healthy(b.ServeHTTP))
				e := newEdge(t, Config{Transport: way, Origins: []string{"http://a.test"}})
				run(t, e)
				get(e, playlistPath)
				way.lose("a.test", true)
				start := time.Now()
				var all sync.WaitGroup
				for range 100 {
					all.Go(func() {
						w := get(e, playlistPath+"?_HLS_msn=13&_HLS_part=2")
						late := time.Since(start) - c.away
						if c.status == 503 {
							late = time.Since(start) - 6*time.Second // three target durations
						}
						if w.Code != c.status || late < 0 || late > heldMargin || (w.Header().Get("Retry-After") != "") != (c.status == 503) {
							t.Errorf("the reload: %d, %v late", w.Code, late)
						}
					})
				}
				for range c.away / time.Second {
					if w := get(e, playlistPath); w.Code != http.StatusOK {
						t.Errorf("after %v: %d", time.Since(start), w.Code)
					}
					time.Sleep(time.Second)
				}
				b.grow()
				way.lose("a.test", false)
				all.Wait()
				time.Sleep(max(0, time.Until(start.Add(c.away+time.Second))))
				if w := get(e, playlistPath); w.Body.String() != playlist(12, 3) {
					t.Errorf("a second after its return: %d %q", w.Code, w.Body)
				}
				if way.met() == 0 || way.met() > 300 {
					t.Errorf("%d requests met a fault", way.met())
				}
			})
		})
	}
}

// TestWhoCannotNow: an upstream that answers a reload with an error at once, as a proxy does before an origin that starts, is asked again
// while the reload is held.
func TestWhoCannotNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(12, 2)
		refusals := 0
		e := newEdge(t, Config{Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery != "" && refusals < 5 {
				refusals++
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			b.ServeHTTP(w, r)
		})})
		get(e, playlistPath)
		go func() { time.Sleep(3 * time.Second); b.grow() }()
		start := time.Now()
		if w := get(e, playlistPath+"?_HLS_msn=13&_HLS_part=2"); w.Code != http.StatusOK || time.Since(start) != 3*time.Second || refusals != 5 {
			t.Errorf("%d after %v, %d refusals", w.Code, time.Since(start), refusals)
		}
	})
}

// TestWaitersWhoLeaveCostNothing: of a thousand viewers who wait for a reload and leave nothing is left but the one request.
func TestWaitersWhoLeaveCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(12, 2)
		way := newFreeze(healthy(b.ServeHTTP))
		e := newEdge(t, Config{Transport: way, Origins: []string{"http://a.test"}, MaxHeld: 1000})
		get(e, playlistPath)
		uri := playlistPath + "?_HLS_msn=13&_HLS_part=2"
		for range 5 { // the limit is on those who wait, not on those who ever did
			leave := hold(e, uri, 1000)
			if n := e.held.Load(); n != 1000 {
				t.Errorf("%d are held", n)
			}
			leave()
			if n := e.held.Load(); n != 0 {
				t.Errorf("%d are held after all have left", n)
			}
		}
		if n := way.total(playlistPath + "?"); n != 1 {
			t.Errorf("%d requests", n)
		}
		b.grow()
		if w := get(e, uri); w.Body.String() != playlist(12, 3) {
			t.Errorf("who stays: %d %q", w.Code, w.Body)
		}
	})
}

// TestUsefulAge: how long a playlist is served while the origin is away depends on how much it lists.
func TestUsefulAge(t *testing.T) {
	for _, c := range []struct {
		segments int
		useful   time.Duration
	}{{1, 30 * time.Second}, {20, 40 * time.Second}, {10000, time.Minute}} {
		t.Run(fmt.Sprint(c.segments), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				text := "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n"
				for i := range c.segments {
					text += fmt.Sprintf("#EXTINF:2.0,\n1/s%d.m4s\n", 7+i)
				}
				way := newFreeze(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(text)) })
				e := newEdge(t, Config{Transport: way, Origins: []string{"http://a.test"}})
				get(e, playlistPath)
				way.lose("a.test", true)
				for age := time.Second; age < 70*time.Second; age += time.Second {
					time.Sleep(time.Second)
					want := http.StatusOK
					if age > c.useful {
						want = http.StatusBadGateway
					}
					if w := get(e, playlistPath); w.Code != want {
						t.Fatalf("after %v: %d", age, w.Code)
					}
				}
			})
		})
	}
}

// TestStaleIsItself: what is served while the origin fails is what it was, with nothing of the answer that failed.
func TestStaleIsItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fails := 0
		e := newEdge(t, Config{Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
			if len(r.Header) > 0 && fails < 0 {
				w.Write([]byte(playlist(12, 2)))
				return
			}
			fails++
			w.Header().Set("Retry-After", "7")
			w.Header().Set("Cache-Control", "max-age=1, must-revalidate")
			w.Header().Set("Content-Length", "1000")
			w.Write([]byte("#EXTM3U"))
			panic(io.ErrUnexpectedEOF)
		})})
		fails = -1
		get(e, playlistPath)
		fails = 0
		for range 5 {
			time.Sleep(1100 * time.Millisecond)
			w := get(e, playlistPath)
			if w.Code != http.StatusOK || w.Header().Get("Retry-After") != "" || w.Body.String() != playlist(12, 2) {
				t.Fatalf("%d %v", w.Code, w.Header())
			}
		}
		if fails == 0 {
			t.Error("nothing failed")
		}
	})
}

// TestUsefulAgeOfOthers: how long after it came what is no media playlist is served while the origin is away.
func TestUsefulAgeOfOthers(t *testing.T) {
	for _, c := range []struct {
		uri    string
		useful time.Duration
		after  int
	}{
		{"/live/demo/index.m3u8", mostUseful, http.StatusBadGateway}, {"/live/demo/thumb.jpg", mostUseful, http.StatusBadGateway},
		{"/api/v1/streams", apiUseful, http.StatusBadGateway}, {"/api/v1/streams/gone", 0, http.StatusBadGateway}, {segment(404), 0, http.StatusBadGateway},
	} {
		t.Run(c.uri, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				way := newFreeze(func(w http.ResponseWriter, r *http.Request) {
					if c.useful == 0 {
						w.WriteHeader(http.StatusNotFound)
					}
					w.Write([]byte("here"))
				})
				e := newEdge(t, Config{Transport: way, Origins: []string{"http://a.test"}})
				before := get(e, c.uri).Code
				way.lose("a.test", true)
				for age := 2 * time.Second; age < 70*time.Second; age += 2 * time.Second {
					time.Sleep(2 * time.Second)
					want := before
					if age > c.useful {
						want = c.after
					}
					if w := get(e, c.uri); w.Code != want {
						t.Fatalf("after %v: %d, want %d", age, w.Code, want)
					}
				}
			})
		})
	}
}
