package main

import (
	"context"
	"net"
	"time"
)

const (
	paceWindow = 10 * time.Second        // that a connection has to take what waits for it
	paceLook   = 2500 * time.Millisecond // between two looks at one
	paceSteps  = 100                     // in which all are looked at, at the most
	paceFew    = 4                       // at the least: to be woken for each connection costs an idle machine more than the look
	paceGroup  = 8                       // connections that are looked at together, while the steps suffice
)

// A pace is how fast a connection takes what is sent to it, as the system tells. Only while something waits that it has no room for does it
// count: who is held, or asks for nothing, or has all that there is, is not slow.
type pace struct {
	since time.Time // when something was found waiting; zero: nothing is
	taken uint64    // bytes, by then
}

// slow tells whether a connection that has taken so many bytes so far, while others wait or not, took less than least a second for
// as long as the window.
func (p *pace) slow(now time.Time, taken uint64, waiting bool, least int64) bool {
	past := now.Sub(p.since)
	switch {
	case !waiting:
		*p = pace{}
	case p.since.IsZero():
		*p = pace{now, taken}
	case past >= paceWindow:
		if float64(taken-p.taken) < past.Seconds()*float64(least) {
			return true
		}
		*p = pace{now, taken}
	}
	return false
}

// watch cuts connections that take too little until ctx ends. It asks the system and no server, so it is all the same to it which server
// writes to them, in what protocol, and with TLS or without.
func (l *lobby) watch(ctx context.Context) error {
	if l.minRate == 0 || !tellsPace {
		return nil
	}
	ticker := time.NewTicker(paceLook / paceFew)
	defer ticker.Stop()
	var left []paced
	step := 0
	for {
		select {
		case now := <-ticker.C:
			if len(left) == 0 {
				left = l.present()
				steps := max(paceFew, min(paceSteps, len(left)/paceGroup))
				step = len(left)/steps + 1
				ticker.Reset(paceLook / time.Duration(steps))
			}
			// A step of them, so that those who are cut together do not come back together.
			share := min(len(left), step)
			l.look(now, left[:share])
			left = left[share:]
		case <-ctx.Done():
			return nil
		}
	}
}

// look looks at connections once. Who is cut gets no more of what waits for it, and the system keeps none of it.
func (l *lobby) look(now time.Time, at []paced) {
	for _, p := range at {
		taken, waiting, ok := paceOf(p.conn)
		if !ok || !p.pace.slow(now, taken, waiting, l.minRate) {
			continue
		}
		l.cut.Inc()
		l.said[slowReader].Do(func() { l.explain(slowReader) })
		_ = p.conn.SetLinger(0)
		_ = p.conn.Close()
	}
}

// A paced is a connection, and how fast it is; the latter is the watcher's alone.
type paced struct {
	conn *net.TCPConn
	pace *pace
}

// present returns who is in the lobby.
func (l *lobby) present() []paced {
	l.mu.Lock()
	defer l.mu.Unlock()
	in := make([]paced, 0, len(l.paces))
	for conn, p := range l.paces {
		in = append(in, paced{conn, p})
	}
	return in
}
