package scheduler

import "testing"

// TestEdgeMargin: who has seen the edge answer a few times only asks it sooner, as quick answers tell little of slow ones; who has seen one that
// strayed far does too, for a while.
func TestEdgeMargin(t *testing.T) {
	var e edgeBelief
	for i := range edgeNew {
		if got, want := e.margin(), e.took+4*e.strays+2*edgeLeast; got != want {
			t.Errorf("after %d answers %v, want %v", i, got, want)
		}
		e.saw(10 * Millisecond)
	}
	known := e.margin()
	if want := e.took + 4*e.strays + edgeLeast; known != want {
		t.Errorf("known: %v, want %v", known, want)
	}
	e.saw(200 * Millisecond)
	if got := e.margin(); got < known+200*Millisecond {
		t.Errorf("after an answer that took long %v, before %v", got, known)
	}
}
