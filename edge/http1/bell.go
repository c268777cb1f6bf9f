package http1

import (
	"errors"
	"os"
	"time"
)

// bell wakes the connections that wait for the same thing. Their goroutines read meanwhile, so that who leaves is gone at once, and a
// connection that waits costs no second one.
type bell struct {
	rung    bool               // guarded by Front.mu
	waiting map[*conn]struct{} // guarded by Front.mu
	silent  chan struct{}      // closed when all are woken
}

// await waits until what an answer waits for has come or the front lets go. It tells whether the viewer is still there.
func (c *conn) await(until Wait) (here bool) {
	defer func() { until.Leave(!here) }()
	c.raw.SetReadDeadline(time.Time{})
	c.readBy = time.Time{}
	b := c.front.join(c, until.Done())
	for len(c.buffer) < cap(c.buffer) {
		if c.front.rung(b) {
			break
		}
		n, err := c.stream().Read(c.buffer[len(c.buffer):cap(c.buffer)]) // of the next request
		c.buffer = c.buffer[:len(c.buffer)+n]
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded): // it is woken
			return true
		default:
			c.front.part(c, b)
			return false
		}
	}
	if !c.waitUnread(b.silent) { // it is to be woken yet, which must not be while it reads something else; or there is no room to read into
		c.front.part(c, b)
		return false
	}
	return true
}

// lookEach is how often it is looked whether a viewer has left who has said more than there is room for.
const lookEach = time.Second / 2

// waitUnread waits without reading, and tells whether the viewer is still there.
func (c *conn) waitUnread(until <-chan struct{}) (here bool) {
	look := time.NewTicker(lookEach)
	defer look.Stop()
	for {
		select {
		case <-until:
			return true
		case <-look.C:
			if hasLeft(c.raw) {
				return false
			}
		}
	}
}

// join has a connection woken when done is closed.
func (f *Front) join(c *conn, done <-chan struct{}) *bell {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.bells[done]
	if b == nil {
		b = &bell{waiting: map[*conn]struct{}{}, silent: make(chan struct{})}
		f.bells[done] = b
		f.running.Go(func() { f.ring(b, done) })
	}
	b.waiting[c] = struct{}{}
	return b
}

// part takes a connection from a bell.
func (f *Front) part(c *conn, b *bell) {
	f.mu.Lock()
	delete(b.waiting, c)
	f.mu.Unlock()
}

func (f *Front) rung(b *bell) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return b.rung
}

// ring wakes who waits when done is closed, or the front lets go.
func (f *Front) ring(b *bell, done <-chan struct{}) {
	select {
	case <-done:
	case <-f.requests.Done():
	}
	f.mu.Lock()
	b.rung = true
	delete(f.bells, done)
	waiting := b.waiting
	b.waiting = nil
	f.mu.Unlock()
	for c := range waiting {
		c.raw.SetReadDeadline(past)
	}
	close(b.silent)
}
