package edge

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestBodiesWaitForWhoIsCutOff: while too much lingers a body waits, until little enough does or it has waited long enough; what is small does not, and what
// lingers within its share, which nobody is cut off for, keeps nobody waiting.
func TestBodiesWaitForWhoIsCutOff(t *testing.T) {
	const mb = 1 << 20
	for _, c := range []struct {
		name     string
		lingers  int64 // MB, of 8
		n        int64
		released time.Duration // 0: never
		ctx      time.Duration // 0: for ever
		took     time.Duration
		got      bool
	}{
		{"within its share", 4, mb, 0, 0, 0, true},
		{"too much, and not let go", 5, mb, 0, 0, easePatience, true},
		{"too much, and let go", 5, mb, 100 * time.Millisecond, 0, 100 * time.Millisecond, true},
		{"small", 5, leastRead - 1, 0, 0, 0, true},
		{"nobody waits for it any more", 5, mb, 0, 50 * time.Millisecond, 50 * time.Millisecond, false},
		{"larger than there is room for", 5, 5 * mb, 100 * time.Millisecond, 0, 100 * time.Millisecond, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			cache := newCache(8 * mb)
			held := newObject(target{}, "held")
			cache.objects["held"] = held
			cache.count(held, c.lingers*mb)
			held.readers.Store(1)
			cache.drop(held)
			if cache.lingering != c.lingers*mb {
				t.Fatalf("%d linger", cache.lingering)
			}
			ctx := t.Context()
			if c.ctx > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, c.ctx)
				defer cancel()
			}
			if c.released > 0 {
				time.AfterFunc(c.released, func() {
					held.weight = 4*mb + 1 // some of those who read it
					cache.recount(held)
				})
			}
			began := time.Now()
			got := cache.reserveSoon(ctx, newObject(target{}, "new"), c.n)
			if took := time.Since(began); got != c.got || took != c.took {
				t.Errorf("%s: %v after %v, want %v after %v", c.name, got, took, c.got, c.took)
			}
		})
	}
}

// TestStopsWhileABodyWaits: who waits for a body that waits for room is told that the edge is stopping, not that its memory is full.
func TestStopsWhileABodyWaits(t *testing.T) {
	for want, stop := range map[string]bool{stopping: true, "the edge's memory is full of objects under way; try again soon": false} {
		synctest.Test(t, func(t *testing.T) {
			e := newEdge(t, Config{Transport: library()})
			held := newObject(target{}, "held")
			e.cache.mu.Lock()
			e.cache.objects["held"] = held
			e.cache.count(held, e.cache.limit)
			held.readers.Store(1)
			e.cache.drop(held)
			e.cache.flying = e.cache.limit // so that there is no room when the time is over
			e.cache.mu.Unlock()
			if stop {
				time.AfterFunc(easePatience/2, func() { e.stop(errStopping) })
			}
			w := get(e, segment(1))
			if body := strings.TrimSpace(w.Body.String()); w.Code != http.StatusServiceUnavailable || !strings.HasSuffix(body, want) {
				t.Errorf("%d %s, want %s", w.Code, body, want)
			}
			e.flights.Wait()
		})
	}
}

// TestMoreRoomEndsTheWait: a bound that is raised has those go on who wait for less to linger.
func TestMoreRoomEndsTheWait(t *testing.T) {
	const mb = 1 << 20
	synctest.Test(t, func(t *testing.T) {
		cache := newCache(8 * mb)
		held := newObject(target{}, "held")
		cache.objects["held"] = held
		cache.count(held, 5*mb)
		held.readers.Store(1)
		cache.drop(held)
		began := time.Now()
		time.AfterFunc(100*time.Millisecond, func() { cache.bound(16 * mb) })
		if got := cache.reserveSoon(t.Context(), newObject(target{}, "new"), mb); !got || time.Since(began) != 100*time.Millisecond {
			t.Errorf("%v after %v", got, time.Since(began))
		}
	})
}
