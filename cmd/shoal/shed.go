package main

import (
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"time"
)

// Who is turned away is told so, if not too many are at the same time, and has a moment to read it.
const (
	mostTold = 64
	tellTime = time.Second / 2
)

// sheds is what is said to who is turned away, by the reason.
var sheds = map[string]string{
	shedAddress: "429 Too Many Requests",
	shedAll:     "503 Service Unavailable",
	shedFiles:   "503 Service Unavailable",
	shedMemory:  "503 Service Unavailable",
}

// turnAway closes a connection of which nothing was read, and tells it why and when to come back, at once or not.
func (l *lobby) turnAway(conn net.Conn, reason string) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok || l.secure || !l.tells {
		conn.Close()
		return
	}
	select {
	case l.told <- struct{}{}:
	default:
		conn.Close()
		return
	}
	go func() {
		defer func() { <-l.told }()
		defer conn.Close()
		tcp.SetDeadline(time.Now().Add(tellTime))
		const body = "too many connections; try again soon\n"
		if _, err := io.WriteString(tcp, "HTTP/1.1 "+sheds[reason]+"\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "+strconv.Itoa(len(body))+
			"\r\nCache-Control: no-store\r\nRetry-After: "+strconv.Itoa(1+rand.IntN(5))+"\r\nAccess-Control-Allow-Origin: *\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"+body); err == nil {
			tcp.CloseWrite()
			io.Copy(io.Discard, tcp) // until it has read that: what comes to a closed socket would take it back
		}
	}()
}

// bid waits until nobody is told anything any more. The lobbies of a house may end at once, each of which wants all places.
func (g *guests) bid() {
	g.bidding.Lock()
	defer g.bidding.Unlock()
	for range cap(g.told) {
		g.told <- struct{}{}
	}
	for range cap(g.told) {
		<-g.told
	}
}

// acceptWithSpare accepts a connection where no descriptor is left but the one that is kept for that: else it would wait where nobody
// looks, and be told nothing.
func (l *lobby) acceptWithSpare() (net.Conn, error) {
	l.mu.Lock()
	spare := l.spare
	l.spare = nil
	l.mu.Unlock()
	if spare == nil {
		l.keepSpare()
		return nil, errNoFile
	}
	spare.Close()
	return l.Listener.Accept()
}

// errNoFile is temporary, as net/http's server understands that.
var errNoFile net.Error = noFile{}

type noFile struct{}

func (noFile) Error() string   { return "no file is left for a connection" }
func (noFile) Timeout() bool   { return false }
func (noFile) Temporary() bool { return true }

// keepSpare takes a descriptor into reserve again, if there is one.
func (g *guests) keepSpare() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.spare == nil {
		g.spare, _ = os.Open(os.DevNull)
	}
}
