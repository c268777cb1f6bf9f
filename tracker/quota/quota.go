// Package quota bounds what one network address may take: how often it may ask for something (Table: a token bucket
// for each address, in a table that is bounded itself), and how much it may hold at once (Places). It keeps addresses
// no longer than it takes their bucket to fill up again or their places to be given back, and shows them to nobody.
// Buckets is the table for what is counted by something else.
//
// IPv6 addresses are counted by their /64, which is the least that anybody has, and by their /48, which many have: that
// may take eight times as much.
package quota

import (
	"math"
	"net/netip"
	"time"
)

// wider is how many times as much as an address a /48 may take: little enough that who has one is not 65,536 addresses, and
// more than one, since the phones of a carrier have a /64 each of the same.
const wider = 8

// Table is a token bucket for each address, see Buckets.
type Table struct{ addresses, networks *Buckets[netip.Prefix] }

// New returns a table that lets each address take perSecond tokens a second, burst at once.
func New(perSecond float64, burst int) *Table {
	return &Table{
		NewBuckets[netip.Prefix](perSecond, burst),
		NewBuckets[netip.Prefix](perSecond*wider, min(burst, math.MaxInt/wider)*wider),
	}
}

// Take takes a token for an address at time now. It returns 0 when there was one, else how long until there will be. An
// address that has taken its own takes none of its network's, and a network that has takes no room in the table.
func (t *Table) Take(now time.Time, addr netip.Addr) time.Duration {
	network, wide := networkOf(addr)
	if wide {
		if wait := t.networks.look(now, network); wait > 0 {
			return wait
		}
	}
	if wait := t.addresses.Take(now, key(addr)); wait > 0 || !wide {
		return wait
	}
	return t.networks.Take(now, network)
}

// Len returns how many addresses the table remembers.
func (t *Table) Len() int { return t.addresses.Len() }

// key returns what addresses are counted by first. An address that is not valid has the zero key.
func key(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits)
	return p
}

// networkOf returns what addresses of IPv6 are counted by as well.
func networkOf(addr netip.Addr) (network netip.Prefix, wide bool) {
	if addr = addr.Unmap(); !addr.Is6() {
		return netip.Prefix{}, false
	}
	return Network(addr), true
}
