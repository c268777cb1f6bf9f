package tracker

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/shoal-live/shoal/tracker/cell"
)

func TestPlace(t *testing.T) {
	behind := Config{AddressHeader: "X-Real-IP", RegionHeader: "X-Region", ASHeader: "X-AS"}
	tracker, err := New(behind)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	at := func(tracker *Tracker, address string, header ...string) cell.Place {
		r := &http.Request{Header: http.Header{}}
		for i := 0; i < len(header); i += 2 {
			r.Header.Add(header[i], header[i+1])
		}
		addr, _ := netip.ParseAddr(address)
		return tracker.place(r, addr, false)
	}
	home := at(plain, "192.0.2.1")
	for name, c := range map[string]struct {
		place cell.Place
		same  bool // network as home
	}{
		"same /16":        {at(plain, "192.0.77.9"), true},
		"mapped":          {at(plain, "::ffff:192.0.2.1"), true},
		"another /16":     {at(plain, "192.1.2.1"), false},
		"IPv6":            {at(plain, "2001:db8::1"), false},
		"not believed":    {at(plain, "192.0.2.1", "X-Region", "eu", "X-AS", "64500"), true},
		"not an AS":       {at(tracker, "192.0.2.1", "X-AS", "unknown"), true},
		"AS out of range": {at(tracker, "192.0.2.1", "X-AS", "4294967296"), true},
		"AS":              {at(tracker, "192.0.2.1", "X-AS", "64500"), false},
	} {
		if c.place.Network == 0 || (c.place.Network == home.Network) != c.same || c.place.Region != 0 {
			t.Errorf("%s: %+v, home is %+v", name, c.place, home)
		}
	}
	if at(plain, "2001:db8:1::1").Network != at(plain, "2001:db8:2::1").Network || at(plain, "2001:db9::1").Network == at(plain, "2001:db8::1").Network {
		t.Error("IPv6 networks are not /32s")
	}
	if p := at(plain, ""); p != (cell.Place{}) {
		t.Errorf("no address: %+v", p)
	}
	for _, as := range []string{"64500", "AS64500", "as64500 Example Net", "1, 64500"} {
		if p := at(tracker, "192.0.2.1", "X-AS", as); p.Network != 64500 {
			t.Errorf("AS %q: %+v", as, p)
		}
	}
	eu, na := at(tracker, "", "X-Region", "forged", "X-Region", "forged, EU"), at(tracker, "", "X-Region", "na")
	if eu.Region == 0 || eu.Region == na.Region || eu != at(tracker, "", "X-Region", "eu") {
		t.Errorf("regions %+v and %+v", eu, na)
	}
}

func TestNeighbourhood(t *testing.T) {
	of := func(address string) uint64 {
		addr, _ := netip.ParseAddr(address)
		return neighbourhood(addr)
	}
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1", "192.0.2.255", true},
		{"192.0.2.1", "::ffff:192.0.2.7", true},
		{"192.0.2.1", "192.0.3.1", false},
		{"2001:db8:1:2::1", "2001:db8:1:ffff::9", true},
		{"2001:db8:1::1", "2001:db8:2::1", false},
		{"192.0.2.1", "2001:db8::1", false},
	} {
		if a, b := of(c.a), of(c.b); a == 0 || b == 0 || (a == b) != c.same {
			t.Errorf("%s is counted by %x, %s by %x", c.a, a, c.b, b)
		}
	}
	for _, address := range []string{"127.0.0.1", "::1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "fd00::1", "fe80::1%eth0", "169.254.1.1", ""} {
		if n := of(address); n != 0 {
			t.Errorf("%q is counted, by %x", address, n)
		}
	}
}

// TestCellsOfOnePrefix: viewers of one /24 are half of a cell at most, those of a private network all of it.
func TestCellsOfOnePrefix(t *testing.T) {
	for from, want := range map[string]int{"192.0.2.1": 4, "192.168.1.1": 7} {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, Config{CellSize: 8, AddressHeader: "X-Real-IP"})
			most := 0
			for range 7 {
				v, _, err := w.dial(http.Header{"X-Real-Ip": {from}})
				if err != nil {
					t.Fatal(err)
				}
				v.read()
				v.send(w.joinMessage("demo"))
				v.welcomed()
				most = max(most, len(v.roster.Members))
			}
			if most != want {
				t.Errorf("%s: a cell of %d, want %d at most", from, most, want)
			}
		})
	}
}
