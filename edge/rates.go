package edge

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// rates bounds how many requests come from one address a second: in IPv6 from one /64, which is one customer's. Of each address that asked of late
// it keeps when it has paid off what it asked, and of more addresses than it has room for it keeps that together.
type rates struct {
	// static
	each  time.Duration // that a request costs
	most  time.Duration // that may be owed
	start time.Time
	seed  maphash.Seed

	shards [64]shard
}

// shard is some of the addresses.
type shard struct {
	mu    sync.Mutex // guards what follows
	paid  map[netip.Addr]time.Duration
	swept time.Duration
}

// maxPayers bounds the addresses of a shard.
const maxPayers = 1 << 11

// newRates returns rates of so many requests a second, twice as many at once; nil where there is no bound.
func newRates(perSecond float64, now time.Time) *rates {
	if perSecond == 0 {
		return nil
	}
	each := max(1, time.Duration(float64(time.Second)/perSecond))
	return &rates{each: each, most: 2 * time.Second, start: now, seed: maphash.MakeSeed()}
}

// take counts a request of an address. It returns 0 if it may be answered, else how long until the next one may.
func (r *rates) take(now time.Time, from netip.Addr) time.Duration {
	from, bounded := r.payer(from)
	if !bounded {
		return 0
	}
	at := now.Sub(r.start)
	s := r.shardOf(from)
	s.mu.Lock()
	defer s.mu.Unlock()
	paid, known := s.paid[from]
	if !known && len(s.paid) >= maxPayers {
		if s.sweep(at); len(s.paid) >= maxPayers {
			from = netip.Addr{}
			paid = s.paid[from]
		}
	}
	paid = max(paid, at) + r.each
	if wait := paid - at - r.most; wait > 0 {
		return wait
	}
	if s.paid == nil {
		s.paid = map[netip.Addr]time.Duration{}
	}
	s.paid[from] = paid
	return 0
}

// giveBack takes a request back that take has counted: somebody else counts it.
func (r *rates) giveBack(from netip.Addr) {
	from, bounded := r.payer(from)
	if !bounded {
		return
	}
	s := r.shardOf(from)
	s.mu.Lock()
	defer s.mu.Unlock()
	if paid, known := s.paid[from]; known {
		s.paid[from] = paid - r.each
	}
}

// payer returns who pays for the requests of an address, if anybody does: a proxy on this machine is not one viewer.
func (r *rates) payer(from netip.Addr) (payer netip.Addr, bounded bool) {
	if r == nil || from == netip.IPv6Loopback() || from == netip.AddrFrom4([4]byte{127, 0, 0, 1}) {
		return from, false
	}
	from = from.WithZone("")
	if from.Is6() {
		p, _ := from.Prefix(64)
		from = p.Addr()
	}
	return from, true
}

func (r *rates) shardOf(payer netip.Addr) *shard {
	return &r.shards[maphash.Comparable(r.seed, payer)%uint64(len(r.shards))]
}

// sweep forgets who owes nothing, at most once a second.
func (s *shard) sweep(at time.Duration) {
	if at-s.swept < time.Second {
		return
	}
	s.swept = at
	for from, paid := range s.paid {
		if paid <= at {
			delete(s.paid, from)
		}
	}
}
