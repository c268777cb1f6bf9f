package scheduler

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// shedIn returns which members of a cell would be shed, at a stream's rate, if all looked at once.
func shedIn(rate int, weights ...uint16) (shed []uint16) {
	for _, s := range cellOf(weights...) {
		s.load.rate = rate
		if s.shedNeeded(85) {
			shed = append(shed, s.entry.Weight)
		}
	}
	return shed
}

func TestWhoIsShed(t *testing.T) {
	for _, c := range []struct {
		rate    int
		weights []uint16
		want    []uint16
	}{
		{100, []uint16{200, 210, 220, 230, 240, 250}, nil},            // plenty
		{100, []uint16{40, 50, 60, 70, 80, 90}, []uint16{70, 80, 90}}, // 390: enough for three
		{100, []uint16{10, 10, 10, 10}, []uint16{10, 10, 10, 10}},     // for nobody
		{1000, []uint16{500}, nil},                                    // alone, one is not of a cell
		{100, []uint16{120, 130}, nil},                                // one of two fetches in any case
	} {
		if got := shedIn(c.rate, c.weights...); len(got) != len(c.want) || len(got) > 0 && got[0] != c.want[0] {
			t.Errorf("rate %d, uplinks %v: %v are shed, want %v", c.rate, c.weights, got, c.want)
		}
	}
}

// TestShedStays: who is shed stays so before others are, though its uplink is the weaker now.
func TestShedStays(t *testing.T) {
	cell := cellOf(40, 50, 60, 70, 80, 90)
	for _, s := range cell {
		s.load.rate = 100
		for i := range s.roster {
			if s.roster[i].Weight == 60 {
				s.roster[i].Flags |= wire.Shed
			}
		}
		if s.entry.Weight == 60 {
			s.entry.Flags |= wire.Shed
		}
	}
	var shed []uint16
	for _, s := range cell {
		if s.shedNeeded(85) {
			shed = append(shed, s.entry.Weight)
		}
	}
	if len(shed) != 3 || shed[0] != 60 || shed[1] != 80 {
		t.Errorf("%v are shed, want 60, 80 and 90", shed)
	}
}
