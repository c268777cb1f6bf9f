// Package quota bounds what one network address may take, IPv6 addresses counted by their /64: how often it may ask
// for something (Table: a token bucket for each address, in a table that is bounded itself), and how much it may hold
// at once (Places). It keeps addresses no longer than it takes their bucket to fill up again or their places to be
// given back, and shows them to nobody.
package quota

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxBuckets bounds the table. Addresses beyond it share one bucket until others are forgotten.
const maxBuckets = 1 << 16

// Table is the buckets of all addresses seen of late.
type Table struct {
	rate  rate.Limit // static
	burst int        // static

	mu      sync.Mutex
	buckets map[netip.Prefix]*rate.Limiter
	rest    *rate.Limiter // for those that found the table full
	swept   time.Time
}

// New returns a table that lets each address take perSecond tokens a second, burst at once.
func New(perSecond float64, burst int) *Table {
	limit := rate.Limit(perSecond)
	return &Table{rate: limit, burst: burst, buckets: map[netip.Prefix]*rate.Limiter{}, rest: rate.NewLimiter(limit, burst)}
}

// Take takes a token for an address at time now. It returns 0 when there was one, else how long until there will be.
func (t *Table) Take(now time.Time, addr netip.Addr) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	bucket := t.bucket(now, key(addr))
	if bucket.AllowN(now, 1) {
		return 0
	}
	missing := 1 - bucket.TokensAt(now)
	return max(time.Duration(missing/float64(t.rate)*float64(time.Second)), time.Millisecond)
}

// Len returns how many addresses the table remembers.
func (t *Table) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.buckets)
}

func (t *Table) bucket(now time.Time, k netip.Prefix) *rate.Limiter {
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

// sweep forgets the addresses whose buckets are full again: a new bucket would be no different.
func (t *Table) sweep(now time.Time) {
	for k, b := range t.buckets {
		if b.TokensAt(now) >= float64(t.burst) {
			delete(t.buckets, k)
		}
	}
	t.swept = now
}

// key returns what addresses are counted by. An address that is not valid has the zero key.
func key(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits)
	return p
}
