package testclip

import "testing"

func TestUnits(t *testing.T) {
	units := Units()
	if len(units) != 120 {
		t.Fatalf("%d access units", len(units))
	}
	if sps, pps := Parameters(); len(sps) == 0 || len(pps) == 0 {
		t.Fatal("no parameter sets")
	}
}
