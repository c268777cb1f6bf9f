package http1

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Config is what a Front is made from. Times of zero are the defaults.
type Config struct {
	Handler http.Handler   // of what the cache has not at hand
	Cache   Cache          // nil: there is none
	Gone    func(net.Conn) // told of each connection that ends here; nil: nobody is
	TLS     *tls.Config    // that connections begin with; nil: none. Who chooses h2 is handed on as a *tls.Conn
	Log     *slog.Logger   // default slog.Default()

	HeadTime  time.Duration // for a head to come; default 10 s
	IdleTime  time.Duration // a connection rests between two requests; default 2 min
	WriteTime time.Duration // for a Slice of an answer to be taken; default 30 s
	MaxHead   int           // bytes of a head; default 32 KiB; larger ones are left to Accept's
	HeldTime  time.Duration // requests go on waiting when the front ends; default 250 ms
	DrainTime time.Duration // answers go on being written then; default 5 s
}

// Slice is how much of an answer must be taken in WriteTime.
const Slice = 256 << 10

// Cache has answers at hand.
type Cache interface {
	// Hit returns the answer to a request, if there is one to be sent as it is.
	Hit(from netip.Addr, h *Head, now time.Time) (Answer, bool)
}

// Answer is an answer as it is sent, and not written to.
type Answer struct {
	Head  []byte // with the empty line
	Body  []byte
	Tally Tally

	Wait Wait // nil: it is there; else it is asked for again when that is over
}

// Wait is what an answer waits for.
type Wait interface {
	Done() <-chan struct{} // closed when it is there
	Leave()                // called when the viewer waits no longer, whatever the reason
}

// Sender is a ResponseWriter of the front's.
type Sender interface {
	http.ResponseWriter
	Send(Answer) bool
}

// Tally is told what was sent of an answer's body.
type Tally interface{ Count(body int) }

func (c *Config) defaults() {
	for at, value := range map[*time.Duration]time.Duration{
		&c.HeadTime: 10 * time.Second, &c.IdleTime: 2 * time.Minute, &c.WriteTime: 30 * time.Second,
		&c.HeldTime: time.Second / 4, &c.DrainTime: 5 * time.Second,
	} {
		if *at == 0 {
			*at = value
		}
	}
	if c.MaxHead == 0 {
		c.MaxHead = 32 << 10
	}
	if c.Gone == nil {
		c.Gone = func(net.Conn) {}
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
}

// Front is a listener of all connections that are not plain.
type Front struct {
	listener net.Listener       // static
	config   Config             // static
	requests context.Context    // static; of all requests
	release  context.CancelFunc // static
	others   chan accepted      // to Accept
	done     chan struct{}      // closed with the front
	ending   atomic.Bool
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
		bells: map[<-chan struct{}]*bell{}}
	f.requests, f.release = context.WithCancel(context.Background())
	return f
}

// Run serves until ctx ends or the front is closed: then the listener is closed, connections that rest are, requests are let go
// after HeldTime, and what still runs after DrainTime is cut off.
func (f *Front) Run(ctx context.Context) error {
	defer f.release()
	defer context.AfterFunc(ctx, func() { f.Close() })()
	for {
		raw, err := f.listener.Accept()
		if err != nil {
			if !f.give(accepted{nil, err}) {
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
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ending.Swap(true) {
		return nil
	}
	close(f.done)
	return f.listener.Close()
}

// Addr implements net.Listener.
func (f *Front) Addr() net.Addr { return f.listener.Addr() }

// handed is a connection that was read from.
type handed struct {
	net.Conn
	unread []byte
}

// Read implements net.Conn.
func (h *handed) Read(b []byte) (int, error) {
	if len(h.unread) == 0 {
		return h.Conn.Read(b)
	}
	n := copy(b, h.unread)
	if h.unread = h.unread[n:]; len(h.unread) == 0 {
		h.unread = nil
	}
	return n, nil
}
