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

// TestLose: the numbers of the segments that an earlier process listed last are listed, as gaps, once there is something to
// play behind them.
//
// Clause: restart, hls-gap
func TestLose(t *testing.T) {
	w := NewWindow(config, 52, nil)
	a := newAuthor(w)
	a.msn, a.disc, a.brk = 52, 3, true
	date := began.Add(50 * 2 * time.Second)
	lost := []*Segment{
		{MSN: 50, Discontinuity: 1, Date: date, Duration: 2 * time.Second},
		{MSN: 51, Break: true, Discontinuity: 2, Date: date.Add(2 * time.Second), Duration: 668 * time.Millisecond},
	}
	w.Lose(lost[:1], a.init) // the next does not follow
	w.Lose(lost, a.init)
	a.write(false)
	if v, _ := w.View(); v.Playable() {
		t.Error("playable with gaps and a part")
	}
	a.segments(1)
	now := parse(t, playlist(w))
	if now.MediaSequence != 50 || len(now.Segments) != 3 || !now.Segments[0].Gap || !now.Segments[1].Gap || now.Segments[2].Gap {
		t.Fatalf("%+v", now.Segments)
	}
	if now.Segments[0].Duration != 2 || now.Segments[1].Duration != 0.668 {
		t.Errorf("the gaps last %v s and %v s", now.Segments[0].Duration, now.Segments[1].Duration)
	}
	if now.DiscontinuitySequence != 1 || now.Segments[1].Discontinuity != 2 || now.Segments[2].Discontinuity != 3 {
		t.Errorf("discontinuity %d, %d and %d after it", now.DiscontinuitySequence, now.Segments[1].Discontinuity, now.Segments[2].Discontinuity)
	}
	w.Lose(lost, a.init) // of a window that has segments there is nothing to say
	a.segments(1)
	if next := parse(t, playlist(w)); next.MediaSequence != 50 || len(next.Segments) != 4 {
		t.Errorf("%+v", next.Segments)
	}
}
