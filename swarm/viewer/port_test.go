package viewer

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// TestSparedQuestions has pion's rhythm: often while a link comes about, and every two seconds once it is there.
func TestSparedQuestions(t *testing.T) {
	a, b := netip.MustParseAddrPort("192.0.2.1:1000"), netip.MustParseAddrPort("192.0.2.2:1000")
	begun := time.Now()
	var p port
	for _, c := range []struct {
		at     time.Duration
		to     netip.AddrPort
		spared bool
	}{
		{0, a, false}, {0, b, false}, {200 * time.Millisecond, a, false}, {200 * time.Millisecond, b, false},
		{400 * time.Millisecond, b, false}, {600 * time.Millisecond, b, false},
		{2600 * time.Millisecond, b, true}, {4600 * time.Millisecond, b, true}, {6600 * time.Millisecond, b, false},
		{8600 * time.Millisecond, b, true}, {10600 * time.Millisecond, b, true}, {12600 * time.Millisecond, b, false},
		{14600 * time.Millisecond, a, false}, {14800 * time.Millisecond, a, false}, // another way is tried
	} {
		if got := p.spares(c.to, begun.Add(c.at)); got != c.spared {
			t.Errorf("%v, %v: spared %v, want %v", c.at, c.to, got, c.spared)
		}
	}
}

func TestIsCheck(t *testing.T) {
	build := func(with ...stun.Setter) []byte {
		m, err := stun.Build(append(with, stun.Fingerprint)...)
		if err != nil {
			t.Fatal(err)
		}
		return m.Raw
	}
	user := stun.NewUsername("abcde:fghij")
	for name, c := range map[string]struct {
		b    []byte
		want bool
	}{
		"question":          {build(stun.BindingRequest, stun.TransactionID, user, ice.AttrControlled(7)), true},
		"nomination":        {build(stun.BindingRequest, stun.TransactionID, user, ice.UseCandidate()), false},
		"answer":            {build(stun.BindingSuccess, stun.TransactionID), false},
		"DTLS":              {append([]byte{23, 254, 253}, make([]byte, 60)...), false},
		"short":             {[]byte{0, 1, 0, 0}, false},
		"nothing":           {nil, false},
		"cut short":         {build(stun.BindingRequest, stun.TransactionID, user)[:25], true},
		"a length too long": {append(build(stun.BindingRequest, stun.TransactionID)[:20], 0, 6, 255, 255), true},
	} {
		if got := isCheck(c.b); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
