//go:build linux

package main

import (
	"bufio"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/shoal-live/shoal/e2e/attack"
)

// counts is what became of a flood's handshakes.
type counts struct {
	Refused    uint64 `json:"refused"`    // with 429 and Retry-After
	Admitted   uint64 `json:"admitted"`   // its burst and rate
	Unanswered uint64 `json:"unanswered"` // or answered otherwise
}

func (c *counts) add(o counts) {
	c.Refused += o.Refused
	c.Admitted += o.Admitted
	c.Unanswered += o.Unanswered
}

// itself is an address for a flood that its own process refuses.
const itself = "itself"

// startFlood starts a process that floods.
func startFlood(address string, rate, times float64) (*attack.Process, error) {
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	return attack.Start(context.Background(), "-ask", address, "-rate", number(rate), "-times", number(times))
}

// handshake is what a browser sends, but for its name.
const handshake = "GET /tracker?stream=demo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: shoal\r\n\r\n"

// refusal is what a tracker says to a flood, more or less.
const refusal = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

// refuse refuses all that is asked on a listener, until that is closed.
func refuse(listener net.Listener) {
	for {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			if _, err := c.Read(make([]byte, 1<<10)); err == nil {
				io.WriteString(c, refusal)
			}
		}()
	}
}

// flood asks at a rate, from one address and each time on a connection of its own, until ctx ends.
func flood(ctx context.Context, address string, rate float64) (sum counts, err error) {
	const hands = 32
	if address == itself {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return sum, err
		}
		defer listener.Close()
		go refuse(listener)
		address = listener.Addr().String()
	}
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 66, 66, 66)}, Timeout: 5 * time.Second}
	var mu sync.Mutex
	var group sync.WaitGroup
	for range hands {
		group.Go(func() {
			var c counts
			next := time.Now().Add(time.Duration(rand.Float64() * hands / rate * float64(time.Second)))
			for ctx.Err() == nil {
				time.Sleep(time.Until(next))
				next = next.Add(time.Duration(hands / rate * float64(time.Second)))
				ask(ctx, &dialer, address, &c)
			}
			mu.Lock()
			defer mu.Unlock()
			sum.add(c)
		})
	}
	group.Wait()
	return sum, nil
}

func ask(ctx context.Context, dialer *net.Dialer, address string, sum *counts) {
	c, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		if ctx.Err() == nil {
			sum.Unanswered++
		}
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	io.WriteString(c, handshake)
	answer, err := http.ReadResponse(bufio.NewReaderSize(c, 1<<10), nil)
	switch {
	case err != nil:
		sum.Unanswered++
	case answer.StatusCode == http.StatusTooManyRequests && answer.Header.Get("Retry-After") != "":
		sum.Refused++
	case answer.StatusCode == http.StatusSwitchingProtocols:
		sum.Admitted++
	default:
		sum.Unanswered++
	}
}
