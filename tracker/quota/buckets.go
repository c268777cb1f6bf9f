package quota

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxBuckets bounds the table. Keys beyond it share one bucket until others are forgotten.
const maxBuckets = 1 << 16

// Buckets is the token buckets of all keys seen of late.
type Buckets[K comparable] struct {
	rate  rate.Limit // static
	burst int        // static

	mu      sync.Mutex
	buckets map[K]*rate.Limiter
	rest    *rate.Limiter // for those that found the table full
	swept   time.Time
}

// NewBuckets returns buckets of which each lets its key take perSecond tokens a second, burst at once.
func NewBuckets[K comparable](perSecond float64, burst int) *Buckets[K] {
	limit := rate.Limit(perSecond)
	return &Buckets[K]{rate: limit, burst: burst, buckets: map[K]*rate.Limiter{}, rest: rate.NewLimiter(limit, burst)}
}

// Take takes a token for a key at time now. It returns 0 when there was one, else how long until there will be.
func (t *Buckets[K]) Take(now time.Time, k K) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	bucket := t.bucket(now, k)
	if bucket.AllowN(now, 1) {
		return 0
	}
	return t.wait(bucket.TokensAt(now))
}

// look is Take, but nothing is taken or noted; where the table is full only Take can tell.
func (t *Buckets[K]) look(now time.Time, k K) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if b := t.buckets[k]; b != nil {
		if tokens := b.TokensAt(now); tokens < 1 {
			return t.wait(tokens)
		}
	}
	return 0
}

// wait returns how long it is until there is a token where there is only a part of one.
func (t *Buckets[K]) wait(tokens float64) time.Duration {
	return max(time.Duration((1-tokens)/float64(t.rate)*float64(time.Second)), time.Millisecond)
}

// Len returns how many keys the table remembers.
func (t *Buckets[K]) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.buckets)
}

func (t *Buckets[K]) bucket(now time.Time, k K) *rate.Limiter {
	if b := t.buckets[k]; b != nil {
		return b
	}
	age := now.Sub(t.swept)
	if age > time.Minute || len(t.buckets) >= maxBuckets && age > time.Second {
		t.sweep(now)
	}
	if len(t.buckets) >= maxBuckets {
		return t.rest
	}
	b := rate.NewLimiter(t.rate, t.burst)
	t.buckets[k] = b
	return b
}

// sweep forgets the keys whose buckets are full again: a new bucket would be no different.
func (t *Buckets[K]) sweep(now time.Time) {
	for k, b := range t.buckets {
		if b.TokensAt(now) >= float64(t.burst) {
			delete(t.buckets, k)
		}
	}
	t.swept = now
}
