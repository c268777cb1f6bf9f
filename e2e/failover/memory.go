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
)

// memory asks an edge for twice as many bytes of distinct objects as it may hold, and looks at what the process takes.
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
	r.Figures = map[string]float64{"boundMB": memoryBound >> 20, "idleMB": float64(idle >> 20), "mostMB": float64(most >> 20), "objects": objects,
		"ofBound": float64(most) / memoryBound, "wrong": float64(wrong)}
	if float64(most) > 1.15*memoryBound {
		r.fail("%d MB resident, of a bound of %d", most>>20, memoryBound>>20)
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
	asked  atomic.Int64
}

func newLibrary() (*library, error) {
	l := &library{body: make([]byte, objectSize), client: newClient()}
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
		w.Header().Set("Content-Length", strconv.Itoa(len(l.body)))
		w.Write(l.body)
	})}
	go l.server.Serve(listener)
	return l, nil
}

func (l *library) close() { l.server.Close() }

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
