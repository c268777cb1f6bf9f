package cell_test

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
)

// TestSmallerCellsKeepTheirLinks: cells that are too large now are split at once, and all who are together then were before.
func TestSmallerCellsKeepTheirLinks(t *testing.T) {
	f := grow(t, cell.Config{Size: 32}, 64)
	before := map[[2]wire.ViewerID]bool{}
	pairs := func(do func(a, b wire.ViewerID)) {
		for a := wire.ViewerID(1); a <= 64; a++ {
			for b := a + 1; b <= 64; b++ {
				if f.Together(a, b) {
					do(a, b)
				}
			}
		}
	}
	pairs(func(a, b wire.ViewerID) { before[[2]wire.ViewerID{a, b}] = true })
	f.Reshape(8, 24)
	f.flush(1)
	if f.Cells() < 8 || f.Cells() > 16 {
		t.Errorf("%d cells of 64 viewers, want 8 to 16", f.Cells())
	}
	pairs(func(a, b wire.ViewerID) {
		if !before[[2]wire.ViewerID{a, b}] {
			t.Errorf("%d and %d are together, and were not", a, b)
		}
	})
	for id := wire.ViewerID(1); id <= 64; id++ {
		r, _ := f.Roster(id)
		if len(r.Members) > 8 {
			t.Fatalf("a cell of %d", len(r.Members))
		}
		for _, m := range r.Members {
			if m.Flags&wire.Ready == 0 {
				t.Fatalf("%d is not Ready any more, and has lost no link", m.ID)
			}
		}
	}
}

func TestLargerCellsMerge(t *testing.T) {
	f := grow(t, cell.Config{Size: 4}, 24)
	was := f.Cells()
	f.Reshape(24, 24)
	f.flush(1)
	if was < 6 || f.Cells() > 2 {
		t.Errorf("%d cells became %d, want 2 at most", was, f.Cells())
	}
}

// TestRootsAreTakenAndGiven: with fewer roots the others hang below them, the strongest stay; with more they come up again.
func TestRootsAreTakenAndGiven(t *testing.T) {
	f := grow(t, cell.Config{Size: 4}, 48)
	was := f.depths(48)
	f.Reshape(4, 2)
	if rosters := f.flush(1); rosters != 48-2*len(f.rosterOf(48)) {
		t.Errorf("%d rosters were told, want one for each whose depth is another one", rosters)
	}
	if now := f.depths(48); now[0] != 2 || f.Roots() != 2 || f.Cells() != was[0] {
		t.Errorf("cells by depth %v, want 2 roots of %v", now, was)
	}
	if r, _ := f.Roster(48); r.Depth != 0 { // the later have the larger uplinks
		t.Errorf("the cell with most to give has depth %d", r.Depth)
	}
	f.Reshape(4, 24)
	f.flush(2)
	if now := f.depths(48); now != was || f.Bridges() != 0 {
		t.Errorf("cells by depth %v with %d bridges, want %v as at first", now, f.Bridges(), was)
	}
}

func (f *forest) rosterOf(id wire.ViewerID) []wire.Member {
	r, _ := f.Roster(id)
	return r.Members
}

// BenchmarkReshape has 10,000 viewers in cells of 32, then of 16, then of 32.
func BenchmarkReshape(b *testing.B) {
	s := cell.New(cell.Config{Gap: 100})
	for id := range wire.ViewerID(10_000) {
		s.Join(viewerOf(id+1, wire.MayUpload|wire.Ready), cell.Place{Network: uint64(id % 50), Region: uint32(id % 5)})
	}
	s.Flush(0)
	for b.Loop() {
		s.Reshape(16, 24)
		s.Reshape(32, 24)
	}
}

// BenchmarkAllLeave takes 10,000 viewers out of their cells one by one.
func BenchmarkAllLeave(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		s := cell.New(cell.Config{Gap: 100})
		for id := range wire.ViewerID(10_000) {
			s.Join(viewerOf(id+1, wire.MayUpload|wire.Ready), cell.Place{Network: uint64(id % 50), Region: uint32(id % 5)})
		}
		s.Flush(0)
		b.StartTimer()
		for id := range wire.ViewerID(10_000) {
			s.Leave(id + 1)
		}
		s.Flush(1)
	}
}
