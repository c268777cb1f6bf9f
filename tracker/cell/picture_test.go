package cell_test

import (
	"slices"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
)

// TestPictures: who sits where, and who feeds whom, is what the viewers were told.
func TestPictures(t *testing.T) {
	f := grow(t, cell.Config{Size: 4, Roots: 1, Links: 2, Gap: 100}, 10)
	pictures := f.Pictures(100)
	if len(pictures) != f.Cells() || pictures[0].Parent != 0 || pictures[0].Depth != 0 {
		t.Fatalf("%d pictures of %d cells: %+v", len(pictures), f.Cells(), pictures)
	}
	number := func(id wire.ViewerID) uint64 { return uint64(id) } // they joined in that order
	feeds, members := 0, 0
	for i, p := range pictures {
		if i > 0 && (p.Depth < pictures[i-1].Depth || p.Parent == 0) {
			t.Errorf("cell %d of depth %d and parent %d follows one of depth %d", p.Cell, p.Depth, p.Parent, pictures[i-1].Depth)
		}
		for _, m := range p.Members {
			members++
			if r, _ := f.Roster(m.ID); r.Cell != p.Cell || m.Number != number(m.ID) {
				t.Errorf("viewer %d has number %d, and sits in %d, not in %d", m.ID, m.Number, r.Cell, p.Cell)
			}
		}
		for _, b := range p.Bridges {
			feeds++
			if !slices.ContainsFunc(f.told[wire.ViewerID(b.To)], func(told wire.Bridge) bool {
				return told.Role == wire.Feeder && number(told.Member.ID) == b.From
			}) || b.Fed {
				t.Errorf("%+v, and %d was told %+v", b, b.To, f.told[wire.ViewerID(b.To)])
			}
		}
	}
	if members != f.Viewers() || feeds != f.Bridges() || feeds == 0 {
		t.Errorf("%d members of %d, %d feeds of %d", members, f.Viewers(), feeds, f.Bridges())
	}
	b := pictures[1].Bridges[0]
	fed := viewerOf(wire.ViewerID(b.To), wire.MayUpload|wire.Ready|wire.Fed)
	f.Update(fed, cell.Place{})
	if b = f.Pictures(2)[1].Bridges[0]; !b.Fed {
		t.Error("who says that it is fed is not drawn so")
	}
	if n := len(f.Pictures(2)); n != 2 {
		t.Errorf("%d pictures, want 2", n)
	}
}
