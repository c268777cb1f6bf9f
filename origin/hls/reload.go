package hls

import (
	"context"
	"errors"
	"math"
	"net/url"
	"strconv"
	"time"
)

// What can be wrong with a blocking reload. The texts are shown to whoever asked.
var (
	ErrDirective = errors.New("hls: _HLS_msn and _HLS_part must be whole numbers, and _HLS_part needs _HLS_msn")
	ErrFuture    = errors.New("hls: _HLS_msn or _HLS_part is too far ahead of the playlist")
	ErrTimeout   = errors.New("hls: no new media came in time")
)

// Reload is a parsed blocking reload: wait until the playlist holds part Part of segment MSN, or, if Part is negative,
// all of segment MSN.
type Reload struct {
	MSN  uint64
	Part int
	Set  bool // false: answer at once
	Skip bool // a delta playlist will do
}

// ParseReload reads the delivery directives of a playlist request.
func ParseReload(q url.Values) (Reload, error) {
	r := Reload{Part: -1}
	if part, ok := q["_HLS_part"]; ok {
		n, err := strconv.ParseUint(part[0], 10, 31)
		if err != nil || !q.Has("_HLS_msn") {
			return Reload{}, ErrDirective
		}
		r.Part = int(n)
	}
	if msn, ok := q["_HLS_msn"]; ok {
		n, err := strconv.ParseUint(msn[0], 10, 63)
		if err != nil {
			return Reload{}, ErrDirective
		}
		r.MSN, r.Set = n, true
	}
	if skip := q.Get("_HLS_skip"); skip == "YES" || skip == "v2" { // v2 skips date ranges too: there are none
		r.Skip = true
	}
	return r, nil
}

// answered tells whether the view holds what r waits for.
func (v *View) answered(r Reload) (bool, error) {
	if !r.Set || v.Ended {
		return true, nil
	}
	if r.MSN > v.Next+1 { // Next-1 is the last complete segment: more than two ahead of it
		return false, ErrFuture
	}
	if r.Part < 0 || v.config.Plain {
		return r.MSN < v.Next, nil
	}
	if n := len(v.Segments); n > 0 && r.MSN+1 == v.Next {
		// Past the last part it is the first part of the next segment. A segment of an earlier process has no parts to be past.
		if last := v.Segments[n-1]; last.Parts != nil && r.Part >= len(last.Parts) {
			r.MSN, r.Part = v.Next, 0
		}
	}
	advance := int(math.Ceil(max(3, 3/v.config.PartTarget.Seconds())))
	if r.MSN == v.Next && r.Part >= v.parts()+advance || r.MSN > v.Next && r.Part >= advance {
		return false, ErrFuture
	}
	return r.MSN < v.Next || r.MSN == v.Next && r.Part < v.parts(), nil
}

// Wait returns the first view that answers r, or ErrTimeout after three target durations, ErrFuture, or ctx's error.
func (w *Window) Wait(ctx context.Context, r Reload) (*View, error) {
	return w.wait(ctx, func(v *View) (bool, error) { return v.answered(r) })
}

// WaitPlayable returns the first view that a player can begin with.
func (w *Window) WaitPlayable(ctx context.Context) (*View, error) {
	return w.wait(ctx, func(v *View) (bool, error) { return v.Playable() || v.Ended, nil })
}

// WaitFor returns what a name stands for: of a part that is hinted at once it is there, and without slices when it will
// not come.
func (w *Window) WaitFor(ctx context.Context, n Name) (m Media, err error) {
	_, err = w.wait(ctx, func(*View) (bool, error) {
		var mayCome bool
		m, mayCome = w.Find(n)
		return m.There() || !mayCome, nil
	})
	return m, err
}

func (w *Window) wait(ctx context.Context, done func(*View) (bool, error)) (*View, error) {
	var expired <-chan time.Time
	for {
		v, changed := w.View()
		if ok, err := done(v); ok || err != nil {
			return v, err
		}
		if expired == nil {
			t := time.NewTimer(w.awaited.left(3 * w.config.Target))
			defer t.Stop()
			expired = t.C
		}
		select {
		case <-changed:
		case <-expired:
			return nil, ErrTimeout
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
