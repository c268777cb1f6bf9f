//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// joinFor is how long viewers come at an even pace.
const joinFor = 10 * time.Second

// measureJoin has viewers come at an even pace, however long the tracker takes.
func (r *report) measureJoin(ctx context.Context, c config) error {
	took, _, err := arrivals(ctx, c.shoal, c.joins*int(joinFor/time.Second), joinFor)
	if err != nil {
		return err
	}
	r.Join = &join{PerSecond: c.joins, Joins: len(took), P50Millis: quantile(took, 0.5), P99Millis: quantile(took, 0.99)}
	return nil
}

// measureFlash has them come within one second. Here a viewer that fails is counted, and fails nobody else.
func (r *report) measureFlash(ctx context.Context, c config) error {
	took, failures, err := arrivals(ctx, c.shoal, c.flash, time.Second)
	if err != nil && failures == 0 {
		return err
	}
	r.Flash = &flash{Joins: c.flash, Failures: failures, P50Millis: quantile(took, 0.5), P99Millis: quantile(took, 0.99)}
	if err != nil {
		return fmt.Errorf("%d of %d joins failed: %w", failures, c.flash, err)
	}
	return nil
}

// arrivals has n viewers join a tracker of their own, evenly over a time, and returns how long after its moment had
// come each had its roster: the way through TCP, the handshake, and any delay of ours are in it.
func arrivals(ctx context.Context, program string, n int, within time.Duration) (took []time.Duration, failures int, err error) {
	s, err := startShoal(ctx, program)
	if err != nil {
		return nil, 0, err
	}
	defer s.Stop()
	crowd := newCrowd(s)
	defer crowd.leave()
	var mu sync.Mutex
	joined := make(chan struct{}, n)
	start := time.Now()
	for i := range n {
		at := start.Add(within * time.Duration(i) / time.Duration(n))
		time.Sleep(time.Until(at))
		crowd.visit(i, func(i int) error {
			return (&viewer{crowd: crowd, number: i, joined: func() {
				mu.Lock()
				took = append(took, time.Since(at))
				mu.Unlock()
				joined <- struct{}{}
			}}).run()
		})
	}
	err = crowd.await(ctx, n, joined)
	mu.Lock()
	defer mu.Unlock()
	return slices.Sorted(slices.Values(took)), n - len(took), err
}

// quantile returns one of sorted durations, in milliseconds.
func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[min(int(q*float64(len(sorted))), len(sorted)-1)].Microseconds()) / 1000
}
