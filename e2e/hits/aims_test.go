//go:build linux

package main

import (
	"strings"
	"testing"
)

// TestMissed: only what was measured is judged, each by its own aim.
func TestMissed(t *testing.T) {
	good := report{
		Cases: []hitCase{{Name: "250 kB", OfNginx: 1.7, OfVarnish: 0.95}, {Name: "1 MB", OfNginx: 0.5, OfVarnish: 0.9}, {Name: "playlist 2 kB TLS", OfNginx: 0.9}},
		Herd:  &herd{Viewers: 1000, Fills: 1, P99Millis: 160}, Drip: &herd{Viewers: 50, Fills: 3, P99Millis: 900},
		Release: &release{Held: 10000, OriginRequests: 1, P99Millis: 250, BytesEach: 30000},
	}
	if lines := good.missed(); len(lines) > 0 {
		t.Errorf("all is as asked: %q", lines)
	}
	bad := report{
		Cases: []hitCase{{Name: "83 kB", OfNginx: 1.69, OfVarnish: 0.94}, {Name: "250 kB"}},
		Herd:  &herd{Viewers: 1000, Fills: 2, P99Millis: 20}, Drip: &herd{Viewers: 1000, Fills: 1, P99Millis: 81},
		Release: &release{Held: 10000, OriginRequests: 1, P99Millis: 100, BytesEach: 30001},
	}
	lines := bad.missed()
	for i, want := range []string{"83 kB: 1.69 times nginx", "83 kB: 0.94 times Varnish", "cold: 2 fills", "dripped: 1 fills, 81 ms", "30001 bytes each"} {
		if i >= len(lines) || !strings.Contains(lines[i], want) {
			t.Errorf("line %d of %q has no %q", i, lines, want)
		}
	}
	if len(lines) != 5 {
		t.Errorf("%q", lines)
	}
}
