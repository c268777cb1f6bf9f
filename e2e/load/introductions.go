//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/shoal-live/shoal/e2e/process"
)

// atOnce is how many viewers are in the midst of being introduced.
const atOnce = 256

// settling is how long a tracker may take to tell the last of what it has been holding back to tell it at once.
const settling = 300 * time.Millisecond

// measureIntroductions has viewers join one swarm, each of which opens links to 8 others by the tracker. What is
// measured is the tracker's processor time from before the first socket to after the last answer.
func (r *report) measureIntroductions(ctx context.Context, c config) (err error) {
	r.Introductions.PerCoreSecond, r.Introductions.Runs, err = median(c.runs, func() (float64, error) { return r.shoalIntroduces(ctx, c, false) })
	return err
}

// measureTrickled does the same with candidates in messages of their own, as Shoal's own player sends them.
func (r *report) measureTrickled(ctx context.Context, c config) (err error) {
	r.Introductions.TrickledPerCoreSecond, r.Introductions.TrickledRuns, err = median(c.runs, func() (float64, error) { return r.shoalIntroduces(ctx, c, true) })
	return err
}

func (r *report) shoalIntroduces(ctx context.Context, c config, trickle bool) (float64, error) {
	s, err := startShoal(ctx, c.shoal)
	if err != nil {
		return 0, err
	}
	defer s.Stop()
	if c.profile != "" {
		go process.Profile(s.admin, "profile?seconds=3", c.profile)
	}
	perCoreSecond, err := introduce(ctx, s, c.introduced, 0, func(crowd *crowd, n int, linked func()) error {
		return (&viewer{crowd: crowd, number: n, wants: wanted, trickle: trickle, linked: linked}).run()
	})
	if reads, writes := s.Calls(); !trickle {
		r.Introductions.ReadsEach, r.Introductions.WritesEach = float64(reads)/float64(c.introduced), float64(writes)/float64(c.introduced)
	}
	return perCoreSecond, err
}

// mostPeer is how many viewers bittorrent-tracker is given: it keeps a thousand of a swarm, and is no faster with more.
const mostPeer = 4000

// measurePeer does it with bittorrent-tracker.
func (r *report) measurePeer(ctx context.Context, c config) (err error) {
	if c.peer == "" {
		return nil
	}
	r.Introductions.PeerPerCoreSecond, r.Introductions.PeerRuns, err = median(c.runs, func() (float64, error) {
		s, err := startPeer(ctx, c.peer)
		if err != nil {
			return 0, err
		}
		defer s.Stop()
		return introduce(ctx, s, min(c.introduced, mostPeer), wanted*(wanted+1)/2, func(crowd *crowd, n int, linked func()) error {
			return (&announcer{crowd: crowd, number: n, linked: linked}).run()
		})
	})
	return err
}

// introduce has n viewers introduced and returns how many that are for a second of one core. So many answers fewer than
// 8 for each may be missing.
func introduce(ctx context.Context, s *server, n, missing int, arrive func(c *crowd, n int, linked func()) error) (float64, error) {
	crowd := newCrowd(s)
	defer crowd.leave()
	before, err := s.ProcessorTime()
	if err != nil {
		return 0, err
	}
	linked := make(chan struct{}, n)
	for i := range n {
		if i >= atOnce {
			if err := crowd.await(ctx, 1, linked); err != nil {
				return 0, err
			}
		}
		crowd.visit(i, func(i int) error { return arrive(crowd, i, func() { linked <- struct{}{} }) })
	}
	if err := crowd.await(ctx, min(n, atOnce), linked); err != nil {
		return 0, err
	}
	time.Sleep(settling)
	after, err := s.ProcessorTime()
	if err != nil {
		return 0, err
	}
	if offers, answers := crowd.counts.offers.Load(), crowd.counts.answers.Load(); answers > offers || answers < int64(n*wanted-missing) {
		return 0, fmt.Errorf("%d viewers had %d offers and %d answers, and not %d", n, offers, answers, n*wanted)
	}
	return float64(n) / (after - before).Seconds(), nil
}

// median measures several times and returns the middle, and all.
func median(times int, measure func() (float64, error)) (float64, []float64, error) {
	var all []float64
	for range times {
		one, err := measure()
		if err != nil {
			return 0, all, err
		}
		all = append(all, one)
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2], all, nil
}
