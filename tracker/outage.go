package tracker

import (
	"math"
	"sync/atomic"
	"time"
)

// outage is when something of the store last failed, and whether the log has said so.
type outage struct {
	last atomic.Pointer[time.Time] // nil: never
	said atomic.Bool
}

// fail notes a failure and tells whether that is news.
func (o *outage) fail(now time.Time) bool {
	o.last.Store(&now)
	return o.said.CompareAndSwap(false, true)
}

// over tells whether what was said to have failed has not done so for a while. That is told once.
func (o *outage) over(now time.Time) bool {
	return o.since(now) > failingFor && o.said.CompareAndSwap(true, false)
}

func (o *outage) since(now time.Time) time.Duration {
	last := o.last.Load()
	if last == nil {
		return math.MaxInt64
	}
	return now.Sub(*last)
}
