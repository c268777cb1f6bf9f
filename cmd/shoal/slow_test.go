package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// onePipe is a listener of one connection that is a pipe.
type onePipe chan net.Conn

func (l onePipe) Accept() (net.Conn, error) {
	if c, ok := <-l; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (l onePipe) Close() error   { close(l); return nil }
func (l onePipe) Addr() net.Addr { return &net.TCPAddr{} }

// TestSlowHeaders: who says little, or nothing, has ten seconds for it, whatever it was to become; and who says it a byte a second has no more.
//
// Clause: edge-slow
func TestSlowHeaders(t *testing.T) {
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	for what, c := range map[string]struct {
		says string
		drip bool
	}{
		"nothing": {}, "a letter": {says: "G"}, "a letter of HTTP/2": {says: "P"}, "half of a preface": {says: preface[:16]}, "a preface": {says: preface},
		"half of a header": {says: "GET / HTTP/1.1\r\nHost: x\r\n"}, "a header by and by": {says: "GET / HTTP/1.1\r\nHost: " + strings.Repeat("x", 1000), drip: true},
		"a preface by and by": {says: preface, drip: true},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				listener := make(onePipe, 1)
				server := newServer(http.NotFoundHandler(), quiet)
				ended := make(chan struct{})
				go func() { server.Serve(listener); close(ended) }()
				viewer, conn := net.Pipe()
				listener <- conn
				var saying sync.WaitGroup
				saying.Go(func() {
					if !c.drip {
						io.WriteString(viewer, c.says)
						return
					}
					for i := range len(c.says) {
						time.Sleep(time.Second)
						if _, err := io.WriteString(viewer, c.says[i:i+1]); err != nil {
							return
						}
					}
				})
				began := time.Now()
				io.Copy(io.Discard, viewer)
				if took := time.Since(began); took > headerTime+time.Second {
					t.Errorf("it was waited for %v", took)
				}
				server.Close()
				viewer.Close()
				saying.Wait()
				<-ended
			})
		})
	}
}
