//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/shoal-live/shoal/e2e/attack"
	"github.com/shoal-live/shoal/e2e/process"
	"github.com/shoal-live/shoal/tracker/store/redistest"
)

const (
	warmTime = 2 * time.Second
	calmTime = time.Second // after a phase, in which what was asked for is answered and connections end
	overtime = 30 * time.Second
)

// A plan is how it is measured.
type plan struct {
	program string
	rate    float64
	rounds  int
	quiet   time.Duration // length of a phase without slow ones
	length  time.Duration // and with them
	crowd
}

// lasts returns how long all takes.
func (p plan) lasts() time.Duration {
	return warmTime + time.Duration(p.rounds)*2*(p.quiet+p.length+2*calmTime)
}

// A phase is what was measured in one.
type phase struct {
	attacked int // which edge; -1: none
	lasted   time.Duration
	waited   time.Duration // of that, something waited for a processor
	took     [2][kinds][]time.Duration
	used     [2]time.Duration // of processors, by the edges
	resident [2]int           // bytes, at the end
	kernel   int              // bytes that TCP holds, then, on the whole machine
	outcome
}

// measure runs two edges, and lets slow ones have one, nobody, and the other, by turns.
func (p plan) measure(say func(string)) (phases []phase, v *viewers, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), p.lasts()+overtime)
	defer cancel()
	o, err := startOrigin()
	if err != nil {
		return nil, nil, err
	}
	defer o.stop()
	var edges [2]*process.Process
	var at [2]string
	for i := range edges {
		if at[i], err = redistest.FreeAddress(); err != nil {
			return nil, nil, err
		}
		edges[i], err = process.StartServer(ctx, "http://"+at[i]+"/readyz",
			p.program, "edge", "-http", at[i], "-admin", "127.0.0.1:0", "-origins", "http://"+o.address, "-log", "warn")
		if err != nil {
			return nil, nil, err
		}
		defer edges[i].Stop()
	}
	viewers := newViewers(o, at, p.rate)
	watching, leave := context.WithCancel(ctx)
	left := make(chan struct{})
	go func() { viewers.run(watching); close(left) }()
	defer func() { leave(); <-left; viewers.close() }()
	pause(ctx, warmTime) // what is cold is warm then
	for i := range 4 * p.rounds {
		now := phase{attacked: [...]int{-1, 0, -1, 1}[i%4]}
		if err := p.run(ctx, &now, edges, at, viewers); err != nil {
			return nil, nil, err
		}
		phases = append(phases, now)
		say(fmt.Sprintf("%d of %d: %s", i+1, 4*p.rounds, now))
	}
	return phases, viewers, nil
}

// run is one phase.
func (p plan) run(ctx context.Context, now *phase, edges [2]*process.Process, at [2]string, v *viewers) (err error) {
	var slow *attack.Process
	length := p.quiet
	before, err := processorTimes(edges)
	if err != nil {
		return err
	}
	began, waited := time.Now(), attack.Waited()
	if now.attacked >= 0 {
		length = p.length
		if slow, err = p.start(ctx, at[now.attacked]); err != nil {
			return err
		}
	}
	pause(ctx, length)
	ended := time.Now()
	if now.used, err = processorTimes(edges); err != nil {
		return err
	}
	for i := range edges {
		now.used[i] -= before[i]
		now.resident[i], _ = edges[i].Resident()
	}
	now.kernel, now.lasted, now.waited = kernelMemory(), ended.Sub(began), attack.Waited()-waited
	if slow != nil {
		if now.outcome, err = attack.End[outcome](slow); err != nil {
			return err
		}
	}
	pause(ctx, calmTime)
	now.took = v.between(began, ended)
	return ctx.Err()
}

func pause(ctx context.Context, length time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(length):
	}
}

func processorTimes(edges [2]*process.Process) (used [2]time.Duration, err error) {
	for i := range edges {
		if used[i], err = edges[i].ProcessorTime(); err != nil {
			return used, fmt.Errorf("an edge is gone: %w: %s", err, edges[i].Told())
		}
	}
	return used, nil
}

// kernelMemory returns the bytes that the kernel holds for TCP, of all processes.
func kernelMemory() int {
	b, _ := os.ReadFile("/proc/net/sockstat")
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "TCP: "); ok {
			_, pages, _ := strings.Cut(strings.TrimSpace(rest), "mem ")
			n, _ := strconv.Atoi(pages)
			return n * os.Getpagesize()
		}
	}
	return 0
}
