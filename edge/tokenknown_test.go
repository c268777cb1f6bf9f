package edge

import (
	"fmt"
	"testing"

	"github.com/shoal-live/shoal/token"
)

// TestKnownTokens: however many tokens come, so many bytes of them are kept, and those that are in use.
func TestKnownTokens(t *testing.T) {
	k := newKnownTokens(100 * (4 + knownSize))
	k.add("used", token.Claims{Stream: "demo", Name: "n"})
	for i := range 10_000 {
		k.add(fmt.Sprintf("%04d", i), token.Claims{})
		if c, ok := k.look("used"); !ok || c.Stream != "demo" || c.Name != "" {
			t.Fatalf("after %d others: %+v, %v", i, c, ok)
		}
		if n := k.len(); n > 100 {
			t.Fatalf("%d are kept", n)
		}
	}
	if _, ok := k.look("0000"); ok {
		t.Error("the first of 10,000 is still there")
	}
	if n := k.len(); n < 50 {
		t.Errorf("%d are kept, though there is room", n)
	}
}
