package viewer

import (
	"fmt"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// listed returns a playlist of parts with the given URLs, from part 4 of segment 11 on, six parts a segment.
func listed(hint string, urls ...string) *media {
	m := &media{msn: 11, next: 4, hint: hint}
	for _, u := range urls {
		m.parts = append(m.parts, part{url: u, record: wire.Record{ID: wire.ChunkID{Epoch: 7, MSN: m.msn, Part: uint16(m.next)}}})
		if m.next++; m.next == 6 {
			m.msn, m.next = m.msn+1, 0
		}
	}
	return m
}

func TestPattern(t *testing.T) {
	for _, tc := range []struct {
		name, hint string
		urls       []string
		want       string // of part 3 of segment 12
	}{
		{"ours", "http://h/v0/7/s12.0.m4s", []string{"http://h/v0/7/s11.4.m4s", "http://h/v0/7/s11.5.m4s"}, "http://h/v0/7/s12.3.m4s"},
		{"no hint", "", []string{"http://h/s11.4.m4s", "http://h/s11.5.m4s", "http://h/s12.0.m4s"}, "http://h/s12.3.m4s"},
		{"hint alone beside", "http://h/s11.5.m4s", []string{"http://h/s11.4.m4s"}, "http://h/s12.3.m4s"},
		{"with a query", "http://h/s11.5.m4s?t=4", []string{"http://h/s11.4.m4s?t=4"}, "http://h/s12.3.m4s?t=4"},
		{"numbers twice", "http://h/11.4.12.0", []string{"http://h/11.4.11.4", "http://h/11.4.11.5"}, "http://h/11.4.12.3"},
		{"numbers that may be either", "http://h/11.4.11.5", []string{"http://h/11.4.11.4"}, ""},
		{"no numbers", "http://h/last", []string{"http://h/first"}, ""},
		{"one alone", "", []string{"http://h/s11.4.m4s"}, ""},
		{"another hint", "http://h/p11.5.m4s", []string{"http://h/s11.4.m4s"}, ""},
		{"leading zeros", "http://h/s11.05.m4s", []string{"http://h/s11.04.m4s"}, ""},
		{"run together", "http://h/s115.m4s", []string{"http://h/s114.m4s"}, ""},
		{"folders of segments", "http://h/11/5.m4s", []string{"http://h/11/4.m4s"}, ""},
		{"nothing", "http://h/s11.4.m4s", nil, ""},
	} {
		p, ok := patternOf(listed(tc.hint, tc.urls...))
		if got := p.url(wire.ChunkID{Epoch: 7, MSN: 12, Part: 3}); got != tc.want || ok != (tc.want != "") {
			t.Errorf("%s: %q, %v; want %q", tc.name, got, ok, tc.want)
		}
	}
}

// TestPatternOfNewEpoch: the epoch stands in our URLs; those of the epoch before do not disturb.
func TestPatternOfNewEpoch(t *testing.T) {
	m := listed("http://h/8/s12.2.m4s", "http://h/7/s11.4.m4s", "http://h/7/s11.5.m4s", "http://h/8/s12.0.m4s", "http://h/8/s12.1.m4s")
	m.parts[2].record.ID.Epoch, m.parts[3].record.ID.Epoch = 8, 8
	p, ok := patternOf(m)
	if got := p.url(wire.ChunkID{Epoch: 8, MSN: 13}); !ok || got != "http://h/8/s13.0.m4s" {
		t.Errorf("%q", got)
	}
}

func FuzzPattern(f *testing.F) {
	f.Add("http://h/s11.4.m4s", "http://h/s11.5.m4s", "http://h/s12.0.m4s")
	f.Add("11?", "", "/")
	f.Fuzz(func(t *testing.T, a, b, hint string) {
		m := listed(hint, a, b)
		p, ok := patternOf(m)
		if ok && (p.url(m.parts[0].record.ID) != a || p.url(m.parts[1].record.ID) != b) {
			t.Fatal(fmt.Sprint(p, " does not give what it was read off"))
		}
	})
}
