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
		return tracker.place(r, addr)
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
