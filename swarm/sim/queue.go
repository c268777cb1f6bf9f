package sim

// queue is a link's messages that wait for the uplink. They hang on one another, so that nothing is allocated.
type queue struct{ first, last *message }

func (q *queue) empty() bool { return q.first == nil }

func (q *queue) push(m *message) {
	m.after = nil
	if q.first == nil {
		q.first = m
	} else {
		q.last.after = m
	}
	q.last = m
}

func (q *queue) pop() *message {
	m := q.first
	q.first = m.after
	return m
}

// turns is the links of a viewer that have something to send, in turn.
type turns struct {
	list []*half
	next int
}

func (t *turns) empty() bool { return t.next == len(t.list) }

func (t *turns) waiting() []*half { return t.list[t.next:] }

func (t *turns) push(h *half) {
	if len(t.list) == cap(t.list) && t.next > 0 {
		t.list, t.next = t.list[:copy(t.list, t.waiting())], 0
	}
	t.list = append(t.list, h)
}

func (t *turns) pop() *half {
	h := t.list[t.next]
	t.next++
	return h
}
