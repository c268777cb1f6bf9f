//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	crowdSize = 200
	chunks    = 6
)

// edgeKilled kills one of two edges while 200 viewers are in the midst of chunks that come by drips.
func edgeKilled(ctx context.Context, s stand) (r result, err error) {
	d, err := newDripper(chunks)
	if err != nil {
		return r, err
	}
	defer d.close()
	var pair [2]*house
	for i := range pair {
		if pair[i], err = openEdge(ctx, s, "-origins", d.url()); err != nil {
			return r, err
		}
		defer pair[i].close()
	}
	client := newClient()
	for _, e := range pair {
		if status, b, err := fetch(ctx, client, e.url(dripList), nil); err != nil || status != 200 || len(b) == 0 {
			return r, fmt.Errorf("the playlist: %d, %w", status, err)
		}
	}
	var all sync.WaitGroup
	var moved, wrong, failed atomic.Int64
	for i := range crowdSize {
		all.Go(func() {
			first := i % 2
			for n := range chunks {
				v := &carrier{client: client, edges: pair, at: first}
				b, err := v.get(ctx, d.path(n))
				first = v.at
				moved.Add(int64(v.moved))
				switch {
				case err != nil:
					failed.Add(1)
				case !bytes.Equal(b, d.chunk(n)):
					wrong.Add(1)
				}
			}
		})
	}
	select {
	case <-d.half:
	case <-time.After(startTime):
	}
	pair[0].Stop()
	all.Wait()
	r.Faults = int(moved.Load())
	fills := pair[1].metric("shoal_edge_fills_total")
	r.Figures = map[string]float64{"viewers": crowdSize, "moved": float64(moved.Load()), "wrong": float64(wrong.Load()), "failed": float64(failed.Load()),
		"fillsOfTheOther": fills, "copies": float64(d.copies()),
		"false": pair[1].metric("shoal_edge_false_fills_total")}
	switch {
	case r.Faults < crowdSize/4:
		r.fail("only %d viewers were in the midst of a chunk", r.Faults)
	case wrong.Load() > 0 || failed.Load() > 0:
		r.fail("%d objects were wrong, %d were not had", wrong.Load(), failed.Load())
	case d.copies() > 2*chunks+4:
		r.fail("%d copies left the origin for %d chunks and two edges", d.copies(), chunks)
	}
	return r, nil
}

// carrier is a viewer that goes on at the other edge from the byte that it has.
type carrier struct {
	client *http.Client
	edges  [2]*house
	at     int
	moved  int // times that an answer broke off in its midst
}

func (c *carrier) get(ctx context.Context, path string) (body []byte, err error) {
	for try := range 4 {
		header := http.Header{}
		if len(body) > 0 {
			header.Set("Range", fmt.Sprintf("bytes=%d-", len(body)))
			header.Set("If-Range", dripTag(path))
		}
		limited, cancel := context.WithTimeout(ctx, patience)
		status, more, err := fetch(limited, c.client, c.edges[c.at].url(path), header)
		cancel()
		if status == http.StatusOK {
			body = nil // the whole, whatever was there
		}
		if status == http.StatusOK || status == http.StatusPartialContent {
			body = append(body, more...)
			if err == nil {
				return body, nil
			}
			if try == 0 {
				c.moved++
			}
		}
		c.at = 1 - c.at
	}
	return nil, fmt.Errorf("%s: not to be had", path)
}
