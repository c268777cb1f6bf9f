package transcode

import (
	"testing"
	"time"
)

// TestTrial: rungs that were left out are tried again, the lowest first; what fails again waits twice as long, 40 minutes at most.
//
// Clause: ladder
func TestTrial(t *testing.T) {
	now := time.Date(2026, 5, 1, 20, 0, 0, 0, time.UTC)
	var all trial
	if _, ok := all.again(now); ok {
		t.Fatal("nothing was left out")
	}
	all.leave(720, firstTrial, now)
	now = now.Add(10 * time.Second)
	all.leave(480, firstTrial, now)
	if join(all.out) != "720p, 480p" {
		t.Errorf("left out: %s", join(all.out))
	}
	for _, want := range []time.Duration{5, 10, 20, 40, 40} {
		want *= time.Minute
		if r, ok := all.again(now.Add(want - time.Second)); ok {
			t.Fatalf("%v is tried before %v", r, want)
		}
		now = now.Add(want)
		if r, ok := all.again(now); !ok || r != 480 {
			t.Fatalf("after %v %v is tried", want, r)
		}
		now = now.Add(10 * time.Second)
		all.leave(480, firstTrial, now)
	}
	now = now.Add(40 * time.Minute)
	if r, ok := all.again(now); !ok || r != 480 {
		t.Fatal(r, ok)
	}
	if r, ok := all.again(now.Add(time.Minute)); ok {
		t.Fatalf("%v follows within a minute", r)
	}
	if r, ok := all.again(now.Add(40 * time.Minute)); !ok || r != 720 || len(all.out) != 0 {
		t.Fatal(r, ok)
	}
}
