package http1

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// ways are the two ways to send a body that is in a file too: copied into the kernel, or from the file, whose pages the kernel sends as they are.
// Which costs less depends on the machine: a copy costs the memory's bandwidth, and a file a count for each of its pages, which whoever sends and
// whoever reads both write. So both are tried, and what costs less is done, of each size by itself.
type ways [bits.UintSize + 1]way // by the bits of a size

// way is what the two cost, in nanoseconds for a megabyte: their medians, as far as they are known.
type way struct {
	copied, filed atomic.Int64
	sent          atomic.Uint32
}

// Ways begin with so many answers by turns; later one of so many goes the way that costs more, since that may change, and one is timed by
// the other.
const (
	tryFirst = 256
	tryEach  = 128
)

func (w *ways) of(size int) *way { return &w[bits.Len(uint(size))] }

// next tells which way the next one goes, and whether what it takes is to be noted.
func (w *way) next() (file, timed bool) {
	n := w.sent.Add(1)
	if n <= tryFirst {
		return n%2 == 0, true
	}
	file = w.filed.Load() < w.copied.Load()
	switch n % tryEach {
	case 0:
		return !file, true
	case tryEach / 2:
		return file, true
	}
	return file, false
}

// took notes what one took. A median moves by a step towards each value: one that was interrupted counts no more than another.
func (w *way) took(file bool, sent int, d time.Duration) {
	if sent < 1<<10 {
		return
	}
	at, cost, step := &w.copied, int64(d)<<20/int64(sent), int64(32)
	if w.sent.Load() <= tryFirst {
		step = 8
	}
	if file {
		at = &w.filed
	}
	switch middle := at.Load(); {
	case middle == 0:
		at.Store(max(1, cost))
	case cost > middle:
		at.Store(middle + middle/step + 1)
	default:
		at.Store(max(1, middle-middle/step-1))
	}
}
