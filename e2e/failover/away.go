//go:build linux

package main

import (
	"context"
	"fmt"
	"time"
)

const (
	viewers   = 50
	target    = 2 * time.Second
	away      = 10 * time.Second
	startTime = 20 * time.Second
)

// originAway kills the only origin and starts it again after ten seconds. Edges serve what they have meanwhile.
func originAway(ctx context.Context, s stand) (r result, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o, err := newOrigin(s)
	if err != nil {
		return r, err
	}
	if err := o.start(ctx); err != nil {
		return r, err
	}
	defer o.close()
	go cast(ctx, o)
	e, err := openEdge(ctx, s, "-origins", o.url(""))
	if err != nil {
		return r, err
	}
	defer e.close()
	if err := playable(ctx, o, position{}); err != nil {
		return r, err
	}
	watching, leave := context.WithCancel(ctx)
	defer leave()
	crowd := watch(watching, e, viewers)
	if err := crowd.settle(ctx, viewers, 40, startTime); err != nil { // so that more than ten seconds are listed
		return r, err
	}
	before := len(crowd.failures(target))

	o.Stop()
	r.Faults++
	killed := time.Now()
	// Who comes now is shown what there is, as long as it is of use.
	plain, refused, like := 0, 0, ""
	for time.Since(killed) < away {
		if status, b, err := fetch(ctx, crowd.client, e.url("/live/"+stream+"/v0/index.m3u8"), nil); err == nil && status == 200 {
			plain++
		} else {
			refused++
			like = fmt.Sprintf("%d %.100s, %v, %v after the origin was gone", status, b, err, time.Since(killed).Round(time.Millisecond))
		}
		wait(ctx, 100*time.Millisecond)
	}
	at, _ := newest(crowd.last(ctx))
	if err := o.start(ctx); err != nil {
		return r, err
	}
	if err := playable(ctx, o, at); err != nil {
		return r, err
	}
	back := time.Now()
	wait(ctx, s.bound(3*time.Second))
	late, err := crowd.caughtUp(back.Add(-500*time.Millisecond), viewers)
	leave()
	crowd.all.Wait()
	if err != nil {
		return r, err
	}
	late = max(0, late-500*time.Millisecond)
	failed := crowd.failures(target)[before:]
	r.Figures = map[string]float64{"playlistsWhileAway": float64(plain), "refusedWhileAway": float64(refused),
		"errors": float64(len(failed)), "recoveredMillis": float64(late.Milliseconds()),
		"heldToTheEnd": float64(len(crowd.events) - before - len(failed)), "awaySeconds": back.Sub(killed).Seconds()}
	if refused > 0 {
		r.fail("%d playlists were refused before their useful age, like %s", refused, like)
	}
	if len(failed) > 0 {
		r.fail("%d errors, like %s", len(failed), failed[0])
	}
	if late > s.bound(time.Second) {
		r.fail("a viewer was served %v after the origin was back", late)
	}
	return r, nil
}

// last returns the newest playlist that the edge has.
func (l *live) last(ctx context.Context) string {
	_, b, _ := fetch(ctx, l.client, l.edge.url("/live/"+stream+"/v0/index.m3u8"), nil)
	return string(b)
}

// playable waits until an origin itself has a playlist that reaches further than another.
func playable(ctx context.Context, o *house, than position) error {
	client := newClient()
	defer client.CloseIdleConnections()
	limited, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		status, b, err := fetch(limited, client, o.url("/live/"+stream+"/v0/index.m3u8"), nil)
		if err == nil && status == 200 {
			if at, _ := newest(string(b)); at.after(than) {
				return nil
			}
		}
		if limited.Err() != nil {
			return limited.Err()
		}
		wait(limited, 20*time.Millisecond)
	}
}
