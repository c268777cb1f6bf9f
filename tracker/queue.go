package tracker

import (
	"slices"
	"sync"
)

// Bounds of what may wait for one viewer. A newcomer's links cost each member about ten signals.
const (
	maxQueued      = 512       // messages
	maxQueuedBytes = 128 << 10 // and their bytes
)

// kind says what a message is to the queue.
type kind uint8

const (
	welcome kind = iota
	roster
	delta
	bridges
	control
	turnedOff // a control too
	signal
	servers
	refusal
	ping
	pong
	closing
)

type outgoing struct {
	kind kind
	b    []byte // shared with other queues: not written to
	box  *box   // in which b lies alone, if it does
}

// box is room for one message that comes from one viewer or goes to one, used again once that is served or written.
type box [1 << 10]byte

var boxes = sync.Pool{New: func() any { return new(box) }}

// slots is room for what waits for one viewer, mostly: it is lent while something does.
type slots [16]outgoing

var spareSlots = sync.Pool{New: func() any { return new(slots) }}

// queue is what waits for one viewer. When it is full, a delta or a list of bridges is dropped, and the whole roster and
// the bridges are sent once the queue is empty again; signals, pings and pongs are dropped for good.
type queue struct {
	waiting []outgoing
	slots   *slots // what waiting began in; nil: nothing waits
	bytes   int
	wrote   int64 // when the last write began, in milliseconds of the tracker's time
	stale   bool  // a delta or bridges were dropped
	asked   bool  // and the whole roster was asked for since
	writing bool  // a writer runs
	held    bool  // what waits is written when the pause is over
	closing bool  // a close waits or is written: nothing more is taken
	gone    bool  // the socket is closed

	finished chan struct{} // closed when the close is written or the socket is; nil: nobody waits for it
}

// add takes a message, or tells that it was dropped.
func (q *queue) add(m outgoing) (dropped bool) {
	k, b := m.kind, m.b
	if q.closing || q.gone {
		return false
	}
	full := len(q.waiting) >= maxQueued || q.bytes+len(b) > maxQueuedBytes
	switch k {
	case delta, bridges:
		if q.stale = q.stale || full; q.stale {
			return true
		}
	case roster:
		q.forget(roster, delta) // which is why there is always room for one
		q.stale, q.asked = false, false
	case control:
		q.forget(control, turnedOff) // likewise
	case servers:
		q.forget(servers) // likewise
	case turnedOff:
		q.forget(control, turnedOff, roster, delta, bridges)
		q.stale, q.asked = false, false
	case signal, ping, pong:
		if full {
			return true
		}
	case closing:
		q.closing = true
	}
	if q.slots == nil {
		q.slots = spareSlots.Get().(*slots)
		q.waiting = q.slots[:0]
	}
	q.waiting = append(q.waiting, m)
	q.bytes += len(b)
	return false
}

// forget takes out what is needless now.
func (q *queue) forget(kinds ...kind) {
	kept := q.waiting[:0]
	for _, m := range q.waiting {
		if slices.Contains(kinds, m.kind) {
			q.bytes -= len(m.b)
		} else {
			kept = append(kept, m)
		}
	}
	clear(q.waiting[len(kept):])
	q.waiting = kept
}

// take takes out as many messages as go into one write and appends their frames to b; at least one, if any waits.
func (q *queue) take(b []byte) []byte {
	n := 0
	for ; n < len(q.waiting); n++ {
		m := q.waiting[n]
		if n > 0 && len(b)+frameHeader+len(m.b) > mostWritten {
			break
		}
		b = appendFrame(b, m)
		q.bytes -= len(m.b)
		if m.box != nil {
			boxes.Put(m.box)
		}
	}
	if n == len(q.waiting) {
		q.empty() // an idle viewer keeps no memory for it
	} else {
		clear(q.waiting[:n])
		q.waiting = q.waiting[n:]
	}
	return b
}

// shut drops all that waits and takes no more.
func (q *queue) shut() {
	q.gone, q.bytes, q.stale = true, 0, false
	q.empty()
	q.finish()
}

// empty gives back the room for what waited.
func (q *queue) empty() {
	q.waiting = nil
	if q.slots != nil {
		clear(q.slots[:])
		spareSlots.Put(q.slots)
		q.slots = nil
	}
}

// finish tells who waits for it that nothing is written any more.
func (q *queue) finish() {
	if q.finished != nil {
		close(q.finished)
		q.finished = nil
	}
}
