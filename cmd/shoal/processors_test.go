package main

import (
	"testing"
	"time"
)

func TestNeedOfProcessors(t *testing.T) {
	start := time.Unix(1, 0)
	for _, c := range []struct {
		name   string
		shares []float64 // of a core, one a second
		many   bool
	}{
		{"at first", nil, true},
		{"soon after", []float64{0, 0, 0, 0}, true},
		{"calm", []float64{0.1, 0.1, 0.1, 0.1, 0.1}, false},
		{"calm but once", []float64{0.1, 0.1, 0.1, 0.3, 0.1, 0.1, 0.1, 0.1}, true},
		{"neither", []float64{0.1, 0.1, 0.1, 0.1, 0.1, 0.4, 0.4, 0.4}, false},
		{"busy", []float64{0.1, 0.1, 0.1, 0.1, 0.1, 0.6}, true},
		{"busy for a moment", []float64{1, 0, 0, 0, 0, 0}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, now, spent := need{looked: start, many: true}, start, time.Duration(0)
			for _, share := range c.shares {
				was := n.many
				now, spent = now.Add(time.Second), spent+time.Duration(share*float64(time.Second))
				if changed := n.look(now, spent); changed != (n.many != was) {
					t.Error("it did not tell")
				}
			}
			if n.many != c.many {
				t.Errorf("many: %v", n.many)
			}
		})
	}
}
