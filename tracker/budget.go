package tracker

import "time"

// budget is what a viewer may send: so much a second, and burst at once. It is the moment at which all that was taken will
// have been given back, on a clock that no one sets; a whole token bucket in eight bytes.
type budget time.Duration

// take takes n and returns how long the taker must wait for that. Now is since the tracker was made.
func (b *budget) take(now time.Duration, n int, perSecond float64, burst int) time.Duration {
	one := float64(time.Second) / perSecond
	*b = max(*b, budget(now)) + budget(float64(n)*one)
	return max(0, time.Duration(*b)-now-time.Duration(float64(burst)*one))
}
