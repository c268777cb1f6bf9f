package stream

import "testing"

func TestUsualRates(t *testing.T) {
	for seen, want := range map[float64]float64{30.6: 30, 31: 30, 29.1: 30, 24.4: 24, 24.6: 25, 25.2: 25, 61: 60, 48: 48, 12.3: 12, 33: 33, 0: 0} {
		if got := usual(seen); got != want {
			t.Errorf("%v a second: %v, want %v", seen, got, want)
		}
	}
}
