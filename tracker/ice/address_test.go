package ice

import (
	"net/netip"
	"testing"
)

// FuzzParseAddr holds parseAddr against netip.
func FuzzParseAddr(f *testing.F) {
	for _, text := range []string{
		"203.0.113.7", "0.0.0.0", "255.255.255.255", "256.1.1.1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "01.2.3.4", "1.2.3.00",
		"1.2.3.4%eth0", "", "a", "%", "3f2b-aa.local", "::", "::1", "fe80::1%eth0", "::ffff:10.0.0.1", "1:2", "2001:db8::7", "0300.0250.01.01", "99999999999999999999.1.1.1",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		want, err := netip.ParseAddr(string(b))
		if got, ok := parseAddr(b); got != want || ok != (err == nil) {
			t.Errorf("%q: %v %v, netip has %v %v", b, got, ok, want, err)
		}
	})
}
