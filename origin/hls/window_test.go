package hls

import (
	"testing"
	"time"
)

// TestListFrom: what is below a number is listed no more and does not count any more, also where the number is one to come.
func TestListFrom(t *testing.T) {
	w := NewWindow(config, 0, nil)
	a := newAuthor(w)
	a.segments(4)
	w.ListFrom(6)
	a.segments(1) // 4, which is below
	a.msn = 6     // as many are left out as could be lost
	a.discontinuity(true)
	a.disc += 7
	a.segments(3)
	v, _ := w.View()
	var length time.Duration
	for _, s := range v.Segments {
		length += s.Duration
	}
	if len(v.Segments) != 3 || v.Segments[0].MSN != 6 || w.length != length {
		t.Errorf("%d segments, %v long, that count %v", len(v.Segments), length, w.length)
	}
	if s := v.Segments[0]; s.splits != 1 {
		t.Errorf("%d discontinuities are listed before the first segment, and nothing stands before them", s.splits)
	}
}
