package sim

import "github.com/shoal-live/shoal/swarm/scheduler"

// What can happen: to the world, which is the edge and the tracker, and to viewers.
type happening uint8

const (
	publishes    happening = iota // a part appears at the edge
	asked                         // a playlist request is at the edge
	trackerHears                  // a viewer's message is at the tracker
	trackerLoses                  // the tracker notices that a viewer is gone
	trackerFlush                  // the tracker's pause between deltas is over
	trackerTurns                  // the operator turns P2P off, or on

	joins        // a viewer opens the page
	leaves       // a viewer closes it
	ticks        // its scheduler is due
	plays        // its playhead is due
	departs      // its uplink has sent a message
	arrives      // a message of a peer, or a playlist, is at its downlink; the number is its size
	answers      // likewise what it fetched from the edge
	delivers     // a message is through its downlink
	trackerTells // the tracker's message is at a viewer
	opens        // a link is open at its viewer's side
	closes       // a link's other side is found gone
	hides        // a tab is seen no more
	shows        // it is again
)

// event is something that will happen. Which fields say more depends on what it is.
type event struct {
	at     scheduler.Time
	msg    *message
	viewer int32
	number int32
	after  int32 // for the agenda
	what   happening
}

// world0 is the world among those to whom something happens; a viewer is one more than its number.
const world0 = 0

// whose tells to whom it happens.
func (e *event) whose() int32 {
	if e.what < joins {
		return world0
	}
	return e.viewer + 1
}
