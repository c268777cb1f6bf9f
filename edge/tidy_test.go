package edge

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestReloadsAreDropped: what was held leaves memory when it has expired, while its stream goes on and when it has ended, and nothing else does.
func TestReloadsAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(12, 2)
		e := newEdge(t, Config{Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, ".m4s") {
				w.Write(partBytes)
				return
			}
			b.ServeHTTP(w, r)
		})})
		run(t, e)
		get(e, playlistPath)
		get(e, partPath)
		kept := func() (held, others int, bytes int64) {
			e.cache.mu.Lock()
			defer e.cache.mu.Unlock()
			for _, o := range e.cache.objects {
				if bytes += o.bytes; o.target.reload.held {
					held++
				} else {
					others++
				}
			}
			reloads := 0
			for _, list := range e.cache.briefs {
				reloads += len(list)
			}
			if bytes != e.cache.bytes-e.cache.slabs.bytes || e.cache.flying != 0 || len(e.cache.objects) != e.cache.seats.Len() || reloads != held || len(e.cache.briefs) > held {
				t.Errorf("%d bytes are counted of %d, %d in flight; %d objects in %d seats; %d reloads of %d", e.cache.bytes-e.cache.slabs.bytes, bytes, e.cache.flying,
					len(e.cache.objects), e.cache.seats.Len(), reloads, held)
			}
			return held, others, bytes
		}
		for i := range 60 {
			last, part := 13+(i+2)/6, (i+2)%6
			time.AfterFunc(333*time.Millisecond, b.grow)
			if w := get(e, fmt.Sprintf("%s?_HLS_msn=%d&_HLS_part=%d", playlistPath, last, part)); w.Code != http.StatusOK {
				t.Fatalf("part %d of %d: %d", part, last, w.Code)
			}
			e.flights.Wait()
			if held, others, _ := kept(); held < 1 || held > 10 || others != 2 { // of two seconds, and one until it is looked
				t.Fatalf("after %d parts %d reloads are kept, %d others", i, held, others)
			}
		}
		time.Sleep(5 * time.Second)
		if held, others, bytes := kept(); held != 0 || others != 2 {
			t.Errorf("after the end %d reloads are kept, %d others, %d bytes", held, others, bytes)
		}
	})
}

// TestReloadsAreNotKeptTwice: what has to go for others, or is replaced, is gone: nothing of it waits until the cache is tidied, and the bound holds.
func TestReloadsAreNotKeptTwice(t *testing.T) {
	now := time.Now()
	c := newCache(10 * (overhead + 1000))
	list := target{path: playlistPath, kind: mediaPlaylist, reload: reload{held: true}}
	for i := range 1000 {
		uri := fmt.Sprintf("%s?%03d", playlistPath, i/2)
		if old := c.objects[uri]; old != nil {
			c.forget(old)
		}
		o, _, fly := c.join(list, uri, now)
		if !fly || !c.reserve(o, 900) {
			t.Fatal("no room")
		}
		o.expires = now.Add(time.Duration(i%3) * time.Second)
		c.land(o, true)
		close(o.done)
		reloads := 0
		for _, list := range c.briefs {
			reloads += len(list)
		}
		if reloads != c.seats.Len() || reloads > 10 || len(c.briefs) > 3 {
			t.Fatalf("%d reloads wait to be tidied, of %d", reloads, c.seats.Len())
		}
	}
	for i, left := range []int{10, 7, 4, 0} { // of three lives
		if c.tidy(now.Truncate(time.Second).Add(time.Duration(i) * time.Second)); c.seats.Len() > left || i == 0 && c.seats.Len() < left {
			t.Errorf("after %d s %d are left", i, c.seats.Len())
		}
	}
	if len(c.briefs) != 0 || len(c.objects) != 0 || c.bytes != 0 {
		t.Errorf("%d, %d objects, %d bytes", len(c.briefs), len(c.objects), c.bytes)
	}
}
