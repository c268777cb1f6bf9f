package main

import (
	"context"
	"os"
	"runtime"
	"time"
)

// An origin has one of Go's processors while it needs little of one, and all as soon as it needs more. Where there is a second, each wake of a
// goroutine wakes another thread to help with it, which finds nothing left to do: on a machine with nothing else on it that cost more than what
// there was to do. See docs/decisions/0032.
const (
	processorLook = 250 * time.Millisecond
	processorBusy = 0.5 // of one core from one look to the next: all
	processorCalm = 0.2 // in each look of processorRest: one again
	processorRest = 5 * time.Second
)

// paceProcessors is the task that does so. GOMAXPROCS in the environment is left to say otherwise.
func paceProcessors(ctx context.Context) error {
	all := runtime.GOMAXPROCS(0)
	if os.Getenv("GOMAXPROCS") != "" || all == 1 || spent() == 0 {
		<-ctx.Done()
		return nil
	}
	defer runtime.SetDefaultGOMAXPROCS()
	ticker := time.NewTicker(processorLook)
	defer ticker.Stop()
	need := need{looked: time.Now(), spent: spent(), many: true}
	for {
		select {
		case now := <-ticker.C:
			if !need.look(now, spent()) {
				continue
			}
			if need.many {
				runtime.SetDefaultGOMAXPROCS() // as many as there are by now
			} else {
				runtime.GOMAXPROCS(1)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// need is whether more than one processor is needed.
type need struct {
	looked time.Time
	spent  time.Duration // of processor time, by then
	calm   time.Duration // little was needed for so long
	many   bool
}

// look is told how much was spent by now, and tells whether many has changed.
func (n *need) look(now time.Time, spent time.Duration) bool {
	past := now.Sub(n.looked)
	share := float64(spent-n.spent) / float64(max(past, 1))
	n.looked, n.spent = now, spent
	was := n.many
	switch {
	case share > processorBusy:
		n.calm, n.many = 0, true
	case share > processorCalm:
		n.calm = 0
	default:
		if n.calm += past; n.calm >= processorRest {
			n.many = false
		}
	}
	return n.many != was
}
