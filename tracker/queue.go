package tracker

import (
	"errors"
	"slices"
	"time"

	"github.com/gorilla/websocket"
)

// Bounds of what may wait for one viewer. A newcomer's links cost each member about ten signals.
const (
	maxQueued      = 512       // messages
	maxQueuedBytes = 128 << 10 // and their bytes
	writeWithin    = 10 * time.Second
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
	refusal
	ping
	pong
	closing
)

type outgoing struct {
	kind kind
	b    []byte // shared with other queues: not written to
}

// queue is what waits for one viewer. When it is full, a delta or a list of bridges is dropped, and the whole roster and
// the bridges are sent once the queue is empty again; signals, pings and pongs are dropped for good.
type queue struct {
	waiting []outgoing
	bytes   int
	stale   bool // a delta or bridges were dropped
	writing bool // a writer runs
	closing bool // a close waits or is written: nothing more is taken
	gone    bool // the socket is closed
}

// add takes a message, or tells that it was dropped.
func (q *queue) add(k kind, b []byte) (dropped bool) {
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
		q.stale = false
	case control:
		q.forget(control, turnedOff) // likewise
	case turnedOff:
		q.forget(control, turnedOff, roster, delta, bridges)
		q.stale = false
	case signal, ping, pong:
		if full {
			return k == signal
		}
	case closing:
		q.closing = true
	}
	q.waiting = append(q.waiting, outgoing{k, b})
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

// next takes the first message out.
func (q *queue) next() (m outgoing, ok bool) {
	if len(q.waiting) == 0 {
		q.waiting = nil // an idle viewer keeps no memory for it
		return m, false
	}
	m, q.waiting = q.waiting[0], q.waiting[1:]
	q.bytes -= len(m.b)
	return m, true
}

// shut drops all that waits and takes no more.
func (q *queue) shut() { q.gone, q.waiting, q.bytes, q.stale = true, nil, 0, false }

// push has a message written to the viewer. It never blocks; it tells whether the message was taken.
func (v *viewer) push(k kind, b []byte) bool {
	v.mu.Lock()
	dropped := v.queue.add(k, b)
	if len(v.queue.waiting) > 0 && !v.queue.writing {
		v.queue.writing = true
		v.t.running.Add(1)
		go v.write()
	}
	v.mu.Unlock()
	if dropped {
		v.t.metrics.dropped(k)
	}
	return !dropped
}

// bye ends the socket politely: what waits is written, then a close.
func (v *viewer) bye(code int, text string) {
	v.push(closing, websocket.FormatCloseMessage(code, text[:min(len(text), 120)]))
	v.conn.NetConn().SetReadDeadline(time.Now().Add(farewell))
}

func (v *viewer) stillOpen() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return !v.queue.closing && !v.queue.gone
}

// write is the writer's goroutine: it ends when nothing waits any more.
func (v *viewer) write() {
	defer v.t.running.Done()
	for {
		v.mu.Lock()
		m, ok := v.queue.next()
		stale := v.queue.stale && !v.queue.closing
		if !ok && !stale {
			v.queue.writing = false
			v.mu.Unlock()
			return
		}
		v.mu.Unlock()
		if !ok {
			v.stream.resend(v)
			continue
		}
		if err := v.send(m); err != nil {
			v.mu.Lock()
			v.queue.shut()
			v.mu.Unlock()
			if !errors.Is(err, websocket.ErrCloseSent) { // else the reader still waits for the other side's close
				v.conn.Close()
			}
			return
		}
	}
}

func (v *viewer) send(m outgoing) error {
	v.conn.SetWriteDeadline(time.Now().Add(writeWithin))
	switch m.kind {
	case ping:
		return v.conn.WriteMessage(websocket.PingMessage, nil)
	case pong:
		return v.conn.WriteMessage(websocket.PongMessage, m.b)
	case closing:
		return v.conn.WriteMessage(websocket.CloseMessage, m.b)
	}
	return v.conn.WriteMessage(websocket.BinaryMessage, m.b)
}
