package sim

import (
	"fmt"
	"os"
	"testing"
)

// TestTry prints one line for each of some telling worlds, for whoever works on the scheduler. It runs only with TRY=1
// in the environment: TRY=1 go test ./swarm/sim -run Try -v
func TestTry(t *testing.T) {
	if os.Getenv("TRY") == "" {
		t.Skip("TRY=1 runs it")
	}
	reachable := func(uplink, sigma float64) Scenario {
		return steady.but("", "", func(s *Scenario) { s.Unreachable, s.Uplink, s.UplinkSigma = 0, uplink, sigma })
	}
	type world struct {
		name    string
		viewers int
		s       Scenario
	}
	worlds := []world{
		{"uplinks 50, all reachable", 24, reachable(50, 0)},
		{"uplinks 10, all reachable", 24, reachable(10, 0.6)},
		{"uplinks 10", 24, steady.but("", "", func(s *Scenario) { s.Uplink = 10 })},
		{"uplinks 5", 24, steady.but("", "", func(s *Scenario) { s.Uplink = 5 })},
		{"uplinks 2.5, all reachable", 24, reachable(2.5, 0.6)},
		{"2, all reachable", 2, reachable(2.5, 0.6)},
		{"4, all reachable", 4, reachable(2.5, 0.6)},
		{"8, all reachable", 8, reachable(2.5, 0.6)},
		{"steady", 200, scenarios[0]},
	}
	for _, s := range scenarios {
		worlds = append(worlds, world{s.Name, 24, s})
	}
	for _, world := range worlds {
		r := play(t, Config{Viewers: world.viewers, Seed: 7, Seconds: 60, World: &world.s})
		a := r.AddedLatencyMillis
		fmt.Printf("%-28s %3d: offload %.3f of %.3f, copies %6.2f, added %4.0f/%4.0f/%4.0f ms (whole %4.0f/%4.0f/%4.0f), duplicates %.3f, uplink %.2f/%.2f, stalls %d (control %d), cut %v\n",
			world.name, world.viewers, r.Offload, r.Ceiling, r.Copies, a.P50, a.P95, a.P99, r.WholeMillis.P50, r.WholeMillis.P95, r.WholeMillis.P99, r.DuplicateRatio,
			r.UplinkUsed.Mean, r.UplinkUsed.P99, r.Stalls, r.Control.Stalls, r.cut)
	}
}
