package turn

import "sync/atomic"

// counts is what the server shows of itself.
type counts struct {
	allocations, bytes, dropped, denied, full, unknown, throttled atomic.Uint64
}

// Counts is what a server has done so far, and Open how many allocations there are.
type Counts struct {
	Open        int
	Allocations uint64
	Bytes       uint64 // through relays
	Dropped     uint64 // bytes above the quota
	Denied      uint64 // peers and packets to peers that may not be reached
	Full        uint64 // allocations above the quota
	Unknown     uint64 // requests without valid credentials
	Throttled   uint64 // requests above the quota
}

// Counts returns what the server has done so far.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	open := len(s.relays)
	s.mu.Unlock()
	c := &s.counts
	return Counts{
		Open: open, Allocations: c.allocations.Load(), Bytes: c.bytes.Load(), Dropped: c.dropped.Load(), Denied: c.denied.Load(),
		Full: c.full.Load(), Unknown: c.unknown.Load(), Throttled: c.throttled.Load(),
	}
}
