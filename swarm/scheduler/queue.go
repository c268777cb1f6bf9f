package scheduler

import "github.com/shoal-live/shoal/swarm/wire"

// queue holds the actions that the host has not been given yet, and the bytes they refer to.
type queue struct {
	actions []Action
	bytes   []byte
	given   bool
}

func (q *queue) add(a Action) { q.actions = append(q.actions, a) }

// message is anything of wire that appends itself.
type message interface{ Append([]byte) []byte }

// message appends m to the queue's bytes and returns it there.
func (q *queue) message(m message) []byte {
	from := len(q.bytes)
	q.bytes = m.Append(q.bytes)
	return q.bytes[from:len(q.bytes):len(q.bytes)]
}

// encode does the same for a frame and its payload, without an allocation.
func (q *queue) encode(f wire.Frame, payload []byte) []byte {
	from := len(q.bytes)
	q.bytes = append(f.Append(q.bytes), payload...)
	return q.bytes[from:len(q.bytes):len(q.bytes)]
}

func (q *queue) copy(b []byte) []byte {
	from := len(q.bytes)
	q.bytes = append(q.bytes, b...)
	return q.bytes[from:len(q.bytes):len(q.bytes)]
}

func (q *queue) drain() []Action {
	if q.given {
		return nil
	}
	q.given = true
	return q.actions
}

func (q *queue) reset() {
	if q.given {
		q.actions, q.bytes, q.given = q.actions[:0], q.bytes[:0], false
	}
}
