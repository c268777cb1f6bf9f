package scheduler

// queue holds the actions that the host has not been given yet, and the bytes they refer to.
type queue struct {
	actions []Action
	bytes   []byte
	given   bool
}

func (q *queue) add(a Action) { q.actions = append(q.actions, a) }

// message is anything of wire that appends itself.
type message interface{ Append([]byte) []byte }

// encode appends m and payload to the queue's bytes and returns them.
func (q *queue) encode(m message, payload []byte) []byte {
	from := len(q.bytes)
	q.bytes = append(m.Append(q.bytes), payload...)
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
