package viewer

import (
	"math"
	"runtime/metrics"
	"time"
)

// waits is how long goroutines that could run have waited for a processor, as Go's scheduler counts it for one in some.
type waits struct {
	sample []metrics.Sample
	before []uint64
}

func newWaits() *waits {
	w := &waits{sample: []metrics.Sample{{Name: "/sched/latencies:seconds"}}}
	w.next()
	return w
}

// next returns the mean of those since the last call; 0 where there were none, or Go counts no more.
func (w *waits) next() time.Duration {
	metrics.Read(w.sample)
	if w.sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return 0
	}
	h := w.sample[0].Value.Float64Histogram()
	if len(w.before) != len(h.Counts) {
		w.before = make([]uint64, len(h.Counts))
	}
	count, sum := uint64(0), 0.0
	for i, n := range h.Counts {
		since := n - w.before[i]
		w.before[i] = n
		if low := h.Buckets[i]; since > 0 && !math.IsInf(low, -1) {
			count += since
			sum += float64(since) * low
		}
	}
	return time.Duration(sum / float64(max(1, count)) * float64(time.Second))
}
