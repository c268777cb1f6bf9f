package edge

import (
	"strings"
	"testing"
)

// TestWeight: how gladly something is taken (RFC 9110 12.4.2, 12.5.3). What is no weight is no reason to refuse.
//
// Clause: http-coding
func TestWeight(t *testing.T) {
	for header, want := range map[string]int{
		"": 0, "br": 1000, "BR": 1000, "gzip, br": 1000, "gzip": 0, "*": 0, "brx": 0, "x;br": 0,
		"br;q=1": 1000, "br;q=1.000": 1000, "br;q=0": 0, "br;q=0.000": 0, "br;q=0.5": 500, "br;q=0.25": 250, "br;q=0.001": 1, "br;q=0.0001": 1,
		"br ; Q=0.7": 700, "br;a=b;q=0.7": 700, "br;\tq=0": 0, "br;q=": 0, "br;q=x": 1000, "br;q=0.x": 1000, "br;q=-1": 1000, "br;q=2": 1000,
		"br;q=0.3, br": 300, "br;q=0, br;q=1": 0, ",,br,": 1000,
	} {
		if got := weight(header, "br"); got != want {
			t.Errorf("%q: %d, want %d", header, got, want)
		}
	}
}

// TestPreferred: what weighs most, and of what weighs alike the first that may be chosen.
//
// Clause: http-coding
func TestPreferred(t *testing.T) {
	names := []string{"br", "gzip"}
	for header, want := range map[string][3]int{ // with both, without the first, with none
		"gzip, br": {0, 1, -1}, "br;q=0.4, gzip;q=0.5": {1, 1, -1}, "gzip": {1, 1, -1}, "br": {0, -1, -1}, "br;q=0, gzip;q=0": {-1, -1, -1}, "": {-1, -1, -1},
	} {
		for i, but := range [][]bool{{false, false}, {true, false}, {true, true}} {
			if got := preferred(header, names, but); got != want[i] {
				t.Errorf("%q without %v: %d, want %d", header, but, got, want[i])
			}
		}
	}
}

func FuzzWeight(f *testing.F) {
	f.Add("gzip;q=0.5, br;q=1.0, *;q=0", "br")
	f.Add(";;q=,", "")
	f.Fuzz(func(t *testing.T, header, name string) {
		w := weight(header, name)
		if w < 0 || w > full || accepts(header, name) != (w > 0) || w > 0 && !strings.Contains(strings.ToLower(header), strings.ToLower(name)) && isASCII(header+name) {
			t.Fatalf("%q of %q weighs %d", name, header, w)
		}
	})
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}
