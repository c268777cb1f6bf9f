package stream

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/hls/strict"
)

// TestLostInEachRendition: the newest two segments of a process that died are listed as gaps in the renditions beside the source too,
// also in one that begins later than the source, as a ladder does: its viewers look for those numbers as well. One that begins much later
// lists nothing of before it.
//
// Clause: restart, hls-gap
func TestLostInEachRendition(t *testing.T) {
	for name, c := range map[string]struct {
		late time.Duration // that the rendition begins
		gaps uint64        // at the beginning of its list
	}{
		"with the source":  {0, 2},
		"a segment later":  {time.Second, 3},
		"two segments":     {3 * time.Second, 4},
		"not to be missed": {(2*keptCuts*2 + 1) * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				s := publish(t, newStreams(t, dir), "demo")
				broadcast(t, s, 0, 4500*time.Millisecond, newEcho(t, s, 1, 0).run)
				lost := listed(t, s.Stream(), 1).Open
				time.Sleep(6 * time.Second)
				again := publish(t, newStreams(t, dir), "demo") // the first one dies without a word
				broadcast(t, again, 0, c.late, func() {})
				broadcast(t, again, c.late, c.late+9*time.Second, newEcho(t, again, 1, 3).run)
				alike(t, again.Stream(), 1)
				source, beside := listed(t, again.Stream(), 0), listed(t, again.Stream(), 1)
				for n, g := range beside.Segments {
					if g.Gap != (uint64(n) < c.gaps) {
						t.Errorf("segment %d is a gap: %v", g.MSN, g.Gap)
					}
				}
				if c.gaps == 0 {
					return
				}
				if beside.MediaSequence != lost.MSN-1 || beside.DiscontinuitySequence != source.DiscontinuitySequence {
					t.Errorf("the list begins with %d, discontinuity %d, and the source's with %d, %d; %d was lost", beside.MediaSequence,
						beside.DiscontinuitySequence, source.MediaSequence, source.DiscontinuitySequence, lost.MSN)
				}
				if len(again.Stream().Renditions()) != 2 {
					t.Error("the rendition is not offered")
				}
			})
		})
	}
}

// listed returns a rendition's playlist as a strict reader sees it.
func listed(t *testing.T, st *Stream, index int) *strict.Playlist {
	t.Helper()
	v, _ := st.Window(index).View()
	plain, _ := v.Playlist()
	p, err := strict.Parse(string(plain))
	if err != nil {
		t.Fatalf("%v\n%s", err, plain)
	}
	return p
}

// TestLostWithTheProcess: of a process that died all media are gone. The next one lists its newest two segments as gaps, under their
// numbers and dates and as long as they were listed, at whatever moment it died: players see a number that they know, and go on behind
// it where what they have ends.
//
// Clause: restart, hls-gap
func TestLostWithTheProcess(t *testing.T) {
	for name, died := range map[string]time.Duration{
		"in the second segment":  3 * time.Second,
		"with a part open":       4500 * time.Millisecond,
		"with three parts open":  5200 * time.Millisecond,
		"as a segment completed": 6010 * time.Millisecond,
		"before its next part":   6300 * time.Millisecond,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				s := publish(t, newStreams(t, dir), "demo")
				send(t, s, 0, died)
				before := listed(t, s.Stream(), 0)
				old := before.Segments
				if before.Open != nil {
					old = append(old, *before.Open)
				}
				old = old[len(old)-2:]
				time.Sleep(7 * time.Second) // as media last, and a moment
				again := publish(t, newStreams(t, dir), "demo")
				send(t, again, time.Hour, time.Hour+3*time.Second)
				now := listed(t, again.Stream(), 0)
				for i, was := range old {
					gap := now.Segments[i]
					long := was.Duration
					if before.Open != nil && was.MSN == before.Open.MSN {
						long = 0
						for _, p := range was.Parts {
							long += p.Duration
						}
					}
					if gap.MSN != was.MSN || !gap.Gap || !gap.Date.Equal(was.Date) || gap.Discontinuity != was.Discontinuity || math.Abs(gap.Duration-long) > 2e-5 {
						t.Errorf("listed was %+v of %v s, and is %+v", was, long, gap)
					}
				}
				if next := now.Segments[2]; next.Gap || next.Discontinuity != old[1].Discontinuity+1 {
					t.Errorf("then comes %+v", next)
				}
			})
		})
	}
}

// TestLostTwice: a process that dies before it has completed a segment leaves players where the one before it left them.
//
// Clause: restart, hls-gap
func TestLostTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := publish(t, newStreams(t, dir), "demo")
		send(t, s, 0, 4500*time.Millisecond)
		open := listed(t, s.Stream(), 0).Open
		time.Sleep(6 * time.Second)
		again := publish(t, newStreams(t, dir), "demo")
		send(t, again, 0, 400*time.Millisecond)
		time.Sleep(6 * time.Second)
		third := publish(t, newStreams(t, dir), "demo")
		send(t, third, 0, 3*time.Second)
		now := listed(t, third.Stream(), 0)
		for i, g := range now.Segments[:3] {
			if g.MSN != open.MSN+uint64(i) || g.Gap != (i < 2) || g.Discontinuity != open.Discontinuity+uint64(i) {
				t.Errorf("%d was open first; then the list of the third is %+v", open.MSN, g)
			}
		}
	})
}

// TestLostOfAnOlderProgram: its state tells less.
//
// Clause: restart, hls-gap
func TestLostOfAnOlderProgram(t *testing.T) {
	st := state{NextMSN: 8, Discontinuity: 3}
	st.Date = time.Unix(1e9, 0)
	lost := st.lost(&Config{SegmentDuration: 2 * time.Second})
	if len(lost) != 1 || lost[0].MSN != 7 || lost[0].Discontinuity != 2 || lost[0].Duration != 2*time.Second {
		t.Errorf("%+v", lost)
	}
}

// TestLostBehindThePast: where media are stored only what is not is a gap, and as long as it was.
//
// Clause: restart, hls-gap
func TestLostBehindThePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := publish(t, newStreams(t, dir), "demo")
		send(t, s, 0, 6500*time.Millisecond)
		was := listed(t, s.Stream(), 0)
		for stored := range 3 {
			all := newStreams(t, dir)
			all.config.Past = func(string, uint32, int) (past Past) {
				for _, g := range was.Segments[:len(was.Segments)-stored] {
					past.Segments = append(past.Segments, &hls.Segment{
						MSN: g.MSN, Init: &hls.Init{}, Date: g.Date, Duration: 2 * time.Second, Place: hls.Place{At: strings.NewReader("...."), Size: 4},
					})
				}
				return past
			}
			all.Get("demo")
			now := listed(t, all.Get("demo"), 0)
			if n := len(was.Segments); len(now.Segments) != n+1 {
				t.Fatalf("%d segments are listed of %d and an open one", len(now.Segments), n)
			}
			for i, g := range now.Segments {
				if g.Gap != (i >= len(was.Segments)-stored) {
					t.Errorf("without %d segments, %d is a gap: %v", stored, g.MSN, g.Gap)
				}
			}
			last := now.Segments[len(was.Segments)]
			if !last.Date.Equal(was.Open.Date) || last.Duration > 0.7 {
				t.Errorf("%+v was open, and is %+v", was.Open, last)
			}
		}
	})
}
