package quota

import (
	"fmt"
	"math"
	"net/netip"
	"testing"
)

func TestPlaces(t *testing.T) {
	places := NewPlaces(2)
	one, neighbour, other := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("192.0.2.1")
	if !places.Enter(one) || !places.Enter(neighbour) {
		t.Fatal("no place in an empty house")
	}
	if places.Enter(one) || places.Enter(neighbour) {
		t.Error("a /64 holds more than its places")
	}
	if !places.Enter(other) {
		t.Error("one address fills another's places")
	}
	places.Leave(neighbour)
	if !places.Enter(one) {
		t.Error("a place given back is not given again")
	}
	for _, a := range []netip.Addr{one, one, other} {
		places.Leave(a)
	}
	if n, m := places.Len(), len(places.networks); n != 0 || m != 0 {
		t.Errorf("%d addresses and %d networks are remembered after all have left", n, m)
	}
}

// TestPlacesOfNetwork fills a /48 from as many /64 as it takes, and has all leave.
func TestPlacesOfNetwork(t *testing.T) {
	const most = 3
	places := NewPlaces(most)
	var in []netip.Addr
	for _, addr := range of48(t, 20*wider) {
		if places.Enter(addr) {
			in = append(in, addr)
		}
	}
	if len(in) != wider*most {
		t.Errorf("a /48 holds %d places, want %d", len(in), wider*most)
	}
	if !places.Enter(netip.MustParseAddr("2001:db8:1::1")) {
		t.Error("one /48 fills another's places")
	}
	for _, addr := range append(in, netip.MustParseAddr("2001:db8:1::1")) {
		places.Leave(addr)
	}
	if n, m := places.Len(), len(places.networks); n != 0 || m != 0 {
		t.Errorf("%d addresses and %d networks are remembered after all have left", n, m)
	}
	if large := NewPlaces(math.MaxInt); !large.Enter(in[0]) {
		t.Error("where any number may, none may")
	}
}

// of48 returns addresses of as many /64 of one /48.
func of48(t *testing.T, n int) (addrs []netip.Addr) {
	t.Helper()
	for i := range n {
		addrs = append(addrs, netip.MustParseAddr(fmt.Sprintf("2001:db8:0:%x::1", i)))
	}
	return addrs
}
