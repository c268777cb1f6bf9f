package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// toldWhy reads what a connection is told that is one too many.
func toldWhy(t *testing.T, c net.Conn) int {
	t.Helper()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") // which nobody reads, and which must not take the answer back
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	wait, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	body, e := io.ReadAll(resp.Body)
	if err != nil || wait < 1 || wait > 5 || e != nil || len(body) == 0 || resp.Header.Get("Access-Control-Allow-Origin") != "*" ||
		resp.Header.Get("X-Content-Type-Options") != "nosniff" || resp.Header.Get("Cache-Control") != "no-store" || !resp.Close {
		t.Errorf("%v %q %v", resp.Header, body, e)
	}
	return resp.StatusCode
}

// TestTurnedAway: who is one too many is told so, when to come back, and in words that a page may read.
//
// Clause: edge-shed
func TestTurnedAway(t *testing.T) {
	listener, err := net.Listen("tcp", "127.77.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLobby(listener, bounds{all: 3, perAddress: 2, tells: true}, prometheus.NewRegistry(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
		}
	}()
	for i, c := range []struct {
		from string
		want int // 0: it is in
	}{{"127.66.0.1", 0}, {"127.66.0.1", 0}, {"127.66.0.1", 429}, {"127.66.0.2", 0}, {"127.66.0.3", 503}} {
		conn, err := l.dialFrom(c.from)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if c.want == 0 {
			for testutil.ToFloat64(l.open) < float64(min(3, i+1)) && i < 3 {
				time.Sleep(time.Millisecond)
			}
			continue
		}
		if i == 4 {
			for testutil.ToFloat64(l.open) < 3 {
				time.Sleep(time.Millisecond)
			}
		}
		if got := toldWhy(t, conn); got != c.want {
			t.Errorf("%d: %d, want %d", i, got, c.want)
		}
	}
	l.Close()
	<-ended
	l.bid()
}

// TestBid: the lobbies of a house that end at the same time do not wait for each other.
func TestBid(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLobby(listener, bounds{all: 1}, prometheus.NewRegistry(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 100 {
		var ending sync.WaitGroup
		for range 4 {
			ending.Go(l.bid)
		}
		ending.Wait()
	}
}
