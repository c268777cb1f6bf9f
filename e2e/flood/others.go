//go:build linux

package main

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/shoal-live/shoal/swarm/wire"
)

// others are viewers who join as they should, each from an address of its own.
type others struct {
	address string
	rate    float64

	mu     sync.Mutex // guards what follows
	took   []time.Duration
	failed uint64
	why    error
}

// run has viewers join at a rate, at times that chance spreads, and returns when all have left.
func (o *others) run(length time.Duration) {
	var group sync.WaitGroup
	end := time.Now().Add(length)
	for next := time.Now(); next.Before(end); next = next.Add(time.Duration(rand.ExpFloat64() / o.rate * float64(time.Second))) {
		time.Sleep(time.Until(next))
		group.Go(func() {
			took, err := o.join()
			o.mu.Lock()
			defer o.mu.Unlock()
			if err != nil {
				o.failed++
				if o.why == nil {
					fmt.Fprintln(os.Stderr, "a join failed:", err)
				}
				o.why = err
				return
			}
			o.took = append(o.took, took)
		})
	}
	group.Wait()
}

// join joins, and returns how long it took from the dial to the roster; then it leaves.
func (o *others) join() (time.Duration, error) {
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, byte(1+rand.N(60)), byte(rand.N(256)), byte(1+rand.N(250)))}}
	dialer := websocket.Dialer{NetDialContext: from.DialContext, HandshakeTimeout: 10 * time.Second, Subprotocols: []string{wire.Subprotocol}}
	join := wire.Join{Flags: wire.MayUpload, Weight: 250, Stream: "demo"}
	crand.Read(join.Secret[:])

	began := time.Now()
	c, answer, err := dialer.DialContext(context.Background(), "ws://"+o.address+"/tracker?stream=demo", nil)
	if err != nil {
		if answer != nil {
			return 0, fmt.Errorf("%w: %s", err, answer.Status)
		}
		return 0, err
	}
	defer c.Close()
	c.SetReadDeadline(began.Add(10 * time.Second))
	if err := c.WriteMessage(websocket.BinaryMessage, join.Append(nil)); err != nil {
		return 0, err
	}
	for range 10 {
		_, b, err := c.ReadMessage()
		if err != nil {
			return 0, err
		}
		if _, err := wire.ParseRoster(b); err == nil {
			took := time.Since(began)
			return took, c.WriteMessage(websocket.BinaryMessage, wire.Leave{}.Append(nil))
		}
	}
	return 0, errors.New("no roster")
}
