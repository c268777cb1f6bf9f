//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

// viewers ask for parts as they should, each from an address of its own and on a connection that stays.
type viewers struct {
	address string
	rate    float64
	idle    chan *viewer

	mu     sync.Mutex // guards what follows
	took   []time.Duration
	failed int
	why    error
}

type viewer struct {
	conn net.Conn
	r    *bufio.Reader
}

// manyViewers ask; more than enough for any rate that is not too much.
const manyViewers = 64

func newViewers(address string, rate float64) *viewers {
	v := &viewers{address: address, rate: rate, idle: make(chan *viewer, manyViewers)}
	for range manyViewers {
		v.idle <- &viewer{}
	}
	return v
}

// run asks at a rate, at times that chance spreads, and returns how long each took, from when it was to be asked.
func (v *viewers) run(length time.Duration) []time.Duration {
	v.took = nil
	var group sync.WaitGroup
	end := time.Now().Add(length)
	for next := time.Now(); next.Before(end); next = next.Add(time.Duration(rand.ExpFloat64() / v.rate * float64(time.Second))) {
		time.Sleep(time.Until(next))
		group.Go(func() {
			one := <-v.idle
			err := one.ask(v.address)
			took := time.Since(next)
			v.idle <- one
			v.mu.Lock()
			defer v.mu.Unlock()
			if err != nil {
				v.failed++
				v.why = err
				return
			}
			v.took = append(v.took, took)
		})
	}
	group.Wait()
	return v.took
}

func (v *viewer) ask(address string) (err error) {
	defer func() {
		if err != nil && v.conn != nil {
			v.conn.Close()
			v.conn = nil
		}
	}()
	if v.conn == nil {
		from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, byte(1+rand.N(60)), byte(rand.N(256)), byte(1+rand.N(250)))}, Timeout: 5 * time.Second}
		if v.conn, err = from.Dial("tcp", address); err != nil {
			return err
		}
		v.r = bufio.NewReaderSize(v.conn, 64<<10)
	}
	v.conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(v.conn, "GET "+partPath+" HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return err
	}
	resp, err := http.ReadResponse(v.r, nil)
	if err != nil {
		return err
	}
	if n, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK || n != 83<<10 {
		return fmt.Errorf("%s, %d bytes, %w", resp.Status, n, err)
	}
	return nil
}

func (v *viewers) close() {
	for range manyViewers {
		if one := <-v.idle; one.conn != nil {
			one.conn.Close()
		}
	}
}
