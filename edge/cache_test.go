package edge

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

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
	if e.cache.flying != 0 || sum != e.cache.bytes || int64(testutil.ToFloat64(e.meters.cacheBytes)) != sum || len(e.cache.objects) != e.cache.seats.Len() {
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

// TestShortOfMemory: the cache gives back half of what it may keep, and fetches what is asked for as before.
func TestShortOfMemory(t *testing.T) {
	const limit = 2 << 20
	e := newEdge(t, Config{Transport: library(), MemoryBytes: limit})
	fill := func(from int) {
		for i := range 60 {
			if w := get(e, segment(from+i)); w.Code != http.StatusOK {
				t.Fatal(w.Code)
			}
			e.flights.Wait()
		}
	}
	for i, c := range []struct {
		short bool
		most  int64
	}{{false, limit}, {true, limit / 2}, {false, limit}} {
		if e.Stint(c.short); e.Cached() > c.most {
			t.Errorf("short %v: %d bytes at once", c.short, e.Cached())
		}
		fill(100 * i)
		if n := e.Cached(); n > c.most || n < c.most/10*9 || int64(testutil.ToFloat64(e.meters.cacheBytes)) != n || (testutil.ToFloat64(e.tally.short) == 1) != c.short {
			t.Errorf("short %v: %d bytes, %v are shown", c.short, n, testutil.ToFloat64(e.meters.cacheBytes))
		}
	}
}

// TestBusyServesStale: where there may be no more flights, a playlist that has just expired is better than none.
func TestBusyServesStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEdge(t, Config{MaxFlights: 1, Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, ".m4s") {
				<-release
			}
			w.Write([]byte(playlist(12, 2)))
		})})
		get(e, playlistPath)
		go get(e, partPath)
		time.Sleep(2 * time.Second)
		if w := get(e, playlistPath); w.Code != http.StatusOK || w.Header().Get("Age") != "2" {
			t.Errorf("%d, Age %s", w.Code, w.Header().Get("Age"))
		}
		close(release)
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

// TestMissingUntilListed: that media is missing is known for a second, or until a playlist comes that may list it, in whatever form.
func TestMissingUntilListed(t *testing.T) {
	for _, c := range []struct {
		name, list string
		before     bool // the playlist came before it was asked for
		fills      int
	}{{"a playlist", playlistPath, false, 2}, {"a delta", playlistPath + "?_HLS_skip=YES", false, 2}, {"a playlist of before", playlistPath, true, 1}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				there := false
				src := newSource(func(w http.ResponseWriter, r *http.Request) {
					switch {
					case strings.HasSuffix(r.URL.Path, ".m3u8"):
						fmt.Fprint(w, playlist(12, 2))
					case there:
						w.Write(partBytes)
					default:
						w.WriteHeader(http.StatusNotFound)
					}
				})
				e := newEdge(t, Config{Transport: src})
				if c.before {
					get(e, c.list)
					time.Sleep(time.Millisecond)
				}
				if w := get(e, partPath); w.Code != http.StatusNotFound {
					t.Fatal(w.Code)
				}
				there = true
				time.Sleep(time.Millisecond)
				get(e, c.list)
				if get(e, partPath); src.total(partPath) != c.fills {
					t.Errorf("%d fills, want %d", src.total(partPath), c.fills)
				}
				if time.Sleep(errorLife); get(e, partPath).Code != http.StatusOK {
					t.Error("a second later it is still missing")
				}
			})
		})
	}
}

// TestSeats: what the cache counts, and whom it puts in whose place.
func TestSeats(t *testing.T) {
	now := time.Now()
	list := func(last int64, parts int, life time.Duration) *object {
		o := newObject(target{kind: mediaPlaylist, stream: "demo", path: playlistPath}, playlistPath)
		o.status, o.position, o.expires = http.StatusOK, position{last: last, parts: parts, present: true}, now.Add(life)
		close(o.head)
		close(o.done)
		return o
	}
	c := newCache(20_000)
	flying, _, fly := c.join(target{path: playlistPath}, playlistPath, now)
	if c.put(list(5, 0, time.Second), 100, now); !fly || c.look(playlistPath) != flying {
		t.Error("a playlist has taken the place of a flight")
	}
	c.forget(flying)
	if c.look(playlistPath) != flying {
		t.Error("a flight is forgotten")
	}
	c.land(flying, false)
	for i, next := range []struct {
		last, parts int64
		life        time.Duration
		taken       bool
	}{{5, 2, time.Second, true}, {5, 1, time.Second, false}, {4, 9, time.Second, false}, {5, 3, 0, true}, {4, 0, time.Second, true}} {
		o := list(next.last, int(next.parts), next.life)
		if c.put(o, 100, now); (c.look(playlistPath) == o) != next.taken {
			t.Errorf("%d: %+v is taken: %v", i, next, !next.taken)
		}
	}
	o, _, _ := c.join(target{kind: media, path: partPath}, partPath, now)
	before := c.bytes
	if c.reserve(o, 1<<20) || c.bytes != before || c.flying != o.bytes || !c.reserve(o, 10_000) || c.bytes != before+10_000 {
		t.Errorf("%d bytes counted, %d before, %d in flight", c.bytes, before, c.flying)
	}
	if c.look(playlistPath) == nil {
		t.Error("what had no room has driven out others")
	}
	again := newObject(o.target, o.uri)
	c.mu.Lock()
	c.drop(again) // another one of its name
	c.mu.Unlock()
	if c.look(o.uri) != o {
		t.Error("another of its name is gone")
	}
}

// TestHitsStay: what is asked for by way of the front is as good as asked for.
func TestHitsStay(t *testing.T) {
	e := newEdge(t, Config{Transport: library(), MemoryBytes: 512 << 10})
	get(e, segment(0))
	for i := range 20 {
		get(e, segment(1+i))
		e.flights.Wait()
		if e.cache.hit(segment(0), time.Now()) == nil {
			t.Fatalf("gone after %d others", i)
		}
	}
}

func TestRoom(t *testing.T) {
	for n, want := range map[int64]int64{0: 0, 100: 100, 32 << 10: 32 << 10, 32<<10 + 1: 40 << 10, 83 << 10: 88 << 10, 88 << 10: 88 << 10} {
		if got := room(n); got != want {
			t.Errorf("%d bytes take %d, want %d", n, got, want)
		}
	}
}
