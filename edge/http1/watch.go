package http1

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"
)

// watch is the context of a request that a handler answers. Who waits for its end has the connection read meanwhile, so that it ends
// when the viewer leaves; who does not wait costs nothing.
type watch struct {
	context.Context // of all requests
	conn            *conn

	mu     sync.Mutex // guards what follows
	inner  context.Context
	cancel context.CancelFunc
	read   chan struct{} // closed when nobody reads any more
	gone   bool          // the viewer
}

// Done implements context.Context.
func (w *watch) Done() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begin()
	return w.inner.Done()
}

// Err implements context.Context.
func (w *watch) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.inner == nil {
		return w.Context.Err()
	}
	return w.inner.Err()
}

// begin has the connection read. What comes is kept for the request after this one, as far as there is room for it; after that it is looked at
// from time to time.
func (w *watch) begin() {
	if w.inner != nil {
		return
	}
	w.inner, w.cancel = context.WithCancel(w.Context)
	read := make(chan struct{})
	w.read = read
	c := w.conn
	if len(c.buffer) == cap(c.buffer) {
		grown := make([]byte, len(c.buffer), cap(c.buffer)+firstBuffer/2)
		copy(grown, c.buffer)
		c.buffer = grown // the head stays where it is
	}
	c.raw.SetReadDeadline(time.Time{})
	c.readBy = time.Time{}
	go func() {
		defer close(read)
		for len(c.buffer) < cap(c.buffer) {
			n, err := c.stream().Read(c.buffer[len(c.buffer):cap(c.buffer)])
			c.buffer = c.buffer[:len(c.buffer)+n]
			if err != nil {
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					w.gone = true
					w.cancel()
				}
				return
			}
		}
		if !c.waitUnread(w.inner.Done()) {
			w.gone = true
			w.cancel()
		}
	}()
}

// end ends the reading, and tells whether the viewer is still there.
func (w *watch) end() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.inner == nil: // nobody waited; who still would is told that it is over
		w.inner = over
		return true
	case w.read == nil:
		return !w.gone
	}
	w.cancel()
	w.conn.raw.SetReadDeadline(past)
	<-w.read
	w.read = nil
	return !w.gone
}

// over is the context of what has ended.
var over = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()
