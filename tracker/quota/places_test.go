package quota

import (
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
	if n := places.Len(); n != 0 {
		t.Errorf("%d addresses are remembered after all have left", n)
	}
}
