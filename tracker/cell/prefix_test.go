package cell_test

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
)

// TestPrefixesInChurn: members of a few prefixes, one of them most viewers', come and go, and no cell ever has too many of one.
func TestPrefixesInChurn(t *testing.T) {
	for _, size := range []int{2, 3, 4, 8, 32} {
		s := cell.New(cell.Config{Size: size})
		state := uint64(size)
		pick := func(n int) int {
			state = wire.Mix(state)
			return int(state % uint64(n))
		}
		here := []wire.ViewerID{}
		for step := range 1000 {
			growing := step/250%2 == 0
			if len(here) == 0 || pick(10) < 6 == growing {
				m, at := audience(step)
				if at.Prefix = uint64(1 + pick(8)); pick(2) == 0 {
					at.Prefix = 1
				}
				if s.Join(m, at) == nil {
					here = append(here, m.ID)
				}
			} else {
				i := pick(len(here))
				s.Leave(here[i])
				here[i] = here[len(here)-1]
				here = here[:len(here)-1]
			}
			s.Flush(int64(step))
			if err := s.Check(false); err != nil {
				t.Fatalf("size %d, step %d: %v", size, step, err)
			}
		}
		for _, id := range here {
			s.Leave(id)
		}
		s.Flush(5000)
		if s.Held() != 0 {
			t.Errorf("size %d: %d things are held after all have left", size, s.Held())
		}
	}
}

// TestPrefixesFollowTheSize: when the size changes, so does the half of it that one prefix may have, for those who are here and who come.
func TestPrefixesFollowTheSize(t *testing.T) {
	for _, given := range []int{0, 3} {
		s := cell.New(cell.Config{PerPrefix: given})
		prefixes := map[wire.ViewerID]uint64{}
		for step, size := range []int{32, 8, 5, 2, 3, 16, 64, 4} {
			s.Reshape(size, 24)
			if err := s.CheckLevel(); err != nil {
				t.Fatalf("size %d: %v", size, err)
			}
			check := func() {
				t.Helper()
				s.Flush(int64(step))
				if err := s.Check(false); err != nil {
					t.Fatalf("size %d: %v", size, err)
				}
				most := given
				if most == 0 {
					most = max(2, size/2)
				}
				for id := range prefixes {
					r, _ := s.Roster(id)
					count := map[uint64]int{}
					for _, m := range r.Members {
						count[prefixes[m.ID]]++
					}
					for p, n := range count {
						if n > most && most < size {
							t.Fatalf("size %d: a cell of %d has %d of prefix %d, may have %d", size, len(r.Members), n, p, most)
						}
					}
				}
			}
			check()
			for range 200 {
				m, at := audience(len(prefixes))
				if at.Prefix = uint64(1 + len(prefixes)%7); len(prefixes)%2 == 0 {
					at.Prefix = 1
				}
				if err := s.Join(m, at); err != nil {
					t.Fatal(err)
				}
				prefixes[m.ID] = at.Prefix
			}
			check()
		}
	}
}

// TestPrefixesThatAreLearned: who was restored without a prefix, as viewers of other trackers are, counts by it once it is known.
func TestPrefixesThatAreLearned(t *testing.T) {
	s := cell.New(cell.Config{Size: 8})
	r := wire.Roster{Cell: 1}
	for id := range wire.ViewerID(8) {
		r.Members = append(r.Members, wire.Member{ID: id + 1})
	}
	s.Restore(r, func(wire.ViewerID) cell.Place { return cell.Place{} })
	for i, m := range r.Members {
		s.Update(m, cell.Place{Prefix: 7})
		if err := s.Check(false); err != nil {
			t.Fatalf("once the prefixes of %d are known: %v", i+1, err)
		}
	}
	if s.Cells() != 2 {
		t.Errorf("%d cells of eight viewers of one prefix, of which a cell takes four", s.Cells())
	}
	s.Update(r.Members[0], cell.Place{Prefix: 8})
	if err := s.Join(wire.Member{ID: 9}, cell.Place{Prefix: 7}); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(false); err != nil || s.Cells() != 3 {
		t.Errorf("a prefix that is known changed: %d cells, %v", s.Cells(), err)
	}
}

// TestSybils: whoever brings nine viewers of ten from one prefix is at most half of any cell.
func TestSybils(t *testing.T) {
	s := cell.New(cell.Config{})
	honest := map[wire.ViewerID]bool{}
	for i := range 2000 {
		m, at := audience(i)
		if at.Prefix = 7; i%10 == 0 {
			at.Prefix = uint64(100 + i)
			honest[m.ID] = true
		}
		s.Join(m, at)
	}
	if err := s.Check(false); err != nil {
		t.Fatal(err)
	}
	alone := 0
	for id := range honest {
		r, _ := s.Roster(id)
		strangers := 0
		for _, m := range r.Members {
			if !honest[m.ID] {
				strangers++
			}
		}
		if strangers > 16 {
			t.Errorf("viewer %d sits with %d Sybils", id, strangers)
		}
		if strangers == len(r.Members)-1 {
			alone++
		}
	}
	t.Logf("%d of %d honest viewers sit with Sybils alone, at most 16 of them; %d cells of 2000", alone, len(honest), s.Cells())
}

// TestOnePrefix: a stadium behind one address gets cells of at least half of what a cell takes, and is not moved to and fro.
func TestOnePrefix(t *testing.T) {
	s := cell.New(cell.Config{})
	const viewers = 5000
	ids := []wire.ViewerID{}
	for i := range viewers {
		m, _ := audience(i)
		m.Rendition = 0
		if s.Join(m, cell.Place{Network: 1, Prefix: 1}) == nil {
			ids = append(ids, m.ID)
		}
	}
	if n := s.Cells(); n > viewers/8 {
		t.Errorf("%d cells of %d viewers", n, viewers)
	}
	cells, moves := s.Cells(), s.Moves()
	for i := range 2000 { // one leaves, another comes
		s.Leave(ids[i])
		s.Join(wire.Member{ID: wire.ViewerID(1 + i)}, cell.Place{Network: 1, Prefix: 1})
	}
	if err := s.Check(false); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d cells, then %d after 4000 changes with %d moves", cells, s.Cells(), s.Moves()-moves)
	if s.Moves()-moves > 8000 || s.Cells() > viewers/8 {
		t.Errorf("%d moves in 4000 changes, %d cells", s.Moves()-moves, s.Cells())
	}
}

// TestManyPrefixes: an audience of many networks gets the cells that it would get without a cap.
func TestManyPrefixes(t *testing.T) {
	var cells [2]int
	for i := range cells {
		s := cell.New(cell.Config{})
		for k := range 5000 {
			m, at := audience(k)
			if i == 1 {
				at.Prefix = 1 + wire.Mix(uint64(k))%1500
			}
			s.Join(m, at)
		}
		cells[i] = s.Cells()
	}
	if cells[0] != cells[1] {
		t.Errorf("%d cells without prefixes, %d with", cells[0], cells[1])
	}
}

// TestNobodyIsMovedForNothing: viewers of one prefix in cells that are small, and take no more of them, stay where they are.
func TestNobodyIsMovedForNothing(t *testing.T) {
	s := cell.New(cell.Config{Size: 8, PerPrefix: 2})
	for id := range wire.ViewerID(4) {
		s.Join(wire.Member{ID: id + 1}, cell.Place{Prefix: 1})
	}
	s.Reshape(9, 24)
	if s.Cells() != 2 || s.Moves() != 0 {
		t.Errorf("%d moves, and %d cells", s.Moves(), s.Cells())
	}
}

// TestOthersThanTheSmallest: the cell that is looked at first fits no other, and those two fit each other.
func TestOthersThanTheSmallest(t *testing.T) {
	s := cell.New(cell.Config{Size: 3, PerPrefix: 2})
	prefixes := []uint64{1, 1, 6, 1, 2, 3, 1, 4, 5}
	for i := 0; i < len(prefixes); i += 3 {
		r := wire.Roster{Cell: uint32(1 + i)}
		for k := range 3 {
			r.Members = append(r.Members, wire.Member{ID: wire.ViewerID(1 + i + k)})
		}
		s.Restore(r, func(id wire.ViewerID) cell.Place { return cell.Place{Prefix: prefixes[id-1]} })
	}
	if s.Reshape(12, 24); s.Cells() != 2 {
		t.Errorf("%d cells, want 2", s.Cells())
	}
}
