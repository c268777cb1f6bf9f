package stream

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/origin/hls/strict"
)

// TestLostInEachRendition: the segment that was open when a process died is listed as a gap in the renditions beside the source too,
// also in one that begins later than the source, as a ladder does: its viewers look for that number as well. One that begins much later
// lists nothing of before it.
//
// Clause: restart, hls-gap
func TestLostInEachRendition(t *testing.T) {
	for name, c := range map[string]struct {
		late time.Duration // that the rendition begins
		gaps uint64        // at the beginning of its list
	}{
		"with the source":  {0, 1},
		"a segment later":  {time.Second, 2},
		"two segments":     {3 * time.Second, 3},
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
				if beside.MediaSequence != lost.MSN || beside.DiscontinuitySequence != source.DiscontinuitySequence {
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
