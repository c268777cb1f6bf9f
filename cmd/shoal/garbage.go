package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How much may lie before it is collected, in hundredths of what lives. Go takes as much as lives, and counts stacks to that.
const garbageMost = 100

// How much an edge lets lie: a sixty-fourth part of what it may cache, and half of what lives beside the cache.
// Media hold no pointers, so collecting around them is cheap, and letting as much lie as lives would double the memory.
const (
	heapPace  = 50 * time.Millisecond // a cache fills within seconds, and what was let lie before it was looked at stays with the process
	heapSpare = 16                    // the bound over this is not cached: it is for what lies, and for what is under way beside bodies
	heapLies  = 64                    // the bound over this may lie
	heapLeast = 8 << 20               // what lives beside the cache, at least
)

// What native viewers may hold of memory. Garbage is collected seldom while there is room: where many watch, that is a fifth of their time, since
// the collector looks at a dozen goroutines for each link. At high bitrates they need more than this, and it is collected as ever.
const (
	watchPace   = time.Second
	watchBase   = 64 << 20 // bytes, of the process
	watchEach   = 14 << 20 // and of each viewer
	garbageRare = 300      // hundredths that may lie at most; garbageMost is what may in any case
)

// paceGarbage is the task that has as much lie as may, by what lives: bytes of the heap, and of stacks beside it. It leaves what was set before. GOGC or
// GOMEMLIMIT in the environment are left to say otherwise.
func paceGarbage(every time.Duration, may func(live, stacks int64) int) task {
	return func(ctx context.Context) error {
		if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
			<-ctx.Done()
			return nil
		}
		set := garbageMost
		defer debug.SetGCPercent(debug.SetGCPercent(set))
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		read := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-ticker.C:
				metrics.Read(read)
				if now := may(int64(read[0].Value.Uint64()), int64(read[1].Value.Uint64())); now != set {
					debug.SetGCPercent(now)
					set = now
				}
			}
		}
	}
}

// A lodger is what an edge caches, as the collector has found it: of what has been given up since, it knows nothing yet.
type lodger struct {
	live   int64 // bytes that lived when it was looked at last
	cached int64 // the most that was cached since the collection before that
	before int64 // was cached when it was looked at last
}

// at returns the most that may have been cached when so much lived. Were it less, what the cache has given up since would be taken for what lives beside it, and as
// much as half of that be let lie: of a burst that fills the cache and leaves again a third more than the bound.
func (l *lodger) at(live, cached int64) int64 {
	if live != l.live { // there was a collection since the last look
		l.live, l.cached = live, l.before
	}
	l.before = cached
	l.cached = max(l.cached, cached)
	return l.cached
}

// garbageAtEdge returns how much may lie at an edge, which keeps its heap near what a cache of a bound needs.
func garbageAtEdge(bound, cached, live int64) int {
	live = max(live, 4<<20)
	beside := max(live-cached, heapLeast)
	return int(max(2, min(garbageMost, 100*(bound/heapLies+beside/2)/live)))
}

// garbageIn returns how much may lie at viewers, who have room for it.
func garbageIn(room, live, stacks int64) int {
	return int(min(garbageRare, max(garbageMost, 100*(room-live-stacks)/max(1, live+stacks))))
}
