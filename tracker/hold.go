package tracker

import (
	"context"
	"sync"
	"time"
)

// pause is how long a viewer that was just written to is not written to again: what comes meanwhile goes together. So
// a viewer that hears little hears it at once, and one that is being introduced to many hears it in few writes, each of
// which costs more than all else that is done for a message.
const pause = 20 * time.Millisecond

// hold is the viewers for whom something waits until their pause is over.
type hold struct {
	soon chan struct{} // static; holds one when somebody is held

	mu      sync.Mutex // guards what follows
	viewers []*viewer
}

func newHold() hold { return hold{soon: make(chan struct{}, 1)} }

// add has what waits for a viewer written within a pause.
func (h *hold) add(v *viewer) {
	h.mu.Lock()
	h.viewers = append(h.viewers, v)
	h.mu.Unlock()
	select {
	case h.soon <- struct{}{}:
	default:
	}
}

// run writes, a pause after the first of them was held, what waits for all that are held by then; until ctx ends.
func (h *hold) run(ctx context.Context) {
	over := time.NewTimer(pause)
	over.Stop()
	var space []*viewer
	out := outputs.Get().(*output)
	defer outputs.Put(out)
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.soon:
		}
		over.Reset(pause)
		select {
		case <-ctx.Done():
			return
		case <-over.C:
		}
		h.mu.Lock()
		viewers := h.viewers
		h.viewers = space[:0]
		h.mu.Unlock()
		for _, v := range viewers {
			v.wake(out)
		}
		clear(viewers)
		space = viewers
	}
}
