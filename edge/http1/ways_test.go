package http1

import (
	"testing"
	"time"
)

// TestWays: what costs less is what is done, though some calls are interrupted, and again when that changes.
func TestWays(t *testing.T) {
	const size = 250_000
	var all ways
	w := all.of(size)
	answers := func(n int, copied, filed time.Duration) (byFile int) {
		for i := range n {
			file, timed := w.next()
			took := copied
			if file {
				took = filed
				byFile++
			}
			if !timed {
				continue
			}
			if i%7 == 0 {
				took += 3 * time.Millisecond // of another program
			}
			w.took(file, size, took)
		}
		return byFile
	}
	for _, c := range []struct {
		copied, filed time.Duration
		least, most   int // of the last thousand, by file
	}{
		{35 * time.Microsecond, 50 * time.Microsecond, 1, 20},
		{50 * time.Microsecond, 35 * time.Microsecond, 980, 999},
		{90 * time.Microsecond, 150 * time.Microsecond, 1, 20},
	} {
		answers(20_000, c.copied, c.filed)
		if n := answers(1000, c.copied, c.filed); n < c.least || n > c.most {
			t.Errorf("copied %v, from the file %v: %d of 1000 from the file, want %d to %d", c.copied, c.filed, n, c.least, c.most)
		}
	}
	if all.of(1_000_000) == w || all.of(250_001) != w {
		t.Error("sizes are not by themselves")
	}
	w = &way{}
	if n := answers(tryFirst, time.Microsecond, time.Microsecond); n != tryFirst/2 {
		t.Errorf("%d of the first %d from the file", n, tryFirst)
	}
}
