package main

import (
	"context"
	"net"
	"time"
)

const (
	paceWindow = 10 * time.Second        // that a connection has to take what waits for it
	paceLook   = 2500 * time.Millisecond // between two looks at one
	paceSteps  = 100                     // in which all are looked at, so that those who are cut together do not come back together
	paceGroup  = 8                       // connections that are looked at together at the least: to be woken costs an idle machine more than the look
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
	once := stepsAtOnce(0)
	ticker := time.NewTicker(paceLook / paceSteps * time.Duration(once))
	defer ticker.Stop()
	var at []*paced
	for {
		select {
		case now := <-ticker.C:
			l.mu.Lock()
			at = at[:0]
			for range once {
				at = l.round.step(at)
			}
			all := len(l.round.all)
			l.mu.Unlock()
			l.look(now, at)
			if next := stepsAtOnce(all); next != once {
				once = next
				ticker.Reset(paceLook / paceSteps * time.Duration(once))
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// stepsAtOnce returns how many steps of a round are gone at once where there are so many connections.
func stepsAtOnce(connections int) int {
	switch {
	case connections < 20*paceGroup:
		return paceSteps / 4
	case connections < paceSteps*paceGroup:
		return paceSteps / 20
	}
	return 1
}

// look looks at connections once. Who is cut gets no more of what waits for it, and the system keeps none of it.
func (l *lobby) look(now time.Time, at []*paced) {
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

// A paced is a connection, and how fast it is.
type paced struct {
	conn *net.TCPConn // static
	pace pace         // the watcher's alone
	at   int          // the round's
}

// A round is all connections in the order in which they are looked at, again and again. Nobody is passed over when others come or leave.
type round struct {
	all  []*paced
	next int
	owed int // hundredths of a look, left from the last step
}

func (r *round) enter(p *paced) {
	p.at = len(r.all)
	r.all = append(r.all, p)
}

func (r *round) leave(p *paced) {
	at, last := p.at, len(r.all)-1
	if at < r.next { // the gap is to be where the round is, so that the last is still before it
		r.next--
		r.put(r.all[r.next], at)
		at = r.next
	}
	if at < last {
		r.put(r.all[last], at)
	}
	r.all[last] = nil
	r.all = r.all[:last]
}

func (r *round) put(p *paced, at int) {
	r.all[at] = p
	p.at = at
}

// step appends those to a list whose turn it is: in paceSteps steps it is everybody's once.
func (r *round) step(list []*paced) []*paced {
	r.owed += len(r.all)
	for ; r.owed >= paceSteps; r.owed -= paceSteps {
		if r.next >= len(r.all) {
			r.next = 0
		}
		list = append(list, r.all[r.next])
		r.next++
	}
	return list
}
