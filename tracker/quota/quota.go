// Package quota bounds what one network address may take, IPv6 addresses counted by their /64: how often it may ask
// for something (Table: a token bucket for each address, in a table that is bounded itself), and how much it may hold
// at once (Places). It keeps addresses no longer than it takes their bucket to fill up again or their places to be
// given back, and shows them to nobody. Buckets is the table for what is counted by something else.
package quota

import (
	"net/netip"
	"time"
)

// Table is a token bucket for each address, see Buckets.
type Table struct{ buckets *Buckets[netip.Prefix] }

// New returns a table that lets each address take perSecond tokens a second, burst at once.
func New(perSecond float64, burst int) *Table {
	return &Table{NewBuckets[netip.Prefix](perSecond, burst)}
}

// Take takes a token for an address at time now. It returns 0 when there was one, else how long until there will be.
func (t *Table) Take(now time.Time, addr netip.Addr) time.Duration {
	return t.buckets.Take(now, key(addr))
}

// Len returns how many addresses the table remembers.
func (t *Table) Len() int { return t.buckets.Len() }

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
