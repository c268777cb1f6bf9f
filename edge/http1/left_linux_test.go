package http1

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// leavers is a gateway that tells of each viewer that waits no longer.
type leavers struct {
	*gateway
	left chan struct{}
}

// Hit implements Cache.
func (l leavers) Hit(from netip.Addr, h *Head, now time.Time) (a Answer, ok bool) {
	if a, ok = l.gateway.Hit(from, h, now); ok {
		a.Wait = l
	}
	return a, ok
}

// Leave implements Wait.
func (l leavers) Leave(gone bool) {
	l.gateway.Leave(gone)
	l.left <- struct{}{}
}

// TestLeavingUnread: who asks for more than there is room for, and leaves, is gone before what he waits for has come: held by the front, and
// by a handler, with TLS and without.
func TestLeavingUnread(t *testing.T) {
	const viewers = 20
	for name, path := range map[string]string{"held": "/later", "a handler": "/wait"} {
		for _, secure := range []bool{false, true} {
			l := leavers{&gateway{done: make(chan struct{})}, make(chan struct{}, viewers)}
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			config := Config{Cache: l, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				<-r.Context().Done()
				l.left <- struct{}{}
			})}
			if secure {
				config.TLS = certified(t)
			}
			front := New(listener, config)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { front.Run(ctx); close(ended) }()
			for range viewers {
				viewer, err := net.Dial("tcp", listener.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				if secure {
					viewer = tls.Client(viewer, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
				}
				io.WriteString(viewer, strings.Repeat(ask(path), 200))
				viewer.Close()
			}
			late := time.After(10 * time.Second)
			for i := range viewers {
				select {
				case <-l.left:
				case <-late:
					t.Fatalf("%s, TLS %v: %d of %d are gone", name, secure, i, viewers)
				}
			}
			cancel()
			<-ended
			front.Close()
		}
	}
}
