package tracker

import "time"

// budget is what a viewer may send: so much a second, and burst at once. It is the moment at which all that was taken will
// have been given back, in nanoseconds of Unix time; a whole token bucket in eight bytes.
type budget int64

// take takes n and returns how long the taker must wait for that.
func (b *budget) take(now time.Time, n int, perSecond float64, burst int) time.Duration {
	at := now.UnixNano()
	one := float64(time.Second) / perSecond
	*b = max(*b, budget(at)) + budget(float64(n)*one)
	return max(0, time.Duration(int64(*b)-at-int64(float64(burst)*one)))
}
