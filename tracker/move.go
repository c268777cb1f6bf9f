package tracker

import (
	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
)

// moveWithin is over how many seconds the viewers of a tracker that stops are spread: 15,000 of them come to the others as 3,000 a
// second then. Their links carry on meanwhile.
const moveWithin = 5

// move sends a viewer to another tracker, or back to this one, at a moment of its own choice within so many seconds.
func (v *viewer) move(seconds uint16) {
	v.push(refusal, wire.Refused{Reason: wire.RefusedMoving, RetryAfter: seconds, Text: "the tracker stops; go to another"}.Append(nil))
	v.bye(websocket.CloseGoingAway, "tracker stops")
}
