//go:build linux

package main

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// slackHere is for a machine that runs all tests at once: what is measured is measured by scripts/bench failover.
const slackHere = 5

// TestFailover takes away one thing beside the other, with real processes. What fills memory and disks is for scripts/bench failover alone: tests of
// package edge hold those bounds.
func TestFailover(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	program := filepath.Join(t.TempDir(), "shoal")
	if said, err := exec.Command("go", "build", "-o", program, "github.com/shoal-live/shoal/cmd/shoal").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	for _, p := range phases[:3] {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel() // it is mostly waiting
			r, err := p.run(t.Context(), stand{program, slackHere})
			if err != nil {
				t.Fatal(err)
			}
			t.Log(r)
			if r.Bound != "" || r.Faults == 0 {
				t.Errorf("%d faults: %s", r.Faults, r.Bound)
			}
		})
	}
}
