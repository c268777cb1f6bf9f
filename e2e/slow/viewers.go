//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

// What viewers ask for.
const (
	aPart   = iota // 83 kB
	aFirst         // part of a segment, 250 kB
	aList          // as it is
	aReload        // of the list, held until the next part is there
	kinds
)

var kindNames = [kinds]string{"part of 83 kB", "part of 250 kB", "playlist", "reload"}

// shares are what is asked for at times that chance tells, in hundredths.
var shares = [kinds]int{aPart: 60, aFirst: 20, aList: 20}

const (
	manyViewers = 48 // of an edge ask at such times: more than enough for any rate that is not too much
	reloaders   = 16 // of an edge are held
	recent      = 12 // parts: those that are asked for
	patience    = 10 * time.Second
)

// viewers watch at two edges, as they should, each from an address of its own and on a connection that stays. What is asked for at
// chance's times goes to either edge, as chance says: so both are measured at the same time, and whatever else the machine does meets
// both.
type viewers struct {
	origin *origin
	edges  [2]string // addresses
	rate   float64   // requests a second of both edges, without reloads
	idle   [2]chan *viewer

	mu     sync.Mutex // guards what follows
	took   []answer
	failed int
	why    error
}

// An answer is what one request led to.
type answer struct {
	kind, edge int
	due        time.Time     // when it was to be asked, or when what it is held for was there
	took       time.Duration // from then to the last byte
}

func newViewers(o *origin, edges [2]string, rate float64) *viewers {
	v := &viewers{origin: o, edges: edges, rate: rate}
	for edge := range v.idle {
		v.idle[edge] = make(chan *viewer, manyViewers)
		for range manyViewers {
			v.idle[edge] <- &viewer{address: edges[edge]}
		}
	}
	return v
}

// run has viewers watch until ctx ends.
func (v *viewers) run(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	for edge := range v.edges {
		for range reloaders {
			group.Go(func() { v.reload(ctx, edge) })
		}
	}
	for next := time.Now(); ctx.Err() == nil; next = next.Add(time.Duration(rand.ExpFloat64() / v.rate * float64(time.Second))) {
		time.Sleep(time.Until(next))
		group.Go(func() { v.ask(ctx, rand.N(2), next) })
	}
}

// ask asks an edge for one thing.
func (v *viewers) ask(ctx context.Context, edge int, due time.Time) {
	kind := 0
	for of := rand.N(100); of >= shares[kind]; kind++ {
		of -= shares[kind]
	}
	path, size := listPath, 0
	if n := v.origin.making(due) - 1 - rand.N(number(recent)); kind != aList {
		for (n%parts == 0) != (kind == aFirst) {
			n--
		}
		path, size = epochPath+n.name(), n.size()
	}
	one := <-v.idle[edge]
	body, err := one.get(ctx, path)
	if err == nil && size > 0 && len(body) != size {
		err = fmt.Errorf("%s: %d bytes", path, len(body))
	}
	v.note(ctx, answer{kind, edge, due, time.Since(due)}, err)
	v.idle[edge] <- one
}

// reload asks an edge for the list with the part that is being made, again and again, until ctx ends.
func (v *viewers) reload(ctx context.Context, edge int) {
	one := &viewer{address: v.edges[edge]}
	defer one.close()
	for ctx.Err() == nil {
		n := v.origin.making(time.Now())
		due := v.origin.born(n)
		body, err := one.get(ctx, fmt.Sprintf("%s?_HLS_msn=%d&_HLS_part=%d", listPath, n/parts, n%parts))
		took := time.Since(due)
		if err == nil && !bytes.Contains(body, []byte(n.name())) {
			err = fmt.Errorf("a list came without %s", n.name())
		}
		v.note(ctx, answer{aReload, edge, due, took}, err)
		if err != nil {
			time.Sleep(partTime)
		}
	}
}

func (v *viewers) note(ctx context.Context, a answer, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case err == nil:
		v.took = append(v.took, a)
	case ctx.Err() == nil:
		v.failed++
		v.why = err
	}
}

// between returns how long the requests took that were due between two times, by edge and kind, and forgets all that were due before.
func (v *viewers) between(from, until time.Time) (took [2][kinds][]time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, a := range v.took {
		if !a.due.Before(from) && a.due.Before(until) {
			took[a.edge][a.kind] = append(took[a.edge][a.kind], a.took)
		}
	}
	v.took = nil
	return took
}

// close ends all connections, once nobody asks.
func (v *viewers) close() {
	for edge := range v.idle {
		for range manyViewers {
			(<-v.idle[edge]).close()
		}
	}
}

// A viewer is one connection.
type viewer struct {
	address string
	conn    net.Conn
	r       *bufio.Reader
	body    bytes.Buffer
}

// get asks for one thing, and returns what came: until it asks again.
func (v *viewer) get(ctx context.Context, path string) (body []byte, err error) {
	defer func() {
		if err != nil {
			v.close()
		}
	}()
	if v.conn == nil {
		own := net.IPv4(127, byte(1+rand.N(60)), byte(rand.N(256)), byte(1+rand.N(250)))
		from := net.Dialer{LocalAddr: &net.TCPAddr{IP: own}, Timeout: patience}
		if v.conn, err = from.DialContext(ctx, "tcp", v.address); err != nil {
			return nil, err
		}
		v.r = bufio.NewReaderSize(v.conn, 64<<10)
	}
	v.conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(v.conn, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(v.r, nil)
	if err != nil {
		return nil, err
	}
	v.body.Reset()
	if _, err := v.body.ReadFrom(resp.Body); err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, resp.Status)
	}
	return v.body.Bytes(), nil
}

func (v *viewer) close() {
	if v.conn != nil {
		v.conn.Close()
		v.conn = nil
	}
}
