//go:build linux

package attack

import (
	"slices"
	"time"
)

// Spread is how long something took, in milliseconds.
type Spread struct {
	Count  int     `json:"count"`
	P50    float64 `json:"p50"`
	P95    float64 `json:"p95"`
	P99    float64 `json:"p99"`
	MidP99 float64 `json:"midP99"` // of the phases' own p99s the middle one: a moment in which the machine did something else does not move it
	Most   float64 `json:"most"`
}

// SpreadOf returns the spread of all that was measured, by phases.
func SpreadOf(phases ...[]time.Duration) Spread {
	took := slices.Concat(phases...)
	if len(took) == 0 {
		return Spread{}
	}
	slices.Sort(took)
	var own []float64
	for _, phase := range phases {
		own = append(own, at(slices.Sorted(slices.Values(phase)), 0.99))
	}
	return Spread{len(took), at(took, 0.50), at(took, 0.95), at(took, 0.99), Middle(own), at(took, 1)}
}

// at returns in milliseconds what a share of sorted times is below.
func at(took []time.Duration, share float64) float64 {
	if len(took) == 0 {
		return 0
	}
	return float64(took[min(len(took)-1, int(share*float64(len(took))))].Microseconds()) / 1000
}

// Middle returns the middle one of values, or the mean of the middle two.
func Middle(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
