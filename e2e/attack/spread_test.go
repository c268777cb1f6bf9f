//go:build linux

package attack

import (
	"testing"
	"time"
)

func TestSpread(t *testing.T) {
	upTo := func(n int) (took []time.Duration) {
		for i := range n {
			took = append(took, time.Duration(n-i)*time.Millisecond)
		}
		return took
	}
	for what, c := range map[string]struct {
		phases [][]time.Duration
		want   Spread
	}{
		"nothing":                {nil, Spread{}},
		"one":                    {[][]time.Duration{upTo(1)}, Spread{1, 1, 1, 1, 1, 1}},
		"a hundred":              {[][]time.Duration{upTo(100)}, Spread{100, 51, 96, 100, 100, 100}},
		"a phase that was worse": {[][]time.Duration{upTo(100), upTo(100), upTo(1000)}, Spread{1200, 401, 941, 989, 100, 1000}},
		"two phases":             {[][]time.Duration{upTo(100), upTo(200)}, Spread{300, 76, 186, 198, 149.5, 200}},
	} {
		t.Run(what, func(t *testing.T) {
			if got := SpreadOf(c.phases...); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
