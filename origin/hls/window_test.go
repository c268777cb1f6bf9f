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

// TestLose: the number of the segment that was open when an earlier process died is listed, as a gap, once there is something to
// play behind it.
//
// Clause: restart, hls-gap
func TestLose(t *testing.T) {
	w := NewWindow(config, 52, nil)
	a := newAuthor(w)
	a.msn, a.disc, a.brk = 52, 3, true
	lost := Segment{MSN: 51, Init: a.init, Break: true, Discontinuity: 2, Date: began.Add(51 * 2 * time.Second), Duration: 2 * time.Second}
	w.Lose(lost)
	a.write(false)
	if v, _ := w.View(); v.Playable() {
		t.Error("playable with a gap and a part")
	}
	a.segments(1)
	now := parse(t, playlist(w))
	if now.MediaSequence != 51 || len(now.Segments) != 2 || !now.Segments[0].Gap || now.Segments[1].Gap {
		t.Fatalf("%+v", now.Segments)
	}
	if now.DiscontinuitySequence != 1 || now.Segments[0].Discontinuity != 2 || now.Segments[1].Discontinuity != 3 {
		t.Errorf("discontinuity %d, and %d after the gap", now.DiscontinuitySequence, now.Segments[1].Discontinuity)
	}
	w.Lose(lost) // of a window that has segments there is nothing to say
	a.segments(1)
	if next := parse(t, playlist(w)); next.MediaSequence != 51 || len(next.Segments) != 3 {
		t.Errorf("%+v", next.Segments)
	}
}
