package quota

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"testing"
	"time"
)

func Example() {
	table := New(10, 2)
	now := time.Unix(0, 0)
	for range 3 {
		fmt.Println(table.Take(now, netip.MustParseAddr("192.0.2.1")))
	}
	fmt.Println(table.Take(now, netip.MustParseAddr("192.0.2.2")))
	// Output:
	// 0s
	// 0s
	// 100ms
	// 0s
}

func TestKey(t *testing.T) {
	for _, c := range []struct {
		name, a, b string
		same       bool
	}{
		{"IPv4", "192.0.2.1", "192.0.2.2", false},
		{"IPv4 mapped", "192.0.2.1", "::ffff:192.0.2.1", true},
		{"one /64", "2001:db8::1", "2001:db8::ffff:1", true},
		{"two /64", "2001:db8::1", "2001:db8:0:1::1", false},
		{"zone", "fe80::1%eth0", "fe80::2%eth1", true},
	} {
		if same := key(netip.MustParseAddr(c.a)) == key(netip.MustParseAddr(c.b)); same != c.same {
			t.Errorf("%s: %s and %s are one: %v", c.name, c.a, c.b, same)
		}
	}
}

func TestTableIsBounded(t *testing.T) {
	table := New(10, 2)
	now := time.Unix(0, 0)
	for i := range maxBuckets + 100 {
		table.Take(now, netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(i)))))
	}
	if n := table.Len(); n != maxBuckets {
		t.Fatalf("%d addresses remembered, want %d", n, maxBuckets)
	}
	if table.Take(now, netip.MustParseAddr("192.0.2.1")) == 0 {
		t.Error("an address beyond the table has no bound")
	}
	now = now.Add(2 * time.Minute)
	if table.Take(now, netip.MustParseAddr("192.0.2.1")) != 0 || table.Len() != 1 {
		t.Errorf("after two minutes %d addresses are remembered, want 1", table.Len())
	}
	if table.Take(now, netip.Addr{}) != 0 {
		t.Error("an address that is none has no bucket of its own")
	}
}

// TestTableOfNetwork: a /48 takes no more than eight of its /64 may, nor more room in the table, and who asks for too much takes
// nothing of its neighbours.
func TestTableOfNetwork(t *testing.T) {
	const burst = 3
	table, now := New(10, burst), time.Unix(0, 0)
	all := of48(t, 1000)
	for range 1000 { // of whom nearly all are refused
		table.Take(now, all[0])
	}
	taken := burst
	for _, addr := range all[1:] {
		if table.Take(now, addr) == 0 {
			taken++
		}
	}
	if taken != wider*burst || table.Len() > wider*burst {
		t.Errorf("a /48 took %d tokens, want %d, and has %d addresses in the table", taken, wider*burst, table.Len())
	}
	if wait := table.Take(now, all[999]); wait != time.Second/(10*wider) {
		t.Errorf("it is to wait %v", wait)
	}
	if table.Take(now, netip.MustParseAddr("2001:db8:1::1")) != 0 {
		t.Error("one /48 takes another's tokens")
	}
	if table.Take(now.Add(time.Second/wider), all[999]) != 0 {
		t.Error("it gets nothing after a while")
	}
	if New(10, math.MaxInt).Take(now, all[0]) != 0 {
		t.Error("where any number may, none may")
	}
}
