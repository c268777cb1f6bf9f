// Package gate answers WebSocket handshakes without net/http's server, which is made for requests that follow one
// another and leaves 12 KB of buffers to the garbage for each connection that is taken over from it; and who is refused is
// gone at once, where that server keeps the connection for half a second.
//
// A [Gate] stands before a listener. It looks at what a connection says first, without taking it. Is that a whole
// handshake for its path as all browsers write it, and nothing more, the gate's handler has it, as an [http.Request] and
// with an [http.ResponseWriter] that can be hijacked. Everything else (other paths and methods, what comes in pieces or is
// odd in any way) is accepted by whoever serves the gate as a listener, with not a byte missing: so the gate need not know
// how to refuse what is malformed, and the handler must serve there too.
//
// A handler that panics costs its connection and a line in the log, as it does in net/http, and not the process.
//
// The request is parsed by net/http. It has no context but the background's, and ends with the handler: buffers of a
// hijacked connection are lent until then.
package gate

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"
)

const (
	sayWithin  = 10 * time.Second // a connection that says nothing for so long is left to the server, and its patience
	mostHeader = 4 << 10          // of a handshake that is served here
)

// Gate is a listener of all connections that are not handshakes.
type Gate struct {
	listener net.Listener   // static
	path     string         // static; of the handshakes
	handler  http.Handler   // static
	gone     func(net.Conn) // static
	log      *slog.Logger   // static
	others   chan accepted  // to Accept
	done     chan struct{}  // closed with the gate
	running  sync.WaitGroup // all that serves connections

	mu      sync.Mutex // guards what follows
	closed  bool
	waiting map[*net.TCPConn]struct{} // those that have said nothing yet
}

// accepted is what a listener's Accept returns.
type accepted struct {
	conn net.Conn
	err  error
}

// New returns a gate before a listener, whose handler serves the handshakes for a path. Gone is told of each connection that was
// answered or taken over here, or closed because the gate was. It starts nothing: see Run.
func New(listener net.Listener, path string, handler http.Handler, gone func(net.Conn), log *slog.Logger) *Gate {
	return &Gate{
		listener: listener, path: path, handler: handler, gone: gone, log: log,
		others: make(chan accepted), done: make(chan struct{}),
		waiting: map[*net.TCPConn]struct{}{},
	}
}

// Run opens the gate until ctx ends or it is closed.
func (g *Gate) Run(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { g.Close() })()
	for {
		conn, err := g.listener.Accept()
		if tcp, ok := conn.(*net.TCPConn); ok && err == nil && direct && g.expect(tcp) {
			g.running.Go(func() { g.await(tcp) })
			continue
		}
		if !g.give(accepted{conn, err}) {
			break
		}
	}
	g.running.Wait()
	return nil
}

// give gives what was accepted to Accept, and tells whether the gate is open.
func (g *Gate) give(a accepted) bool {
	select {
	case g.others <- a:
		return true
	case <-g.done:
		if a.conn != nil {
			a.conn.Close()
			g.gone(a.conn)
		}
		return false
	}
}

// expect notes a connection that has said nothing yet, if the gate is open. Its deadline is set here, so that it cannot take
// the place of the one that Close sets.
func (g *Gate) expect(conn *net.TCPConn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		conn.SetReadDeadline(time.Now().Add(sayWithin))
		g.waiting[conn] = struct{}{}
	}
	return !g.closed
}

// await waits until a connection says something, and has it served if it is a handshake.
func (g *Gate) await(conn *net.TCPConn) {
	l := g.listen(conn)
	g.mu.Lock()
	delete(g.waiting, conn)
	g.mu.Unlock()
	if l != nil {
		defer loans.Put(l)
		if r := l.handshake(conn, g.path); r != nil {
			g.serve(l, conn, r)
			return
		}
	}
	conn.SetReadDeadline(time.Time{})
	g.give(accepted{conn: conn})
}

// serve has a handshake answered. A panic of the handler ends here, and the connection with it, whoever has it by now.
func (g *Gate) serve(l *loan, conn *net.TCPConn, r *http.Request) {
	defer g.gone(conn)
	defer func() {
		if why := recover(); why != nil {
			conn.Close()
			if why != http.ErrAbortHandler {
				g.log.Error("gate: the handler of handshakes panicked", "panic", why, "stack", string(debug.Stack()))
			}
		}
	}()
	l.answer(conn, r, g.handler)
}

// listen returns what a connection says first, nil if the gate closes before or it takes too long. Who waits borrows nothing.
func (g *Gate) listen(conn *net.TCPConn) (l *loan) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil
	}
	raw.Read(func(fd uintptr) bool {
		l = loans.Get().(*loan)
		if l.look(fd) {
			return true
		}
		loans.Put(l)
		l = nil
		return false
	})
	return l
}

// Accept implements net.Listener.
func (g *Gate) Accept() (net.Conn, error) {
	select {
	case a := <-g.others:
		return a.conn, a.err
	case <-g.done:
		return nil, net.ErrClosed
	}
}

// Addr implements net.Listener.
func (g *Gate) Addr() net.Addr { return g.listener.Addr() }

// Close implements net.Listener. Connections that have said nothing yet are closed too.
func (g *Gate) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil
	}
	g.closed = true
	close(g.done)
	for conn := range g.waiting {
		conn.SetReadDeadline(time.Unix(1, 0))
	}
	return g.listener.Close()
}
