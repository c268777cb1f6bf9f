//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// sources is how many addresses the viewers come from, so that each is far below what a tracker grants one.
const sources = 200

// crowd is the viewers of one phase at one tracker.
type crowd struct {
	server   *server   // static
	deadline time.Time // static; by then all must be over
	counts   counts
	broken   chan struct{} // closed at the first failure

	mu      sync.Mutex // guards what follows
	sockets []*socket
	failed  error
	leaving bool

	running sync.WaitGroup
}

// counts is what went to and fro. All of it must be there in the end.
type counts struct {
	offers, answers atomic.Int64 // that came to whom they were meant for
	again           atomic.Int64 // offers made anew because a cell was parted under them
	candidates      atomic.Int64
}

func newCrowd(s *server) *crowd {
	return &crowd{server: s, deadline: time.Now().Add(patience), broken: make(chan struct{})}
}

// open opens the socket of the n-th viewer.
func (c *crowd) open(n int, kind byte) (*socket, error) {
	from := net.IPv4(127, 0, 1, byte(1+n%sources))
	s, err := dial(from, c.server.address, c.server.path, kind, c.deadline)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leaving {
		s.conn.Close()
		return nil, net.ErrClosed
	}
	c.sockets = append(c.sockets, s)
	return s, nil
}

// visit runs a viewer in a goroutine of the crowd: one that ends before the crowd leaves has failed.
func (c *crowd) visit(n int, viewer func(n int) error) {
	c.running.Go(func() {
		err := viewer(n)
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.leaving && c.failed == nil {
			c.failed = fmt.Errorf("viewer %d: %w", n, err)
			close(c.broken)
		}
	})
}

// await waits for a signal that comes n times, until ctx or the crowd's patience ends or a viewer fails.
func (c *crowd) await(ctx context.Context, n int, signal <-chan struct{}) error {
	late := time.NewTimer(time.Until(c.deadline))
	defer late.Stop()
	for i := range n {
		select {
		case <-signal:
		case <-c.broken:
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.failed
		case <-late.C:
			return fmt.Errorf("of %d there are only %d after %v", n, i, patience)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// leave closes all sockets and waits for the viewers.
func (c *crowd) leave() {
	c.mu.Lock()
	c.leaving = true
	for _, s := range c.sockets {
		s.conn.Close()
	}
	c.mu.Unlock()
	c.running.Wait()
}

var errMisled = errors.New("a message came to the wrong viewer, or was changed on its way")
