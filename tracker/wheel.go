package tracker

import (
	"sync"
	"time"
)

const (
	pingEvery  = 20 * time.Second
	deadAfter  = 45 * time.Second
	wheelSlots = 40
)

// wheel is all open sockets, spread over slots that come round one after the other: each socket is pinged once a
// turn, and one that has not been heard of for too long is closed. There is no timer for each socket.
type wheel struct {
	mu    sync.Mutex // guards what follows, and each viewer's slot and place
	slots [wheelSlots][]*viewer
	hand  int
	next  int // the slot of the next socket
}

func (w *wheel) add(v *viewer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v.slot, v.place = w.next, len(w.slots[w.next])
	w.slots[w.next] = append(w.slots[w.next], v)
	w.next = (w.next + 1) % wheelSlots
}

func (w *wheel) remove(v *viewer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	slot := w.slots[v.slot]
	last := slot[len(slot)-1]
	slot[v.place], last.place = last, v.place
	slot[len(slot)-1] = nil
	w.slots[v.slot] = slot[:len(slot)-1]
}

// turn goes on to the next slot.
func (w *wheel) turn(now time.Time) {
	w.mu.Lock()
	w.hand = (w.hand + 1) % wheelSlots
	viewers := append([]*viewer(nil), w.slots[w.hand]...)
	w.mu.Unlock()
	for _, v := range viewers {
		if v.t.millis(now)-v.heard.Load() > deadAfter.Milliseconds() {
			v.t.metrics.dead.Inc()
			v.conn.Close()
		} else {
			v.push(ping, nil)
		}
	}
}

func (w *wheel) all() []*viewer {
	w.mu.Lock()
	defer w.mu.Unlock()
	var viewers []*viewer
	for _, slot := range w.slots {
		viewers = append(viewers, slot...)
	}
	return viewers
}
