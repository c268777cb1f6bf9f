//go:build linux

package main

import (
	"errors"
	"fmt"
	"math"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/origin/hls/strict"
)

// TestPlaylist: what viewers reload is a live playlist, by the book, from part to part.
func TestPlaylist(t *testing.T) {
	var before *strict.Playlist
	for making := number(180); making < 200; making++ {
		now, err := strict.Parse(string(playlist(making)))
		if err != nil {
			t.Fatalf("part %d: %v", making, err)
		}
		if before != nil {
			if now, err = strict.Follow(before, now); err != nil {
				t.Fatalf("part %d: %v", making, err)
			}
		}
		before = now
	}
}

// TestHeld: what is asked for before it is there is answered as soon as it is.
func TestHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{began: time.Now().Add(-longBefore), noise: make([]byte, largeSize)}
		making := o.making(time.Now())
		list := fmt.Sprintf("%s?_HLS_msn=%d&_HLS_part=%d", listPath, making/parts, making%parts)
		for path, c := range map[string]struct {
			status, size int
			when         time.Time
		}{
			epochPath + (making - 1).name(): {200, (making - 1).size(), o.born(making - 1)},
			epochPath + making.name():       {200, making.size(), o.born(making)},
			epochPath + (making + 9).name(): {404, 0, time.Time{}},
			largePath:                       {200, largeSize, time.Time{}},
			list:                            {200, 0, o.born(making)},
			listPath:                        {200, 0, time.Time{}},
		} {
			began := time.Now()
			answer := httptest.NewRecorder()
			o.ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
			if answer.Code != c.status || c.size > 0 && answer.Body.Len() != c.size {
				t.Errorf("%s: %d, %d bytes", path, answer.Code, answer.Body.Len())
			}
			if now := time.Now(); now.Before(c.when) || now.After(began) && !now.Equal(c.when) {
				t.Errorf("%s was answered at %v, not at %v", path, now, c.when)
			}
			if path == list && !strings.Contains(answer.Body.String(), making.name()) {
				t.Errorf("the part is not in it that was waited for: %s", answer.Body)
			}
		}
	})
}

// TestReport: what the machine does to both edges is not the slow ones', and what they do is.
func TestReport(t *testing.T) {
	p := plan{length: 15 * time.Second, crowd: crowd{readers: 2, headers: 1}}
	took := func(each time.Duration) (kinds [kinds][]time.Duration) {
		for i := range kinds {
			kinds[i] = []time.Duration{each, each}
		}
		return kinds
	}
	phaseOf := func(attacked int, one, other time.Duration) phase {
		now := phase{attacked: attacked, took: [2][kinds][]time.Duration{took(one), took(other)}, lasted: p.length}
		if attacked >= 0 {
			now.Readers = fates{Begun: 4, Ended: []float64{12, 14}, Oldest: 3}
			now.Headers = fates{Begun: 2, Ended: []float64{10}, Oldest: 5}
		}
		return now
	}
	const ms = time.Millisecond
	for what, c := range map[string]struct {
		phases []phase
		change func(*report)
		says   string
		ratio  float64
	}{
		"nothing":            {[]phase{phaseOf(-1, ms, ms), phaseOf(0, ms, ms), phaseOf(-1, ms, ms), phaseOf(1, ms, ms)}, nil, "", 1},
		"a machine at work":  {[]phase{phaseOf(-1, ms, ms), phaseOf(0, 90*ms, 90*ms), phaseOf(-1, ms, ms), phaseOf(1, 50*ms, 50*ms)}, nil, "", 1},
		"one edge is slower": {[]phase{phaseOf(-1, 2*ms, ms), phaseOf(0, 2*ms, ms), phaseOf(-1, 2*ms, ms), phaseOf(1, 2*ms, ms)}, nil, "", 1},
		"others wait":        {[]phase{phaseOf(-1, ms, ms), phaseOf(0, 3*ms, ms), phaseOf(-1, ms, ms), phaseOf(1, ms, 3*ms)}, nil, "is 3.00", 3},
		"others fail":        {[]phase{phaseOf(0, ms, ms)}, func(r *report) { r.Failed = 1 }, "failed", 1},
		"nobody is slow":     {[]phase{phaseOf(0, ms, ms)}, func(r *report) { r.Readers.Absent = 1 }, "never were there", 1},
		"nobody is ended":    {[]phase{phaseOf(0, ms, ms)}, func(r *report) { r.Headers.Ended = 0 }, "nothing was defended", 1},
		"one is forgotten":   {[]phase{phaseOf(0, ms, ms)}, func(r *report) { r.Readers.Oldest = 20 }, "20.0 s", 1},
	} {
		t.Run(what, func(t *testing.T) {
			r := reportOf(c.phases)
			if c.change != nil {
				c.change(&r)
			}
			if err := r.judge(p, errors.New("why")); (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("it says %v, not %q", err, c.says)
			}
			if math.Abs(r.P99Ratio-c.ratio) > 1e-9 {
				t.Errorf("ratio %v, want %v", r.P99Ratio, c.ratio)
			}
		})
	}
}
