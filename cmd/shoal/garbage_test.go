package main

import (
	"context"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"
)

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

// TestPaceGarbage: it lets more lie while it runs, and leaves what was set before; the environment may say otherwise.
func TestPaceGarbage(t *testing.T) {
	was := debug.SetGCPercent(77)
	defer debug.SetGCPercent(was)
	for _, said := range []string{"", "50"} {
		t.Setenv("GOMEMLIMIT", "")
		t.Setenv("GOGC", said)
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { paceGarbage(ctx, 1<<40); close(ended) }()
			time.Sleep(2 * garbagePause)
			now := debug.SetGCPercent(garbageRare)
			if said == "" {
				if now != garbageRare {
					t.Errorf("%d hundredths may lie, want %d", now, garbageRare)
				}
			} else if debug.SetGCPercent(now); now != 77 {
				t.Errorf("%d hundredths may lie though GOGC says otherwise", now)
			}
			cancel()
			<-ended
		})
		if now := debug.SetGCPercent(77); now != 77 {
			t.Errorf("%d hundredths may lie afterwards, want 77 as before", now)
		}
	}
}
