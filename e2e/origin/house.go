//go:build linux

package main

import (
	"context"
	"os"
	"time"

	"github.com/shoal-live/shoal/e2e/process"
	"github.com/shoal-live/shoal/origin"
	"github.com/shoal-live/shoal/tracker/store/redistest"
)

// house is shoal origin in a process of its own.
type house struct {
	*process.Process
	http, rtmp, webrtc, admin string
	data                      string
	keys                      *origin.Keys
}

// openHouse starts an origin, with flags besides those for its doors.
func openHouse(ctx context.Context, program string, flags []string) (*house, error) {
	h := &house{}
	for _, address := range []*string{&h.http, &h.rtmp, &h.webrtc, &h.admin} {
		var err error
		if *address, err = redistest.FreeAddress(); err != nil {
			return nil, err
		}
	}
	var err error
	if h.data, err = os.MkdirTemp("", "shoal-bench-"); err != nil {
		return nil, err
	}
	if h.keys, err = origin.OpenKeys(h.data); err != nil {
		return nil, err
	}
	args := append([]string{"origin", "-data", h.data, "-http", h.http, "-rtmp", h.rtmp, "-webrtc", h.webrtc, "-admin", h.admin}, flags...)
	if h.Process, err = process.StartServer(ctx, "http://"+h.http+"/readyz", program, args...); err != nil {
		os.RemoveAll(h.data)
		return nil, err
	}
	return h, nil
}

func (h *house) close() {
	h.Stop()
	os.RemoveAll(h.data)
}

// profile writes what the admin listener has under /debug/pprof/ to a file, if one is named.
func (h *house) profile(path, file string) {
	if file != "" {
		process.Profile(h.admin, path, file)
	}
}

// busy returns the share of a core that a process takes for so long.
func busy(ctx context.Context, p *process.Process, long time.Duration) (float64, error) {
	before, err := p.ProcessorTime()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := pass(ctx, long); err != nil {
		return 0, err
	}
	after, err := p.ProcessorTime()
	return (after - before).Seconds() / time.Since(began).Seconds(), err
}

func pass(ctx context.Context, long time.Duration) error {
	select {
	case <-time.After(long):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
