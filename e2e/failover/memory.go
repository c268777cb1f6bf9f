//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shoal-live/shoal/tracker/store/redistest"
)

const (
	memoryBound = 256 << 20
	objectSize  = 83 << 10
	askers      = 16

	largeSize = 4 << 20 // of what is read slowly
	idlers    = 100     // who read slowly, each another object
	idleTime  = 8 * time.Second
)

// memory asks an edge for twice as many bytes of distinct objects as it may hold, and, when it has started anew, for as many by viewers who read next to
// nothing of them, while one watches what is new. It looks at what the process takes.
func memory(ctx context.Context, s stand) (r result, err error) {
	l, err := newLibrary()
	if err != nil {
		return r, err
	}
	defer l.close()
	e, err := openEdge(ctx, s, "-origins", l.url, "-memory", strconv.Itoa(memoryBound))
	if err != nil {
		return r, err
	}
	defer e.close()
	idle, err := e.Resident()
	if err != nil {
		return r, err
	}
	const objects = 2 * memoryBound / objectSize
	most, wrong, err := l.read(ctx, e, objects)
	if err != nil {
		return r, err
	}
	r.Faults = int(e.metric("shoal_edge_evictions_total"))
	e.Stop()
	if err := e.start(ctx); err != nil {
		return r, err
	}
	slowly, missed, err := l.readSlowly(ctx, e)
	if err != nil {
		return r, err
	}
	wrong += missed
	r.Figures = map[string]float64{"boundMB": memoryBound >> 20, "idleMB": float64(idle >> 20), "mostMB": float64(most >> 20), "objects": objects,
		"ofBound": float64(most) / memoryBound, "wrong": float64(wrong), "slowMB": float64(slowly >> 20), "slowOfBound": float64(slowly) / memoryBound,
		"cutOff": e.metric(`shoal_edge_shed_total{reason="readers"}`)}
	if float64(most) > 1.15*memoryBound {
		r.fail("%d MB resident, of a bound of %d", most>>20, memoryBound>>20)
	}
	if float64(slowly) > 1.2*memoryBound {
		r.fail("%d MB resident with slow readers, of a bound of %d", slowly>>20, memoryBound>>20)
	}
	if wrong > 0 {
		r.fail("%d answers were wrong", wrong)
	}
	return r, nil
}

// disk asks an edge with a disk tier for twice as many bytes as its memory holds, again, and once more after it was killed and started anew.
func disk(ctx context.Context, s stand) (r result, err error) {
	l, err := newLibrary()
	if err != nil {
		return r, err
	}
	defer l.close()
	dir, err := os.MkdirTemp("", "shoal-failover-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	const bound = 64 << 20
	const objects = 2 * bound / objectSize
	e, err := openEdge(ctx, s, "-origins", l.url, "-memory", strconv.Itoa(bound), "-disk", dir, "-disk-size", "256M")
	if err != nil {
		return r, err
	}
	defer func() { e.close() }()
	first, wrong, err := l.read(ctx, e, objects)
	if err != nil {
		return r, err
	}
	filled := l.asked.Load()
	second, more, err := l.read(ctx, e, objects)
	if err != nil {
		return r, err
	}
	again := l.asked.Load() - filled
	dropped := e.metric("shoal_edge_disk_dropped_total")
	written := e.metric("shoal_edge_disk_writes_total")
	e.Stop()
	r.Faults++
	if err := e.start(ctx); err != nil {
		return r, err
	}
	kept := e.metric("shoal_edge_disk_bytes") / objectSize
	before := l.asked.Load()
	third, last, err := l.read(ctx, e, objects)
	if err != nil {
		return r, err
	}
	wrong += more + last
	most := max(first, second, third)
	r.Figures = map[string]float64{"objects": objects, "fills": float64(filled), "fillsAgain": float64(again), "fillsAfterRestart": float64(l.asked.Load() - before),
		"written": written, "dropped": dropped, "keptByRestart": kept, "reads": e.metric("shoal_edge_disk_reads_total"), "wrong": float64(wrong), "mostMB": float64(most >> 20)}
	if wrong > 0 {
		r.fail("%d answers were wrong", wrong)
	}
	if again > int64(dropped)+objects/10 || l.asked.Load()-before > objects-int64(kept)+objects/10 {
		r.fail("%d objects were fetched again, and %d after the restart", again, l.asked.Load()-before)
	}
	return r, nil
}

// library is an origin of as many objects as are asked for, all of the same size.
type library struct {
	url    string
	server *http.Server
	client *http.Client
	body   []byte
	large  []byte
	asked  atomic.Int64
}

func newLibrary() (*library, error) {
	l := &library{body: make([]byte, objectSize), large: make([]byte, largeSize), client: newClient()}
	rand.NewChaCha8([32]byte{}).Read(l.body)
	address, err := redistest.FreeAddress()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	l.url = "http://" + address
	l.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if strings.HasSuffix(q.URL.Path, ".m4s") {
			l.asked.Add(1)
		}
		body := l.body
		if strings.HasPrefix(q.URL.Path, largePath) {
			body = l.large
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Write(body)
	})}
	go l.server.Serve(listener)
	return l, nil
}

func (l *library) close() { l.server.Close() }

// largePath is where what is large is.
const largePath = "/live/large/"

// readSlowly has viewers ask for distinct large objects, of which they read a little, and one for many small ones, which it reads. It returns the most memory
// that the edge's process took, and how many answers to the latter were wrong.
func (l *library) readSlowly(ctx context.Context, e *house) (most, wrong int, err error) {
	ctx, cancel := context.WithTimeout(ctx, idleTime)
	defer cancel()
	come := func(i int) error {
		conn, err := net.Dial("tcp", strings.TrimPrefix(e.url(""), "http://"))
		if err != nil {
			return err
		}
		context.AfterFunc(ctx, func() { conn.Close() })
		conn.(*net.TCPConn).SetReadBuffer(64 << 10)
		fmt.Fprintf(conn, "GET %sv0/7/s%d.m4s HTTP/1.1\r\nHost: edge\r\n\r\n", largePath, i)
		go func() {
			for b := make([]byte, 1<<10); ; time.Sleep(time.Second / 20) { // faster than -min-rate says
				if _, err := conn.Read(b); err != nil {
					return
				}
			}
		}()
		return nil
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ctx.Err() == nil; i++ {
			status, b, err := fetch(ctx, l.client, e.url(fmt.Sprintf("/live/demo/v0/8/s%d.m4s", i)), nil)
			if ctx.Err() == nil && (err != nil || status != http.StatusOK || !bytes.Equal(b, l.body)) {
				wrong++
			}
			time.Sleep(time.Second / 20)
		}
	}()
	for i := 0; ; i++ {
		if i < idlers {
			if err := come(i); err != nil {
				return most, 0, err
			}
		}
		now, err := e.Resident()
		if err != nil {
			return most, 0, err
		}
		most = max(most, now)
		select {
		case <-done:
			return most, wrong, nil
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// read asks an edge for n objects, and returns the most memory that its process took, and how many answers were wrong.
func (l *library) read(ctx context.Context, e *house, n int64) (most, wrong int, err error) {
	var all sync.WaitGroup
	var next, bad atomic.Int64
	for range askers {
		all.Go(func() {
			for i := next.Add(1); i <= n && ctx.Err() == nil; i = next.Add(1) {
				status, b, err := fetch(ctx, l.client, e.url(fmt.Sprintf("/live/demo/v0/7/s%d.m4s", i)), nil)
				if err != nil || status != http.StatusOK || !bytes.Equal(b, l.body) {
					bad.Add(1)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	for {
		now, err := e.Resident()
		if err != nil {
			return most, 0, err
		}
		most = max(most, now)
		select {
		case <-done:
			return most, int(bad.Load()), nil
		case <-time.After(50 * time.Millisecond):
		}
	}
}
