package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// What native viewers may hold of memory. Garbage is collected seldom while there is room: where many watch, that is a fifth of their time, since
// the collector looks at a dozen goroutines for each link. At high bitrates they need more than this, and it is collected as ever.
const (
	watchBase    = 64 << 20 // bytes, of the process
	watchEach    = 13 << 20 // and of each viewer
	garbagePause = time.Second
	garbageRare  = 300 // hundredths of what lives may lie at most; garbageMost is what may in any case
)

// paceGarbage lets as much lie as there is room for, until ctx ends. GOGC or GOMEMLIMIT in the environment are left to say otherwise.
func paceGarbage(ctx context.Context, room int64) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	was := debug.SetGCPercent(garbageMost)
	defer debug.SetGCPercent(was)
	ticker := time.NewTicker(garbagePause)
	defer ticker.Stop()
	read := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	for set := garbageMost; ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			metrics.Read(read)
			if now := garbageIn(room, int64(read[0].Value.Uint64()), int64(read[1].Value.Uint64())); now != set {
				debug.SetGCPercent(now)
				set = now
			}
		}
	}
}

// garbageIn returns how much may lie, in hundredths of what lives: Go counts stacks to that.
func garbageIn(room, live, stacks int64) int {
	return int(min(garbageRare, max(garbageMost, 100*(room-live-stacks)/max(1, live+stacks))))
}
