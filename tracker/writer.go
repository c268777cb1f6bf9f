package tracker

import (
	"bytes"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
)

// push has a message written to the viewer: at once if it was not written to for a while, else together with what
// comes until the pause is over. It never blocks; it tells whether the message was taken.
func (v *viewer) push(k kind, b []byte) bool { return v.post(outgoing{kind: k, b: b}) }

// relay has another's signal written to the viewer, likewise.
func (v *viewer) relay(s wire.Signal) bool {
	box := boxes.Get().(*box)
	return v.post(outgoing{kind: signal, b: s.Append(box[:0]), box: box}) // one too long for it lies elsewhere
}

func (v *viewer) post(m outgoing) bool {
	v.mu.Lock()
	dropped := v.queue.add(m)
	held := false
	if len(v.queue.waiting) > 0 && !v.queue.writing {
		switch {
		case m.kind == welcome: // a Roster follows at once
		case m.kind == refusal || m.kind == closing, !v.queue.held && v.rested():
			v.start()
		case !v.queue.held:
			v.queue.held, held = true, true
		}
	}
	v.mu.Unlock()
	if dropped {
		v.t.metrics.dropped(m.kind)
	}
	if held {
		v.t.hold.add(v)
	}
	return !dropped
}

// rested tells whether the viewer was not written to for a pause.
func (v *viewer) rested() bool {
	return v.t.millis(time.Now())-v.queue.wrote >= pause.Milliseconds()
}

// start starts the writer.
func (v *viewer) start() {
	v.queue.writing = true
	v.t.running.Add(1)
	go v.write()
}

// wake ends the pause: what waits is written by the caller if the system takes it at once, else by the writer.
func (v *viewer) wake(out *output) {
	v.mu.Lock()
	v.queue.held = false
	if len(v.queue.waiting) == 0 || v.queue.writing {
		v.mu.Unlock()
		return
	}
	if v.socket.raw == nil || v.queue.stale {
		v.start()
		v.mu.Unlock()
		return
	}
	v.draw(out)
	v.queue.writing = true // by us
	v.t.running.Add(1)
	v.mu.Unlock()
	done, err := v.socket.try(out)
	if err == nil && !done {
		go v.writeOn(bytes.Clone(out.b[out.n:]))
		return
	}
	if err != nil {
		v.fail()
	}
	v.wrote()
	v.t.running.Done()
}

// wrote ends a write that was done for the writer. What came meanwhile has its pause, unless it is a goodbye.
func (v *viewer) wrote() {
	v.mu.Lock()
	v.queue.writing = false
	more := len(v.queue.waiting) > 0 || v.queue.stale
	if more && v.queue.closing {
		v.start()
	}
	v.queue.held = more && !v.queue.closing
	held := v.queue.held
	v.mu.Unlock()
	if held {
		v.t.hold.add(v)
	}
}

// bye ends the socket politely: what waits is written, then a close.
func (v *viewer) bye(code int, text string) {
	v.push(closing, websocket.FormatCloseMessage(code, text[:min(len(text), 120)]))
	v.socket.SetReadDeadline(time.Now().Add(farewell))
}

// finished waits until a goodbye is written, or cannot be; it does not wait long.
func (v *viewer) finished(within time.Duration) {
	v.mu.Lock()
	if !v.queue.writing || v.queue.gone {
		v.mu.Unlock()
		return
	}
	finished := make(chan struct{})
	v.queue.finished = finished
	v.mu.Unlock()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-finished:
	case <-timer.C:
	}
}

func (v *viewer) stillOpen() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return !v.queue.closing && !v.queue.gone
}

// draw takes out what is written next; mu is held.
func (v *viewer) draw(out *output) {
	out.b = v.queue.take(out.b[:0])
	v.queue.wrote = v.t.millis(time.Now())
}

// fail ends a socket that cannot be written to.
func (v *viewer) fail() {
	v.mu.Lock()
	v.queue.shut()
	v.mu.Unlock()
	v.conn.Close()
}

// writeOn is the writer's goroutine when it begins in the midst of a write.
func (v *viewer) writeOn(rest []byte) {
	if err := v.socket.finish(rest); err != nil {
		v.fail()
		v.t.running.Done()
		return
	}
	v.write()
}

// write is the writer's goroutine: it ends when nothing waits any more.
func (v *viewer) write() {
	defer v.t.running.Done()
	out := outputs.Get().(*output)
	defer outputs.Put(out)
	for {
		v.mu.Lock()
		v.draw(out)
		if len(out.b) == 0 {
			v.queue.writing = false
			v.queue.finish()
			ask := v.queue.stale && !v.queue.asked && !v.queue.closing
			v.queue.asked = v.queue.asked || ask
			v.mu.Unlock()
			if ask {
				v.stream.resend(v) // the Roster, when it comes, starts a writer
			}
			return
		}
		v.mu.Unlock()
		if err := v.socket.send(out); err != nil {
			v.fail()
			return
		} else if v.pauses() {
			return
		}
	}
}

// pauses ends the writer after a write if what came meanwhile may wait, together with what comes until the pause is over.
func (v *viewer) pauses() bool {
	v.mu.Lock()
	q := &v.queue
	if len(q.waiting) == 0 || q.bytes >= mostWritten || q.stale || q.closing {
		v.mu.Unlock()
		return false
	}
	q.writing, q.held = false, true
	v.mu.Unlock()
	v.t.hold.add(v)
	return true
}
