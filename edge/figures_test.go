package edge

import (
	"slices"
	"testing"
)

// TestFiguresOf: a tracker's figures are at its own address, without what viewers join with; nobody knows where those of a path are.
func TestFiguresOf(t *testing.T) {
	got := FiguresOf([]string{"wss://a.example/tracker?x=1", "/tracker", "ws://me:secret@[::1]:8082/tracker", "https://b.example/", "%", ""})
	if want := []string{"https://a.example/api/v1/swarm", "http://[::1]:8082/api/v1/swarm"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
