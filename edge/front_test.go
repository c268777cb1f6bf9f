package edge

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shoal-live/shoal/edge/http1"
)

// counting counts what was at hand.
type counting struct {
	*Edge
	hits atomic.Int64
}

func (c *counting) Hit(from netip.Addr, h *http1.Head, now time.Time) (http1.Answer, bool) {
	a, ok := c.Edge.Hit(from, h, now)
	if ok {
		c.hits.Add(1)
	}
	return a, ok
}

// serveOn serves on a listener, with a front before the server or not.
func serveOn(e *Edge, listener net.Listener, ahead bool) (end func()) {
	if !ahead {
		server := &http.Server{Handler: e}
		ended := make(chan struct{})
		go func() { server.Serve(listener); close(ended) }()
		return func() { server.Close(); <-ended }
	}
	return behindFront(e, http1.New(listener, http1.Config{Handler: e, Cache: e}))
}

// serveAhead is serve with a front before the server, as viewers have it.
func serveAhead(e *Edge, cache http1.Cache) (viewer net.Conn, end func()) {
	listener := make(oneConn, 1)
	front := http1.New(closeOnce{listener, make(chan struct{})}, http1.Config{Handler: e, Cache: cache})
	stop := behindFront(e, front)
	viewer, conn := net.Pipe()
	listener <- conn
	return viewer, func() { viewer.Close(); stop() }
}

// asker returns how a viewer asks by a connection of a front's, with fields of his own.
func asker(t *testing.T, viewer net.Conn) func(uri, fields string) (*http.Response, string) {
	reader := bufio.NewReader(viewer)
	return func(uri, fields string) (*http.Response, string) {
		io.WriteString(viewer, "GET "+uri+" HTTP/1.1\r\nHost: a\r\n"+fields+"\r\n")
		r, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r, string(body)
	}
}

// behindFront runs a front and the server behind it.
func behindFront(e *Edge, front *http1.Front) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	server := &http.Server{Handler: e}
	ended := make(chan struct{}, 2)
	go func() { front.Run(ctx); ended <- struct{}{} }()
	go func() { server.Serve(front); ended <- struct{}{} }()
	return func() { cancel(); server.Close(); <-ended; <-ended }
}

// closeOnce is oneConn whose Accept ends with Close.
type closeOnce struct {
	oneConn
	done chan struct{}
}

func (l closeOnce) Accept() (net.Conn, error) {
	select {
	case c := <-l.oneConn:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l closeOnce) Close() error { close(l.done); return nil }
