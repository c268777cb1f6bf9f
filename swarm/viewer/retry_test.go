package viewer

import (
	"slices"
	"testing"
	"time"
)

func TestRetry(t *testing.T) {
	const ms = time.Millisecond
	const never = -1
	long := time.Minute
	denied := func(r *retry, lived time.Duration) time.Duration {
		if pause, again := r.denied(lived); again {
			return pause
		}
		return never
	}
	for _, c := range []struct {
		name   string
		urls   []string
		chance float64
		do     func(r *retry) []time.Duration
		want   []time.Duration
		url    string
	}{
		{"one that is dead", []string{"a"}, 0, func(r *retry) []time.Duration {
			return []time.Duration{r.lost(0), r.lost(0), r.lost(0), r.lost(0), r.lost(0), r.lost(0)}
		}, []time.Duration{500 * ms, 1000 * ms, 2000 * ms, 4000 * ms, 6000 * ms, 6000 * ms}, "a"},
		{"one that lived", []string{"a"}, 0.5, func(r *retry) []time.Duration {
			return []time.Duration{r.lost(0), r.lost(0), r.lost(long), r.lost(0)}
		}, []time.Duration{750 * ms, 1500 * ms, 750 * ms, 1500 * ms}, "a"},
		{"the next at once", []string{"a", "b", "c"}, 0.5, func(r *retry) []time.Duration {
			return []time.Duration{r.lost(long)}
		}, []time.Duration{600 * ms}, "c"},
		{"all in turn, then slower", []string{"a", "b", "c"}, 0, func(r *retry) []time.Duration {
			return []time.Duration{r.lost(0), r.lost(0), r.lost(0), r.lost(0), r.lost(0)}
		}, []time.Duration{200 * ms, 200 * ms, 500 * ms, 1000 * ms, 2000 * ms}, "c"},
		{"a full one among others", []string{"a", "b"}, 0, func(r *retry) []time.Duration {
			return []time.Duration{r.busy(5 * time.Second), r.busy(5 * time.Second)}
		}, []time.Duration{200 * ms, 5000 * ms}, "a"},
		{"told to wait", []string{"a", "b"}, 0.5, func(r *retry) []time.Duration {
			return []time.Duration{r.stay(10 * time.Second)}
		}, []time.Duration{12500 * ms}, "b"},
		{"told to wait for days", []string{"a"}, 0.5, func(r *retry) []time.Duration {
			return []time.Duration{r.stay(800 * time.Hour), r.busy(800 * time.Hour), r.moved(800 * time.Hour)}
		}, []time.Duration{375 * time.Second, 375 * time.Second, 150 * time.Second}, "a"},
		{"moving", []string{"a", "b"}, 0.25, func(r *retry) []time.Duration {
			return []time.Duration{r.moved(4 * time.Second)}
		}, []time.Duration{1000 * ms}, "b"},
		{"moving, with one", []string{"a"}, 0.25, func(r *retry) []time.Duration {
			return []time.Duration{r.moved(4 * time.Second), r.lost(0)}
		}, []time.Duration{1000 * ms, 625 * ms}, "a"},
		{"one that refuses", []string{"a"}, 0, func(r *retry) []time.Duration {
			return []time.Duration{denied(r, 0), denied(r, 0)}
		}, []time.Duration{never, never}, "a"},
		{"all refuse, one after the other", []string{"a", "b", "c"}, 0, func(r *retry) []time.Duration {
			return []time.Duration{denied(r, 0), denied(r, 0), denied(r, 0)}
		}, []time.Duration{200 * ms, 200 * ms, never}, "a"},
		{"one refuses and one is away", []string{"a", "b"}, 0, func(r *retry) []time.Duration {
			return []time.Duration{denied(r, 0), r.lost(0), denied(r, 0), denied(r, 0)}
		}, []time.Duration{200 * ms, 500 * ms, 1000 * ms, never}, "a"},
		{"one refuses and one is full", []string{"a", "b"}, 0, func(r *retry) []time.Duration {
			return []time.Duration{denied(r, 0), r.busy(5 * time.Second), denied(r, 0)}
		}, []time.Duration{200 * ms, 5000 * ms, 1000 * ms}, "b"},
		{"one refused, another did once it had lived", []string{"a", "b"}, 0, func(r *retry) []time.Duration {
			return []time.Duration{denied(r, 0), denied(r, long)}
		}, []time.Duration{200 * ms, 200 * ms}, "a"},
		{"one refuses and one is dead", []string{"a", "b"}, 0, func(r *retry) (pauses []time.Duration) {
			for range 6 {
				pauses = append(pauses, denied(r, 0), r.lost(0))
			}
			return pauses[7:]
		}, []time.Duration{32 * time.Second, time.Minute, time.Minute, time.Minute, time.Minute}, "a"},
		{"one refused, then all are dead", []string{"a", "b"}, 0, func(r *retry) []time.Duration {
			pauses := []time.Duration{denied(r, 0)}
			for range 7 {
				pauses = append(pauses, r.lost(0))
			}
			return pauses[5:]
		}, []time.Duration{6 * time.Second, 6 * time.Second, 6 * time.Second}, "a"},
	} {
		r := newRetry(c.urls, func() float64 { return c.chance })
		if got := c.do(r); !slices.Equal(got, c.want) || r.url() != c.url {
			t.Errorf("%s: %v, then %s; want %v, then %s", c.name, got, r.url(), c.want, c.url)
		}
	}
}

// TestRetryNeverStorms: a tracker that is gone is soon asked no more than each 6 s.
func TestRetryNeverStorms(t *testing.T) {
	r := newRetry([]string{"a"}, func() float64 { return 0 })
	at, asked := time.Duration(0), 0
	for at < 10*time.Minute {
		at += r.lost(0)
		asked++
	}
	if asked > 105 {
		t.Errorf("asked %d times in 10 minutes", asked)
	}
}
