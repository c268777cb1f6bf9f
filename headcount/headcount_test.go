package headcount

import (
	"fmt"
	"strconv"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for said, want := range map[string]string{
		"shoal-3f9ac02b7d115e64;12": "shoal-3f9ac02b7d115e64 12 true", "a;0": "a 0 true", "a;10000000": "a 10000000 true",
		"": " 0 false", "a": " 0 false", "a;": " 0 false", ";1": " 0 false", "a;-1": " 0 false", "a;+1": " 0 false", "a;01": " 0 false", "a;1;2": " 0 false",
		"a;10000001": " 0 false", "a;999999999": " 0 false", "A;1": " 0 false", "a b;1": " 0 false", "0123456789012345678901234567890123;1": " 0 false",
	} {
		edge, viewers, ok := Parse(said)
		if got := fmt.Sprint(edge, " ", viewers, " ", ok); got != want {
			t.Errorf("%q is %s, want %s", said, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("shoal-3f9ac02b7d115e64;12")
	f.Fuzz(func(t *testing.T, said string) {
		if edge, viewers, ok := Parse(said); ok && Said(edge, viewers) != said {
			t.Errorf("%q is written %q", said, Said(edge, viewers))
		}
	})
}

func TestMember(t *testing.T) {
	for accept, want := range map[string]bool{Member: true, "*/*": false, "": false, "application/vnd.apple.mpegurl, */*": false} {
		if IsMember([]byte(accept)) != want {
			t.Errorf("%q is %v", accept, !want)
		}
	}
}

// TestSum: what one says last counts, for as long as it holds.
func TestSum(t *testing.T) {
	var s Sum
	at := time.Unix(1_000, 0)
	s.Note("show", "a", 3, at)
	s.Note("show", "b", 4, at)
	s.Note("other", "a", 50, at)
	s.Note("show", "a", 5, at.Add(Holds-1))
	for after, want := range map[time.Duration]int{0: 9, Holds - 1: 9} {
		if got := s.Of("show", at.Add(after)); got != want {
			t.Errorf("after %v there are %d, want %d", after, got, want)
		}
	}
	if got := s.Of("show", at.Add(Holds)); got != 5 { // b has gone
		t.Errorf("one that said nothing more counts: %d", got)
	}
	s.Note("many", "a", most, at)
	s.Note("many", "b", most, at)
	if got := s.Of("many", at); got != most {
		t.Errorf("%d are believed", got)
	}
	if s.Of("show", at.Add(2*Holds)) != 0 || s.Of("nothing", at) != 0 {
		t.Error("who said nothing counts")
	}
}

// TestSumIsBounded: whoever makes up names takes no more memory than there is for it, and room comes back.
func TestSumIsBounded(t *testing.T) {
	var s Sum
	at := time.Unix(1_000, 0)
	for i := range mostSaid + 100 {
		s.Note("show", "e"+strconv.Itoa(i), 1, at)
	}
	if got := s.Of("show", at); got != mostSaid || s.size != mostSaid {
		t.Errorf("%d are kept, of %d", got, s.size)
	}
	s.Note("other", "a", 7, at.Add(Holds))
	if got := s.Of("other", at.Add(Holds)); got != 7 || s.size != 1 || len(s.said) != 1 {
		t.Errorf("%d are counted, %d kept", got, s.size)
	}
}

func ExampleSum() {
	var s Sum
	now := time.Now()
	for _, said := range []string{Said("shoal-a", 12), Said("shoal-b", 30)} {
		if edge, viewers, ok := Parse(said); ok {
			s.Note("show", edge, viewers, now)
		}
	}
	fmt.Println(s.Of("show", now))
	// Output: 42
}
