package main

import (
	"context"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"
)

func TestGarbageAtEdge(t *testing.T) {
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
		if got := garbageAtEdge(c.bound, c.cached, c.live); got != c.want {
			t.Errorf("%s: %d hundredths, want %d", c.name, got, c.want)
		}
	}
}

// TestLodger: what a cache has given up is not taken for what lives beside it before the collector knows, and is no longer once it does.
func TestLodger(t *testing.T) {
	const mb = 1 << 20
	var l lodger
	for i, c := range []struct{ live, cached, want int64 }{
		{10 * mb, 0, 0},
		{10 * mb, 100 * mb, 100 * mb}, // counted before it lives
		{246 * mb, 240 * mb, 240 * mb},
		{246 * mb, 150 * mb, 240 * mb}, // given up
		{246 * mb, 160 * mb, 240 * mb},
		{170 * mb, 150 * mb, 160 * mb}, // collected since the last look, or just before that
		{170 * mb, 150 * mb, 160 * mb},
		{158 * mb, 150 * mb, 150 * mb},
	} {
		if got := l.at(c.live, c.cached); got != c.want {
			t.Errorf("look %d: %d MB, want %d", i, got/mb, c.want/mb)
		}
	}
}

func TestGarbageIn(t *testing.T) {
	const mb = 1 << 20
	for _, c := range []struct {
		name               string
		room, live, stacks int64
		want               int
	}{
		{"plenty of room", 1000 * mb, 100 * mb, 50 * mb, garbageRare},
		{"some", 1000 * mb, 300 * mb, 100 * mb, 150},
		{"as much as lives", 1000 * mb, 400 * mb, 100 * mb, garbageMost},
		{"less", 1000 * mb, 700 * mb, 100 * mb, garbageMost},
		{"more lives than there is room", 1000 * mb, 2000 * mb, 100 * mb, garbageMost},
		{"nothing known", 1000 * mb, 0, 0, garbageRare},
	} {
		if got := garbageIn(c.room, c.live, c.stacks); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// TestPaceGarbage: as much lies as may while it runs, and what was set before stands afterwards; the environment may say otherwise.
func TestPaceGarbage(t *testing.T) {
	const before, may = 77, 5
	was := debug.SetGCPercent(before)
	defer debug.SetGCPercent(was)
	for _, c := range []struct {
		name, variable string
		want           int
	}{{"by itself", "", may}, {"GOGC", "GOGC", before}, {"GOMEMLIMIT", "GOMEMLIMIT", before}} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("GOGC", "")
			t.Setenv("GOMEMLIMIT", "")
			if c.variable != "" {
				t.Setenv(c.variable, "50")
			}
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error)
				asked := 0
				go func() {
					ended <- paceGarbage(time.Second, func(live, stacks int64) int {
						if asked++; live < 0 || stacks <= 0 {
							t.Errorf("%d bytes live, and %d of stacks", live, stacks)
						}
						return may
					})(ctx)
				}()
				time.Sleep(2500 * time.Millisecond)
				now := debug.SetGCPercent(garbageMost)
				debug.SetGCPercent(now)
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
				if now != c.want || (asked == 2) != (c.want == may) {
					t.Errorf("%d hundredths may lie, want %d; what may was asked %d times", now, c.want, asked)
				}
			})
			if now := debug.SetGCPercent(before); now != before {
				t.Errorf("%d hundredths may lie afterwards, want %d as before", now, before)
			}
		})
	}
}
