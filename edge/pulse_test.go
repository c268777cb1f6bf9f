package edge

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

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

// TestFoundFrozenTogether: who is sent on by an origin that is found frozen to another that was found so in the same moment waits there as at any
// other.
func TestFoundFrozenTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := newFreeze(healthy(func(w http.ResponseWriter, r *http.Request) { w.Write(partBytes) }))
		e := newEdge(t, Config{Transport: way, Origins: []string{"http://a.test", "http://b.test"}}) // it does not run: what probes find is told it here
		way.set("a.test", true)
		way.set("b.test", true)
		code := make(chan int)
		go func() { code <- get(e, partPath).Code }()
		synctest.Wait()
		a, b := e.origins.bases[0], e.origins.bases[1]
		a.mu.Lock()
		b.mu.Lock()
		a.out, b.out = true, true // the probe of a saw b in, and so the request is sent on; that of b ends before it is there
		for w := range a.waits {
			w.cancel(errSilent)
		}
		b.mu.Unlock()
		a.mu.Unlock()
		synctest.Wait()
		select {
		case c := <-code:
			t.Fatalf("%d at once", c)
		case <-time.After(2 * outPatience):
		}
		way.set("b.test", false)
		if c := <-code; c != http.StatusOK || way.met() != 2 {
			t.Errorf("%d, %d faults", c, way.met())
		}
		way.set("a.test", false)
	})
}
