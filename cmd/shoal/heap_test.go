package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"
)

func TestGarbage(t *testing.T) {
	const mb = 1 << 20
	for _, c := range []struct {
		name                string
		live, cached, bound int64
		want                int
	}{
		{"nothing yet", 1 * mb, 0, 256 * mb, 100},
		{"a little", 40 * mb, 30 * mb, 256 * mb, 22},
		{"full", 266 * mb, 256 * mb, 256 * mb, 3},
		{"full, and many viewers", 566 * mb, 256 * mb, 256 * mb, 28},
		{"counted before it lives", 10 * mb, 256 * mb, 256 * mb, 80},
		{"a large one", 64 << 30, 64 << 30, 64 << 30, 2},
	} {
		if got := garbageOf(c.live, c.cached, c.bound); got != c.want {
			t.Errorf("%s: %d hundredths, want %d", c.name, got, c.want)
		}
	}
}

func TestPaceHeap(t *testing.T) {
	was := debug.SetGCPercent(100)
	defer debug.SetGCPercent(was)
	media := make([]byte, 64<<20)
	defer runtime.KeepAlive(media)
	runtime.GC() // after which it is known to live
	for _, c := range []struct {
		name, variable string
		paced          bool
	}{{"by itself", "", true}, {"GOGC", "GOGC", false}, {"GOMEMLIMIT", "GOMEMLIMIT", false}} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("GOGC", "")
			t.Setenv("GOMEMLIMIT", "")
			if c.variable != "" {
				t.Setenv(c.variable, "50")
			}
			synctest.Test(t, func(t *testing.T) {
				debug.SetGCPercent(garbageMost)
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error)
				go func() { ended <- paceHeap(1, func() int64 { return 1 << 40 })(ctx) }()
				time.Sleep(time.Second / 10) // a cache fills within seconds
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
				if now := debug.SetGCPercent(garbageMost); (now != garbageMost) != c.paced {
					t.Errorf("%d hundredths", now)
				}
			})
		})
	}
}
