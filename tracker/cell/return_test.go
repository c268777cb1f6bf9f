package cell_test

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
)

func TestWhoComesAgainComesBack(t *testing.T) {
	s := cell.New(cell.Config{Size: 8})
	enter := func(id wire.ViewerID, origin uint64) {
		t.Helper()
		if err := s.Join(wire.Member{ID: id}, cell.Place{Origin: origin}); err != nil {
			t.Fatal(err)
		}
	}
	for id := range wire.ViewerID(12) { // a full cell is split: 1 2 3 4 9 10 11 12 and 5 6 7 8
		enter(id+1, uint64(id+1))
	}
	if s.Cells() != 2 || !s.SameCell(1, 12) || s.SameCell(1, 5) {
		t.Fatal("the cells are not what this test is about")
	}
	s.Leave(11)
	s.Leave(12)
	for _, c := range []struct {
		name   string
		id     wire.ViewerID
		origin uint64
		with   wire.ViewerID
	}{
		{"of the cell with more room", 21, 6, 5},
		{"and another of the same house is too many there: the fuller", 22, 6, 1},
		{"of the fuller", 20, 12, 1},
		{"the fuller cell is full", 23, 1, 5},
		{"nobody knows it", 24, 0, 5},
	} {
		enter(c.id, c.origin)
		if !s.SameCell(c.id, c.with) {
			t.Errorf("%s: not with %d", c.name, c.with)
		}
	}
	if s.Came(21) >= s.Came(24) || s.Came(99) != 0 || s.Entries() != 17 {
		t.Errorf("entries %d and %d of %d", s.Came(21), s.Came(24), s.Entries())
	}
	for id := range wire.ViewerID(30) {
		s.Leave(id)
	}
	if s.Viewers() != 0 {
		t.Fatal("somebody is left")
	}
	enter(50, 6) // where it was is no more
	if s.Cells() != 1 {
		t.Error("a cell came back")
	}
}
