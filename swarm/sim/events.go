package sim

import "github.com/shoal-live/shoal/swarm/scheduler"

// What can happen in the world.
type happening uint8

const (
	joins        happening = iota // a viewer opens the page
	leaves                        // a viewer closes it
	ticks                         // its scheduler is due
	plays                         // its playhead is due
	departs                       // its uplink has sent a message
	arrives                       // a message is at its downlink
	delivers                      // a message is through its downlink
	publishes                     // a part appears at the edge
	asked                         // a playlist request is at the edge
	trackerHears                  // a viewer's message is at the tracker
	trackerLoses                  // the tracker notices that a viewer is gone
	trackerTells                  // the tracker's message is at a viewer
	trackerFlush                  // the tracker's pause between deltas is over
	opens                         // a link is open at its viewer's side
	closes                        // a link's other side is found gone
	hides                         // a tab is seen no more
	shows                         // it is again
)

// event is something that will happen. Which fields say more depends on what it is.
type event struct {
	at     scheduler.Time
	order  uint64 // of planning: breaks ties
	what   happening
	viewer int32
	number int32
	half   *half
	msg    *message
}

// agenda is a binary heap of events, the next one first.
type agenda struct {
	list    []event
	planned uint64
}

func (a *agenda) add(e event) {
	a.planned++
	e.order = a.planned
	a.list = append(a.list, e)
	i := len(a.list) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !before(&e, &a.list[up]) {
			break
		}
		a.list[i] = a.list[up]
		i = up
	}
	a.list[i] = e
}

func (a *agenda) next() event {
	first := a.list[0]
	n := len(a.list) - 1
	last := a.list[n]
	a.list[n] = event{}
	a.list = a.list[:n]
	if n == 0 {
		return first
	}
	i := 0
	for {
		down := 2*i + 1
		if down >= n {
			break
		}
		if right := down + 1; right < n && before(&a.list[right], &a.list[down]) {
			down = right
		}
		if !before(&a.list[down], &last) {
			break
		}
		a.list[i] = a.list[down]
		i = down
	}
	a.list[i] = last
	return first
}

func before(a, b *event) bool {
	return a.at < b.at || a.at == b.at && a.order < b.order
}
