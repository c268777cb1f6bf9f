//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// herdRounds is how often a crowd comes, to another object each time; the medians are told.
const herdRounds = 5

// measureHerd has a crowd ask each server at once for an object that none has.
func (b *bench) measureHerd(ctx context.Context) error {
	b.report.Herd = &herd{Viewers: b.herd}
	return b.crowds(ctx, firstCold, func(s *server, uri string, w *crowd) error {
		waits := make([]time.Duration, len(w.calls))
		for i, c := range w.calls {
			waits[i] = c.whole.Sub(c.asked)
		}
		b.report.Herd.add(s.name, b.origin.count(uri), percentile(waits, 99))
		return nil
	})
}

// measureDrip has a crowd ask each server at once for an object that the origin gives slowly.
func (b *bench) measureDrip(ctx context.Context) error {
	b.report.Drip = &herd{Viewers: b.herd}
	return b.crowds(ctx, firstDripped, func(s *server, uri string, w *crowd) error {
		from := b.origin.firstByte(uri)
		waits := make([]time.Duration, len(w.calls))
		for i, c := range w.calls {
			waits[i] = c.first.Sub(from)
		}
		b.report.Drip.add(s.name, b.origin.count(uri), percentile(waits, 100))
		return nil
	})
}

func (b *bench) crowds(ctx context.Context, firstMSN int, done func(*server, string, *crowd) error) error {
	for range herdRounds {
		for _, s := range b.servers {
			if strings.HasPrefix(s.name, "nginx-") { // how it sends is not what a crowd waits for
				continue
			}
			w, err := gather(s.address, b.herd, !b.discard)
			if err != nil {
				return err
			}
			// They are known to the server before they ask.
			err = w.once(ctx, s.request(listPath))
			b.cold++
			uri := fmt.Sprintf("%ss%d.m4s", epochPath, firstMSN+b.cold)
			if err == nil {
				err = w.once(ctx, s.request(uri))
			}
			if err == nil {
				err = done(s, uri, w)
			}
			w.leave()
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	return nil
}

// settleTime is how long a server has for what it does after the last request.
const settleTime = time.Second

// measureRelease has viewers wait at the edge for a part. The others hold nothing, so they are not measured.
func (b *bench) measureRelease(ctx context.Context) error {
	for _, s := range b.servers {
		if s.name == "shoal" {
			return b.releaseAt(ctx, s)
		}
	}
	return errors.New("the edge is not among the servers")
}

func (b *bench) releaseAt(ctx context.Context, s *server) error {
	// The edge knows the stream before viewers come, and has nothing left from before.
	if err := drain(s.get(holdPath)); err != nil {
		return err
	}
	if err := s.collect(); err != nil {
		return err
	}
	time.Sleep(settleTime)
	empty, err := s.Resident()
	if err != nil {
		return err
	}
	w, err := gather(s.address, b.held, !b.discard)
	if err != nil {
		return err
	}
	defer w.leave()
	if err := w.askAll(s.request(holdPath + heldQuery)); err != nil {
		return err
	}
	if err := s.awaitHeld(ctx, b.held); err != nil {
		return err
	}
	unsettled, err := s.Resident()
	if err != nil {
		return err
	}
	if err := s.collect(); err != nil {
		return err
	}
	time.Sleep(settleTime)
	full, err := s.Resident()
	if err != nil {
		return err
	}
	before, err := s.FamilyTime()
	if err != nil {
		return err
	}
	born := time.Now()
	close(b.origin.born)
	if err := w.answers(ctx); err != nil {
		return err
	}
	after, err := s.FamilyTime()
	if err != nil {
		return err
	}
	waits := make([]time.Duration, len(w.calls))
	for i, c := range w.calls {
		waits[i] = c.whole.Sub(born)
	}
	b.report.Release = &release{
		Held: b.held, OriginRequests: b.origin.count(holdPath + heldQuery),
		P50Millis: millis(percentile(waits, 50)), P99Millis: millis(percentile(waits, 99)),
		BytesEach: (full - empty) / b.held, UnsettledBytesEach: (unsettled - empty) / b.held,
		ProcessorMillis: millis(after - before),
	}
	return nil
}

// awaitHeld waits until the edge says that it holds so many.
func (s *server) awaitHeld(ctx context.Context, held int) error {
	line := fmt.Sprintf("\nshoal_edge_held_requests %d\n", held)
	var said string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		r, err := http.Get("http://" + s.admin + "/metrics")
		if err != nil {
			return err
		}
		text, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil {
			return err
		}
		if said = string(text); strings.Contains(said, line) {
			return nil
		}
	}
	_, after, _ := strings.Cut(said, "\nshoal_edge_held_requests ")
	now, _, _ := strings.Cut(after, "\n")
	return fmt.Errorf("the edge holds %s, not %d", now, held)
}
