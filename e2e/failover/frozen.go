//go:build linux

package main

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// originFrozen stops one of two origins for one broadcast where it is, the one that the viewers' edge asks. It takes connections, and answers nothing.
func originFrozen(ctx context.Context, s stand) (r result, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var pair [2]*house
	for i := range pair {
		if pair[i], err = newOrigin(s); err != nil {
			return r, err
		}
	}
	seed := filepath.Join(pair[0].data, "seed")
	if err := os.WriteFile(seed, []byte("the same secret for both of them"), 0o600); err != nil {
		return r, err
	}
	for i, o := range pair {
		o.args = append(o.args, "-seed-file", seed, "-twin", pair[1-i].url(""))
		if err := o.start(ctx); err != nil {
			return r, err
		}
		defer o.close()
	}
	go cast(ctx, pair[0])
	go cast(ctx, pair[1])
	e, err := openEdge(ctx, s, "-origins", pair[0].url("")+","+pair[1].url(""))
	if err != nil {
		return r, err
	}
	defer e.close()
	if err := playable(ctx, pair[0], position{}); err != nil {
		return r, err
	}
	watching, leave := context.WithCancel(ctx)
	defer leave()
	crowd := watch(watching, e, viewers)
	if err := crowd.settle(ctx, viewers, 20, startTime); err != nil {
		return r, err
	}
	wait(ctx, 3*target) // the other one lists what nobody has been told of yet
	before := time.Now().Add(-2 * time.Second)
	usual := crowd.longest(before, time.Now())
	failed := len(crowd.failures(target))

	frozen := pair[0]
	if err := frozen.Freeze(); err != nil {
		return r, err
	}
	at := time.Now()
	r.Faults++
	wait(ctx, 4*time.Second)
	gap := crowd.longest(at, time.Now())
	out := e.metric("shoal_edge_upstreams_out")
	if err := frozen.Thaw(); err != nil {
		return r, err
	}
	thawed := time.Now()
	wait(ctx, 3*time.Second)
	after := crowd.longest(thawed, time.Now())
	outAfter := e.metric("shoal_edge_upstreams_out")
	leave()
	crowd.all.Wait()
	errs := crowd.failures(target)[failed:]
	r.Figures = map[string]float64{"usualMillis": float64(usual.Milliseconds()), "movedMillis": float64(gap.Milliseconds()),
		"afterThawMillis": float64(after.Milliseconds()), "errors": float64(len(errs)), "outWhileFrozen": out, "outAfter": outAfter}
	if out != 1 || outAfter != 0 {
		r.fail("%v origins were out while one was frozen, %v after", out, outAfter)
	}
	if gap > s.bound(1500*time.Millisecond) {
		r.fail("a viewer had nothing new for %v", gap)
	}
	if len(errs) > 0 {
		r.fail("%d errors, like %s", len(errs), errs[0])
	}
	return r, nil
}
