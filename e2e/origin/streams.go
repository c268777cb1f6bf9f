//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

var errEarly = errors.New("origin: the streams ended before all was measured")

// measureStreams broadcasts by RTMP and reads all streams, and measures the origin meanwhile.
func (r *report) measureStreams(ctx context.Context, c config, h *house, clip *clip) error {
	if err := pass(ctx, 2*time.Second); err != nil { // what starting took is over
		return err
	}
	idle, err := h.Resident()
	if err != nil {
		return err
	}
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	group, running := errgroup.WithContext(running)
	client := newClient()
	defer client.CloseIdleConnections()
	readers := make([]*reader, c.streams)
	for i := range readers {
		name := fmt.Sprintf("stream%d", i)
		key, err := h.keys.Add(name)
		if err != nil {
			return err
		}
		p := &publisher{clip: clip, key: i, sent: new(sent)}
		readers[i] = &reader{client: client, base: "http://" + h.http + "/live/" + name, sent: p.sent}
		group.Go(func() error {
			if pass(running, spread(i, c.streams)) != nil {
				return nil
			}
			return p.run(running, h.rtmp, key)
		})
		group.Go(func() error {
			if pass(running, spread(i, c.streams)) != nil {
				return nil
			}
			return readers[i].run(running)
		})
	}
	measured := func() error {
		if err := pass(running, c.fill); err != nil {
			return errEarly
		}
		profiled := make(chan struct{})
		go func() {
			defer close(profiled)
			h.profile(fmt.Sprintf("profile?seconds=%d", int(c.measured.Seconds())), c.cpu)
		}()
		share, err := busy(running, h.Process, c.measured)
		if err != nil {
			return errEarly
		}
		<-profiled
		r.CPUPercentPerStream = rounded(100*share/float64(c.streams), 4)
		resident, err := h.Resident()
		r.MemoryBytesPerStream, r.MemorySeconds = (resident-idle)/c.streams, (c.fill + c.measured).Seconds()
		h.profile("heap", c.heap)
		h.profile("allocs", c.gone)
		return err
	}()
	cancel()
	if err := group.Wait(); err != nil {
		return err
	}
	r.read(readers)
	return measured
}

// measureCameras broadcasts by WHIP, one after the other, until each can be played.
func (r *report) measureCameras(ctx context.Context, c config, h *house, clip *clip) error {
	client := newClient()
	defer client.CloseIdleConnections()
	var waits []time.Duration
	for i := range c.cameras {
		name := fmt.Sprintf("camera%d", i)
		key, err := h.keys.Add(name)
		if err != nil {
			return err
		}
		cam, err := newCamera(clip)
		if err != nil {
			return err
		}
		running, cancel := context.WithTimeout(ctx, 20*time.Second)
		ended := make(chan error, 1)
		go func() { ended <- cam.run(running, "http://"+h.http+"/whip/"+name, key) }()
		watch := &reader{client: client, base: "http://" + h.http + "/live/" + name, sent: cam.sent}
		_, err = watch.begin(running)
		cancel()
		if failed := <-ended; failed != nil {
			return failed
		}
		if err != nil {
			return fmt.Errorf("origin: WHIP: %w", err)
		}
		waits = append(waits, watch.playable)
	}
	r.FirstPlayableSeconds.WHIP, r.FirstPlayableSeconds.WHIPSlowest = middle(waits), slowest(waits)
	return nil
}
