package cell_test

import (
	"slices"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
)

func TestNewcomersFillTheFullestCell(t *testing.T) {
	s := cell.New(cell.Config{Size: 6})
	join(t, s, 1, 2, 3, 4, 5, 6, 7) // 1 2 3 7 | 4 5 6
	join(t, s, 8)
	if !s.Together(1, 8) {
		t.Error("the newcomer did not go to the fullest cell with room")
	}
	join(t, s, 9, 10, 11, 12)
	if s.Cells() != 2 || s.Viewers() != 12 || s.Moves() != 3 {
		t.Errorf("%d cells of %d viewers after %d moves, want 2 of 12 after 3", s.Cells(), s.Viewers(), s.Moves())
	}
}

func TestNewcomersGoWhereTheyAreNear(t *testing.T) {
	home, abroad := cell.Place{Network: 7, Region: 1, RoundTrip: 10}, cell.Place{Network: 8, Region: 2, RoundTrip: 150}
	for name, c := range map[string]struct {
		m    wire.Member
		at   cell.Place
		with wire.ViewerID
	}{
		"network":            {wire.Member{}, home, 1},
		"the other network":  {wire.Member{}, abroad, 2},
		"region":             {wire.Member{}, cell.Place{Region: 2}, 2},
		"round trip":         {wire.Member{}, cell.Place{RoundTrip: 160}, 2},
		"rendition":          {wire.Member{Rendition: 1}, cell.Place{}, 2},
		"rendition, network": {wire.Member{Rendition: 1}, home, 2},
	} {
		s := cell.New(cell.Config{Size: 12})
		for i := range wire.ViewerID(13) { // one more than a cell holds: it is split by nearness
			at, m := home, wire.Member{ID: i + 1}
			if i%2 == 1 {
				at, m.Rendition = abroad, c.m.Rendition
			}
			s.Join(m, at)
		}
		if s.Cells() != 2 || s.Together(1, 2) || !s.Together(1, 3) || !s.Together(2, 4) {
			t.Fatalf("%s: the cell was not split by nearness", name)
		}
		c.m.ID = 100
		s.Join(c.m, c.at)
		if !s.Together(100, c.with) {
			t.Errorf("%s: the newcomer did not go to %d", name, c.with)
		}
	}
}

// TestAFullCellMakesRoomForItsOwn: a cell of strangers that has room is no reason not to split a full one that is near.
func TestAFullCellMakesRoomForItsOwn(t *testing.T) {
	s := cell.New(cell.Config{Size: 6})
	home := cell.Place{Network: 7, Region: 1}
	for id := range wire.ViewerID(6) {
		s.Join(wire.Member{ID: id + 1}, home)
	}
	for id := range wire.ViewerID(5) { // the first two split the cell
		s.Join(wire.Member{ID: id + 11, Rendition: 1}, cell.Place{})
	}
	for id := range wire.ViewerID(6) {
		s.Join(wire.Member{ID: id + 21}, home)
	}
	for id := range wire.ViewerID(6) {
		r, _ := s.Roster(id + 21)
		for _, m := range r.Members {
			if m.Rendition != 0 && len(r.Members) > 3 {
				t.Errorf("%d, who is near others, is with strangers: %+v", id+21, r.Members)
				break
			}
		}
	}
}

// TestWhoIsSplitOffStaysReady: its links are those it had.
func TestWhoIsSplitOffStaysReady(t *testing.T) {
	s := cell.New(cell.Config{Size: 6})
	for id := range wire.ViewerID(7) {
		s.Join(wire.Member{ID: id + 1, Flags: wire.MayUpload | wire.Ready | wire.Fed}, cell.Place{})
	}
	for _, id := range []wire.ViewerID{1, 4} {
		r, _ := s.Roster(id)
		for _, m := range r.Members {
			if m.Flags&wire.Ready == 0 || m.Flags&wire.Fed != 0 != (id == 1) {
				t.Errorf("in the cell of %d, %d has flags %b", id, m.ID, m.Flags)
			}
		}
	}
}

// TestMovedMembersAreNotReady: whoever is merged must link to its new cell before it may own chunks there.
func TestMovedMembersAreNotReady(t *testing.T) {
	s := cell.New(cell.Config{Size: 6})
	for id := range wire.ViewerID(8) { // 1 2 3 7 8 | 4 5 6
		s.Join(wire.Member{ID: id + 1, Flags: wire.MayUpload | wire.Ready, Weight: 100}, cell.Place{})
	}
	s.Flush(0)
	for _, id := range []wire.ViewerID{1, 2, 4, 5} { // the last one leaves no more than two thirds
		s.Leave(id)
	}
	if s.Cells() != 1 {
		t.Fatal("not merged")
	}
	moved := 0
	check := func(where string, members []wire.Member) {
		for _, m := range members {
			ready := m.Flags&wire.Ready != 0
			if stayed := m.ID != 6; ready != stayed || m.Flags&wire.MayUpload == 0 {
				t.Errorf("%s: viewer %d has flags %b, stayed %v", where, m.ID, m.Flags, stayed)
			}
			if !ready {
				moved++
			}
		}
	}
	for _, n := range s.Flush(0) {
		if n.Roster != nil {
			check("roster", n.Roster.Members)
		} else {
			check("delta", n.Delta.Set)
		}
	}
	if moved != 2 {
		t.Errorf("that one moved was told %d times, want twice", moved)
	}
	if !s.Update(wire.Member{ID: 6, Flags: wire.MayUpload | wire.Ready, Weight: 100}, cell.Place{}) {
		t.Error("that a moved member is linked is no news")
	}
}

func TestSmallCellsMerge(t *testing.T) {
	s := cell.New(cell.Config{Size: 6})
	join(t, s, 1, 2, 3, 4, 5, 6, 7) // 1 2 3 7 | 4 5 6
	s.Leave(4)
	s.Flush(0)
	if s.Cells() != 2 {
		t.Fatal("merged while the two held more than two thirds of the size")
	}
	s.Leave(1)
	s.Leave(2)
	if !s.Together(3, 5) || s.Cells() != 1 {
		t.Fatal("not merged")
	}
	notices := s.Flush(0)
	if len(notices) != 2 || notices[0].Delta == nil || notices[1].Roster == nil {
		t.Fatalf("notices %+v, want a Delta to those who stayed and a Roster to those who moved", notices)
	}
	if got := notices[1].To; !slices.Equal(got, []wire.ViewerID{5, 6}) {
		t.Errorf("roster to %v, want those that moved", got)
	}
	if d := notices[0].Delta; len(d.Left) != 2 || len(d.Set) != 2 {
		t.Errorf("delta %+v, want 2 left and 2 set", d)
	}
}

func TestNobodyIsLeftAlone(t *testing.T) {
	s := cell.New(cell.Config{Size: 6})
	join(t, s, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12) // 1 2 3 7 8 9 | 4 5 6 10 11 12
	for _, id := range []wire.ViewerID{1, 2, 3, 7, 8} {
		s.Leave(id)
	}
	if r, _ := s.Roster(9); len(r.Members) < 3 {
		t.Errorf("9 is left with %d, want half of the other cell, which was full", len(r.Members))
	}
}

func TestRefusesZeroAndTwice(t *testing.T) {
	s := cell.New(cell.Config{})
	if err := s.Join(wire.Member{}, cell.Place{}); err != cell.ErrZero {
		t.Errorf("zero ID: %v", err)
	}
	join(t, s, 1)
	if err := s.Join(wire.Member{ID: 1}, cell.Place{}); err != cell.ErrTwice {
		t.Errorf("second join: %v", err)
	}
	if s.Leave(2) || s.Update(wire.Member{ID: 2}, cell.Place{}) || s.Update(wire.Member{ID: 1}, cell.Place{}) ||
		s.Together(1, 1) || s.Together(1, 2) {
		t.Error("a stranger left, changed or stood together with a member")
	}
	s.Resend(2)
	s.Introduce(2)
	if _, ok := s.Roster(2); ok {
		t.Error("a stranger has a roster")
	}
}

func TestIntroduceDoesNotWaitForTheGap(t *testing.T) {
	s := cell.New(cell.Config{Gap: 100})
	join(t, s, 1)
	s.Flush(0)
	join(t, s, 2)
	if n := s.Flush(1); len(n) != 1 || n[0].Roster == nil {
		t.Fatalf("notices %+v, want the newcomer's roster alone", n)
	}
	s.Introduce(2)
	if n := s.Flush(2); len(n) != 1 || n[0].Delta == nil || len(n[0].Delta.Set) != 1 {
		t.Fatalf("notices %+v, want the Delta that names the newcomer", n)
	}
	s.Update(wire.Member{ID: 2, Flags: wire.Ready, Weight: 1}, cell.Place{})
	s.Introduce(2) // known already: the change waits
	if n := s.Flush(3); n != nil {
		t.Fatalf("notices %+v before the gap is over", n)
	}
	if at, waiting := s.Due(); at != 102 || !waiting {
		t.Errorf("due at %d, %v; want 102", at, waiting)
	}
}

func TestWhoWasNeverNamedLeavesUnnamed(t *testing.T) {
	s := cell.New(cell.Config{})
	join(t, s, 1)
	s.Flush(0)
	join(t, s, 2)
	s.Leave(2)
	if n := s.Flush(0); n != nil {
		t.Errorf("notices %+v about a viewer nobody heard of", n)
	}
}

func TestManyLeaversMakeARoster(t *testing.T) {
	s := cell.New(cell.Config{Size: wire.MaxMembers, Gap: 1000})
	join(t, s, 1)
	s.Flush(0)
	for id := wire.ViewerID(2); id < 100; id++ {
		join(t, s, id)
		s.Flush(1) // the newcomer is told, so it must be told that others left
		s.Leave(id)
	}
	n := s.Flush(1000)
	if len(n) != 1 || n[0].Roster == nil || len(n[0].Roster.Members) != 1 || n[0].Roster.Version != 2 {
		t.Errorf("notices %+v, want a roster in place of a Delta over its bounds", n)
	}
}

func join(t testing.TB, s *cell.Swarm, ids ...wire.ViewerID) {
	t.Helper()
	for _, id := range ids {
		if err := s.Join(wire.Member{ID: id}, cell.Place{}); err != nil {
			t.Fatal(err)
		}
	}
}
