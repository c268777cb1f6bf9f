package http1

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Front is a listener of all connections that are not plain.
type Front struct {
	listener net.Listener       // static
	config   Config             // static
	fields   []byte             // static; Config.Fields as they are written
	requests context.Context    // static; of all requests
	release  context.CancelFunc // static
	others   chan accepted      // to Accept
	done     chan struct{}      // closed by Close
	closed   sync.Once
	ending   atomic.Bool
	ways     ways
	running  sync.WaitGroup // Add only under mu, while not ending

	mu    sync.Mutex // guards what follows
	conns map[*conn]struct{}
	bells map[<-chan struct{}]*bell
}

// accepted is what a listener's Accept returns.
type accepted struct {
	conn net.Conn
	err  error
}

// New returns a front before a listener. It starts nothing: see Run.
func New(listener net.Listener, config Config) *Front {
	config.defaults()
	f := &Front{listener: listener, config: config, others: make(chan accepted), done: make(chan struct{}), conns: map[*conn]struct{}{},
		bells: map[<-chan struct{}]*bell{}, fields: AppendFields(nil, config.Fields)}
	f.requests, f.release = context.WithCancel(context.Background())
	return f
}

// Run serves until ctx ends or the front is closed: then the listener is closed, connections that rest are, requests are let go
// after HeldTime, and what still runs after DrainTime is cut off.
func (f *Front) Run(ctx context.Context) error {
	defer f.release()
	defer context.AfterFunc(ctx, func() { f.shut() })()
	for {
		raw, err := f.listener.Accept()
		if err != nil {
			if f.ending.Load() || !f.give(accepted{nil, err}) {
				break
			}
			continue
		}
		if c := f.take(raw); c != nil {
			go c.serve()
			continue
		}
		raw.Close()
		f.config.Gone(raw)
	}
	f.drain()
	return nil
}

// take notes a connection, if the front is open.
func (f *Front) take(raw net.Conn) *conn {
	c := newConn(f, raw)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ending.Load() {
		return nil
	}
	f.conns[c] = struct{}{}
	f.running.Add(1)
	return c
}

func (f *Front) forget(c *conn) {
	f.mu.Lock()
	delete(f.conns, c)
	f.mu.Unlock()
	f.running.Done()
}

// drain waits for what is under way.
func (f *Front) drain() {
	defer time.AfterFunc(f.config.HeldTime, f.release).Stop()
	defer time.AfterFunc(f.config.DrainTime, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		for c := range f.conns {
			c.raw.Close()
		}
	}).Stop()
	f.mu.Lock()
	for c := range f.conns {
		if c.rests.Load() {
			c.raw.SetReadDeadline(past)
		}
	}
	f.mu.Unlock()
	f.running.Wait()
}

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// give gives what was accepted to Accept, and tells whether the front is open.
func (f *Front) give(a accepted) bool {
	select {
	case f.others <- a:
		return true
	case <-f.done:
		return false
	}
}

// Accept implements net.Listener.
func (f *Front) Accept() (net.Conn, error) {
	select {
	case a := <-f.others:
		return a.conn, a.err
	case <-f.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (f *Front) Close() error {
	defer f.closed.Do(func() { close(f.done) })
	return f.shut()
}

// shut takes no more connections. Accept goes on waiting for Close, so that its server ends by its own doing.
func (f *Front) shut() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ending.Swap(true) {
		return nil
	}
	return f.listener.Close()
}

// Addr implements net.Listener.
func (f *Front) Addr() net.Addr { return f.listener.Addr() }
