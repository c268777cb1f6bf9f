package hls

import (
	"fmt"
	"testing"
)

func TestNames(t *testing.T) {
	for _, s := range []string{"init0.mp4", "s0.m4s", "s12.m4s", "s12.3.m4s", "s18446744073709551615.m4s"} {
		if n, ok := ParseName(s); !ok || n.String() != s {
			t.Errorf("%q: %+v", s, n)
		}
	}
	for _, s := range []string{"", "s.m4s", "s01.m4s", "s1.m4s.m4s", "s1..m4s", "s1.02.m4s", "s-1.m4s", "init.mp4", "init00.mp4",
		"s1.mp4", "S1.m4s", "s1.2.3.m4s", "s1.99999999999.m4s", "../s1.m4s", "s18446744073709551616.m4s"} {
		if n, ok := ParseName(s); ok {
			t.Errorf("%q is a name: %+v", s, n)
		}
	}
}

func FuzzParseName(f *testing.F) {
	f.Add("s12.3.m4s")
	f.Add("init3.mp4")
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := ParseName(s); ok && n.String() != s {
			t.Fatalf("%q reads as %+v, which is written %q", s, n, n)
		}
	})
}

func ExampleParseName() {
	n, ok := ParseName("s12.3.m4s")
	fmt.Println(n.Number, n.Part, ok)
	// Output: 12 3 true
}
