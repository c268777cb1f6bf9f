package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How much an edge lets lie before it is collected: a sixty-fourth part of what it may cache, and half of what lives beside the cache.
// Media hold no pointers, so collecting around them is cheap, and letting as much lie as lives would double the memory.
const (
	heapPace    = 50 * time.Millisecond // a cache fills within seconds, and what was let lie before it was looked at stays with the process
	heapSpare   = 16                    // the bound over this is not cached: it is for what lies, and for what is under way beside bodies
	heapLies    = 64                    // the bound over this may lie
	heapLeast   = 8 << 20               // what lives beside the cache, at least
	garbageMost = 100                   // hundredths of what lives; the least is 2
)

// paceHeap is the task that keeps the heap near what a cache of a bound needs. GOGC or GOMEMLIMIT in the environment are left to say otherwise.
func paceHeap(bound int64, cached func() int64) task {
	return func(ctx context.Context) error {
		if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
			<-ctx.Done()
			return nil
		}
		ticker := time.NewTicker(heapPace)
		defer ticker.Stop()
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		set := garbageMost
		for {
			select {
			case <-ticker.C:
				metrics.Read(live)
				if now := garbageOf(int64(live[0].Value.Uint64()), cached(), bound); now != set {
					debug.SetGCPercent(now)
					set = now
				}
			case <-ctx.Done():
				return nil
			}
		}
	}
}

// garbageOf returns how much may lie, in hundredths of what lives.
func garbageOf(live, cached, bound int64) int {
	live = max(live, 4<<20)
	beside := max(live-cached, heapLeast)
	return int(max(2, min(garbageMost, 100*(bound/heapLies+beside/2)/live)))
}
