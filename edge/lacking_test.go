package edge

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestNobodysNames: answers that say that there is nothing evict one another, and no media, and are gone when they have expired.
func TestNobodysNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 4 << 20
		src := library()
		media := src.handler
		src.handler = func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, "/live/demo/") {
				w.Header().Set("Content-Length", "0")
				w.WriteHeader(http.StatusNotFound)
				return
			}
			media(w, r)
		}
		e := newEdge(t, Config{Transport: src, MemoryBytes: limit})
		run(t, e)
		for i := range 50 {
			get(e, segment(i))
		}
		time.Sleep(time.Second)
		kept := e.Cached()
		nobody := func(i int) string { return fmt.Sprintf("/live/nobody%d/index.m3u8", i) }
		for i := range 5000 {
			if w := get(e, nobody(i)); w.Code != http.StatusNotFound {
				t.Fatal(w.Code)
			}
		}
		for i := range 50 {
			if get(e, segment(i)); src.total(segment(i)) != 1 {
				t.Fatalf("segment %d was evicted by names that nobody has", i)
			}
		}
		e.flights.Wait()
		if n := e.Cached(); n <= kept || n > kept+max(limit/lackShare, lackLeast) {
			t.Errorf("they take %d bytes", n-kept)
		}
		for i := range 48 { // they keep their use
			if get(e, nobody(4999-i)); src.total(nobody(4999-i)) != 1 {
				t.Fatalf("number %d from the last was asked for twice", i)
			}
		}
		time.Sleep(3 * time.Second)
		if n := e.Cached(); n != kept || e.cache.lacks.Len() != 0 || e.cache.lackBytes != 0 || len(e.cache.briefs) != 0 {
			t.Errorf("%d bytes are left of them, %d by their count", n-kept, e.cache.lackBytes)
		}
		if get(e, nobody(4999)); src.total(nobody(4999)) != 2 {
			t.Error("it is not asked for again when that has expired")
		}
	})
}
