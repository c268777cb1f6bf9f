package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// A frozen process accepts connections and answers nothing, like one that holds a reload: who is silent is asked for its
// health beside. So it is known within quietTime + probeLimit which of the two it is, whatever is waited for.
const (
	pulse         = 100 * time.Millisecond // how often is looked
	quietTime     = 400 * time.Millisecond // without a byte; then that long between probes
	probeLimit    = 500 * time.Millisecond // for the answer of one that is alive
	probeLate     = 200 * time.Millisecond // more than the limit: it is this machine that was late
	probeInterval = 250 * time.Millisecond // of one that is out
	idleInterval  = 5 * time.Second        // of one of which nothing is wanted: a balancer before this edge wants to know
)

// watch probes whom there is doubt about. Run calls it; the probes end with ctx.
func (s *origins) watch(ctx context.Context, now time.Time) {
	failing := s.state() != nil
	alone := len(s.all()) == 1
	s.askOn(ctx)
	for _, u := range s.all() {
		if u.due(now, failing, alone) {
			s.probes.Go(func() { s.probe(ctx, u) })
		}
	}
}

// due tells whether u is to be probed now, and notes that it is. One alone is not asked whether it lives while it is quiet: there is
// nowhere to go.
func (u *upstream) due(now time.Time, failing, alone bool) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.probing {
		return false
	}
	since := now.Sub(u.probed)
	idle := len(u.waits) == 0 && since >= idleInterval && u.clock.at(now)-u.heard.Load() >= int64(idleInterval)
	is := u.doubted || idle || (u.out || u.back || failing) && since >= probeInterval || !alone && since >= quietTime && u.quiet(now)
	if is {
		u.probing, u.probed = true, now
	}
	return is
}

// quiet tells whether something is waited for unusually long. The caller holds mu.
func (u *upstream) quiet(now time.Time) bool {
	for w := range u.waits {
		if since := w.since.Load(); since != 0 && u.clock.at(now)-since >= int64(quietTime) {
			return true
		}
	}
	return false
}

// probe asks for u's health; whatever it answers, it is there. So it is if something else comes from it meanwhile: a way that is full of a large
// object has no room for a probe. Who is out is left at each probe, not at the first only: others may have come back since.
func (s *origins) probe(ctx context.Context, u *upstream) {
	limited, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	began := time.Now()
	u.mu.Lock()
	back, chain := u.back, u.chain // empty, unless it leads back
	u.mu.Unlock()
	err := s.health(limited, u, chain)
	if errors.Is(err, errLoop) {
		s.leadsBack(u, chain)
		back, err = false, nil // it is there
	}
	u.mu.Lock()
	told := u.told
	u.probing, u.doubted = false, false
	if errors.Is(err, context.DeadlineExceeded) && u.heard.Load() >= u.clock.at(began) {
		err = nil
	}
	late := err != nil && (time.Since(began) > probeLimit+probeLate || lacksFiles(err)) // it was not asked
	if late {
		u.doubted = true // it is probed again
	} else if ctx.Err() == nil {
		if back { // it has taken what it refused before
			u.back, u.chain = false, ""
		}
		u.out = err != nil
		u.told = u.out || u.back
	}
	back = u.back
	u.mu.Unlock()
	switch {
	case late || ctx.Err() != nil || back && err == nil:
	case err == nil:
		s.note(nil)
		if told {
			u.returned()
		}
	default:
		if !told {
			s.log.Warn("edge: an upstream does not answer; it is out until it does", "at", u.base, "error", err)
		}
		if s.out() == len(s.all()) {
			s.note(fmt.Errorf("%s: %w", u.base, err))
		}
		s.leave(u)
	}
}

// health asks u how it is, for a chain of edges. It is errLoop where that leads back to one of them.
func (s *origins) health(ctx context.Context, u *upstream, chain string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.base+"/healthz", nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "shoal-edge")
	req.Header.Set(loopField, s.named(chain))
	resp, err := s.transport.RoundTrip(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 4<<10)) // so that the connection is used again
	resp.Body.Close()
	if resp.StatusCode == http.StatusLoopDetected {
		return errLoop
	}
	return err
}

// leave ends what is waited for at u, so that others are asked. If there are none, it goes on: u may come to itself.
func (s *origins) leave(u *upstream) {
	if !s.others(u) {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for w := range u.waits {
		if w.since.Load() != 0 {
			w.cancel(errSilent)
		}
	}
}

// others tells whether one is in beside u.
func (s *origins) others(u *upstream) bool {
	return slices.ContainsFunc(s.all(), func(o *upstream) bool { return o != u && !o.isOut() })
}

// out returns how many upstreams are out.
func (s *origins) out() (n int) {
	for _, u := range s.all() {
		if u.isOut() {
			n++
		}
	}
	return n
}
