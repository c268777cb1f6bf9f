package hls

import (
	"sync"
	"time"
)

// What is at hand, for who answers requests without a goroutine, a timer and a context for each.

// PlaylistAtHand returns the plain playlist that answers a reload, and for how long it may be kept; or, where it may come soon, what to wait for.
// It returns nothing where ServePlaylist has something else to say.
func (w *Window) PlaylistAtHand(r Reload, reports func() []Report) (plain []byte, cache string, wait <-chan struct{}) {
	w.mu.Lock()
	v := w.view
	ok, err := v.answered(r)
	if !ok && err == nil && v.Playable() {
		wait = w.awaited.begin(w.config.PartTarget)
	}
	w.mu.Unlock()
	if !ok || err != nil || !v.Playable() {
		return nil, "", wait
	}
	return v.playlistWith(r, reports).plain, w.cache(r), nil
}

// MediaAtHand is Find, with what to wait for where it may come soon.
func (w *Window) MediaAtHand(n Name) (m Media, wait <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, mayCome := w.find(n)
	if !m.There() && mayCome {
		wait = w.awaited.begin(w.config.PartTarget)
	}
	return m, wait
}

// awaited is the next change, for who waits no longer than that takes as a rule, and then asks in a way that tells him when it is too long.
type awaited struct {
	mu    sync.Mutex    // guards what follows; taken with the window's held
	come  chan struct{} // nil: nobody waits
	timer *time.Timer
	ended time.Time     // when a wait was late last
	spent time.Duration // by who waited then
}

const (
	leastWait = time.Second            // how long is waited, or three parts if that is more
	handover  = 250 * time.Millisecond // within which who has waited so long asks in the other way
)

// begin returns what is closed at the next change, or when it is late.
func (a *awaited) begin(part time.Duration) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.come == nil {
		come, long := make(chan struct{}), max(leastWait, 3*part)
		a.come = come
		a.timer = time.AfterFunc(long, func() { a.late(come, long) })
	}
	return a.come
}

// late ends a wait that is still the newest.
func (a *awaited) late(come chan struct{}, long time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.come == come {
		close(come)
		a.come, a.ended, a.spent = nil, time.Now(), long
	}
}

// end is told of a change.
func (a *awaited) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = time.Time{}
	if a.come != nil {
		a.timer.Stop()
		close(a.come)
		a.come = nil
	}
}

// left returns how much is left of a time for who asks now: who does so just when a wait was late is one of those who waited. Others,
// who never wait here, have all of it.
func (a *awaited) left(of time.Duration) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Since(a.ended) > handover {
		return of
	}
	return of - a.spent
}
