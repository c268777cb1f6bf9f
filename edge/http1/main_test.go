package http1

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pipes is a listener in memory, so that all runs inside a synctest bubble.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *pipes) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// stand is a front with what stands behind it.
type stand struct {
	front *Front
	pipes *pipes
	end   context.CancelFunc
	ended chan struct{} // when Run has

	mu   sync.Mutex
	gone int
}

// start runs a front; what it hands on is answered by net/http.
func start(t *testing.T, config Config) *stand {
	pipes := newPipes()
	s := startOn(t, pipes, config)
	s.pipes = pipes
	return s
}

func startOn(t *testing.T, listener net.Listener, config Config) *stand {
	s := &stand{ended: make(chan struct{})}
	config.Log = slog.New(slog.DiscardHandler)
	config.Gone = func(net.Conn) { s.mu.Lock(); s.gone++; s.mu.Unlock() }
	s.front = New(listener, config)
	var ctx context.Context
	ctx, s.end = context.WithCancel(context.Background())
	go func() { s.front.Run(ctx); close(s.ended) }()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		io.WriteString(w, "handed on: "+r.Method+" "+r.RequestURI+" "+string(body))
		if r.TLS != nil {
			io.WriteString(w, " by TLS")
		}
	}), MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	served := make(chan struct{})
	go func() { server.Serve(s.front); close(served) }()
	t.Cleanup(func() { s.end(); <-s.ended; server.Close(); <-served })
	return s
}

// connect returns the viewer's side of a new connection.
func (s *stand) connect(t *testing.T) net.Conn {
	viewer, conn := net.Pipe()
	s.pipes.conns <- conn
	t.Cleanup(func() { viewer.Close() })
	return viewer
}

// say writes without waiting for whoever reads.
func say(t *testing.T, c net.Conn, text string) {
	done := make(chan struct{})
	go func() { io.WriteString(c, text); close(done) }()
	t.Cleanup(func() { c.Close(); <-done })
}

type tally struct {
	mu    sync.Mutex
	bytes []int
}

func (a *tally) Count(n int) { a.mu.Lock(); a.bytes = append(a.bytes, n); a.mu.Unlock() }

var counted tally

// plainHandler answers in the ways that handlers do.
var plainHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/text":
		w.Header().Set("Content-Length", "4")
		io.WriteString(w, "text")
	case "/chunks":
		w.Header().Set("Content-Type", "text/x")
		io.WriteString(w, "one")
		w.(http.Flusher).Flush()
		io.WriteString(w, "two")
	case "/none":
		w.WriteHeader(http.StatusNoContent)
	case "/same":
		w.WriteHeader(http.StatusNotModified)
	case "/nothing":
	case "/query":
		io.WriteString(w, r.URL.RawQuery+r.Host+r.Header.Get("X")+r.RemoteAddr[:0])
	case "/long":
		for range 1000 {
			io.WriteString(w, "long")
		}
	case "/less":
		w.Header().Set("Content-Length", "9")
		io.WriteString(w, "less")
	case "/more":
		w.Header().Set("Content-Length", "3")
		_, err := io.WriteString(w, "more")
		if err != http.ErrContentLength {
			panic("no error")
		}
	case "/close":
		w.Header().Set("Connection", "close")
		io.WriteString(w, "bye")
	case "/abort":
		io.WriteString(w, "half")
		panic(http.ErrAbortHandler)
	case "/panic":
		panic("fault")
	case "/wait":
		<-r.Context().Done()
		io.WriteString(w, "waited")
	case "/sleep":
		select {
		case <-time.After(time.Second):
			io.WriteString(w, "slept")
		case <-r.Context().Done():
		}
	case "/large":
		body := strings.Repeat("0123456789abcdef", 1<<16)
		w.Header().Set("Content-Length", "1048576")
		io.WriteString(w, body)
	}
})
