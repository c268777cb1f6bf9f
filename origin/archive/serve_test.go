package archive

import (
	"slices"
	"testing"
)

// TestAll lists the recordings of all streams, the newest first, as those of each stream say them.
//
// Clause: recording
func TestAll(t *testing.T) {
	a := newArchive(t, Config{Dir: t.TempDir(), Keep: true})
	if list := a.All(10); list == nil || len(list) != 0 {
		t.Errorf("of nothing: %+v", list)
	}
	for i, name := range []string{"late", "early"} {
		b := newBroadcast(12)
		b.began = b.began.AddDate(0, 0, -i)
		source := b.source()
		source.Stream = name
		stop := record(a, source)
		b.play(60)
		b.leave(0)
		stop()
	}
	list := a.All(10)
	names := []string{}
	for _, r := range list {
		names = append(names, r.Stream+" "+r.ID)
		if own := a.Recordings(r.Stream); len(own) != 1 || own[0].ID != r.ID || own[0].Bytes != r.Bytes || r.Bytes == 0 {
			t.Errorf("%+v, and of the stream alone %+v", r, own)
		}
	}
	if want := []string{"late 20260501T200000Z", "early 20260430T200000Z"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	if list := a.All(1); len(list) != 1 || list[0].Stream != "late" {
		t.Errorf("one of them: %+v", list)
	}
}
