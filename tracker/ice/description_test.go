package ice_test

import (
	"bytes"
	"net/netip"
	"os"
	"testing"

	"github.com/shoal-live/shoal/tracker/ice"
)

// TestDescriptions holds what Chromium 156 and pion 4.2 wrote for a data channel, with other addresses put in and
// candidates of STUN and TURN added, against what is shown of it.
func TestDescriptions(t *testing.T) {
	read := func(name string) []byte {
		b, err := os.ReadFile("testdata/" + name + ".sdp")
		if err != nil {
			t.Fatal(err)
		}
		return append([]byte{1}, b...)
	}
	for _, name := range []string{"chromium", "pion"} {
		said, shown := read(name), read(name+".shown")
		if got := (ice.Filter{}).Leaving(said, sender, nil); string(got) != string(shown) {
			t.Errorf("%s: shown:\n%s", name, got[1:])
		}
		if got := (ice.Filter{}).Arriving(shown, receiver); string(got) != string(shown) {
			t.Errorf("%s: arrived:\n%s", name, got[1:])
		}
		shared := ice.Filter{Shared: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}}
		if got := shared.Arriving(said, receiver); string(got) != string(said) {
			t.Errorf("%s: arrived in a shared network:\n%s", name, got[1:])
		}
		bare, _, _ := bytes.Cut(shown, []byte("a=candidate")) // as players send it: the candidates follow
		if n := testing.AllocsPerRun(100, func() { (ice.Filter{}).Leaving(bare, sender, nil) }); n != 0 {
			t.Errorf("%s: %.0f allocations where nothing changes", name, n)
		}
	}
}

func BenchmarkLeaving(b *testing.B) {
	said, err := os.ReadFile("testdata/chromium.sdp")
	if err != nil {
		b.Fatal(err)
	}
	said = append([]byte{1}, said...)
	trickled := []byte("\x03" + `{"candidate":"` + srflx + `","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"EsAw"}`)
	for name, payload := range map[string][]byte{"description": said, "candidate": trickled} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				(ice.Filter{}).Leaving(payload, sender, nil)
			}
		})
	}
}

// BenchmarkArriving is of what has left a viewer that shares no network, which comes from another tracker and arrives as it is.
func BenchmarkArriving(b *testing.B) {
	shown, err := os.ReadFile("testdata/chromium.shown.sdp")
	if err != nil {
		b.Fatal(err)
	}
	shown = append([]byte{1}, shown...)
	trickled := []byte("\x03" + `{"candidate":"` + srflx + `","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"EsAw"}`)
	for name, payload := range map[string][]byte{"description": shown, "candidate": trickled} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				(ice.Filter{}).Arriving(payload, receiver)
			}
		})
	}
}
