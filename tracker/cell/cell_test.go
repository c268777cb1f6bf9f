package cell_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
	"pgregory.net/rapid"
)

func Example() {
	swarm := cell.New(0, 100) // cells of 24, at most one Delta per cell in 100 ms
	tell := func(now int64) {
		for _, n := range swarm.Flush(now) {
			switch {
			case n.Roster != nil:
				fmt.Printf("%d ms: to %v: cell %d version %d has %d members\n", now, n.To, n.Roster.Cell, n.Roster.Version, len(n.Roster.Members))
			case n.Delta != nil:
				fmt.Printf("%d ms: to %v: version %d sets %d, left %v\n", now, n.To, n.Delta.Version, len(n.Delta.Set), n.Delta.Left)
			}
		}
	}
	swarm.Join(wire.Member{ID: 1, Flags: wire.MayUpload, Weight: 200})
	tell(0)
	swarm.Join(wire.Member{ID: 2})
	swarm.Join(wire.Member{ID: 3})
	tell(10) // newcomers are told at once, the others when the gap is over
	swarm.Leave(2)
	tell(100)
	// Output:
	// 0 ms: to [1]: cell 1 version 1 has 1 members
	// 10 ms: to [2 3]: cell 1 version 1 has 3 members
	// 100 ms: to [1 3]: version 2 sets 1, left [2]
}

func TestNewcomersFillTheFullestCell(t *testing.T) {
	s := cell.New(4, 0)
	join(t, s, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	s.Leave(2) // cells of 3, 4 and 1
	join(t, s, 10)
	if !s.Together(1, 10) {
		t.Error("the newcomer did not go to the fullest cell with room")
	}
	if s.Cells() != 3 || s.Viewers() != 9 {
		t.Errorf("%d cells of %d viewers, want 3 of 9", s.Cells(), s.Viewers())
	}
}

// TestMovedMembersAreNotReady: whoever moves must link to its new cell before it may own chunks there.
func TestMovedMembersAreNotReady(t *testing.T) {
	s := cell.New(6, 0)
	join(t, s, 1, 2, 3, 4, 5, 6, 7, 8)
	for id := range wire.ViewerID(8) {
		s.Update(id+1, wire.MayUpload|wire.Ready, 100)
	}
	s.Flush(0)
	for id := range wire.ViewerID(4) {
		s.Leave(id + 1)
	}
	if s.Cells() != 1 {
		t.Fatal("not merged")
	}
	moved := 0
	check := func(where string, members []wire.Member) {
		for _, m := range members {
			ready := m.Flags&wire.Ready != 0
			if stayed := m.ID <= 6; ready != stayed || m.Flags&wire.MayUpload == 0 {
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
	if moved != 4 {
		t.Errorf("those who moved were told of %d times, want twice each", moved)
	}
	if !s.Update(7, wire.MayUpload|wire.Ready, 100) {
		t.Error("that a moved member is linked is no news")
	}
}

func TestSmallCellsMerge(t *testing.T) {
	s := cell.New(6, 0)
	join(t, s, 1, 2, 3, 4, 5, 6, 7)
	s.Flush(0)
	s.Leave(1)
	s.Leave(2)
	s.Flush(0)
	if s.Together(4, 7) || s.Cells() != 2 {
		t.Fatal("merged while the two held more than two thirds of the size")
	}
	s.Leave(7)
	join(t, s, 8, 9, 10) // 3 4 5 6 8 9 | 10
	s.Flush(0)
	s.Leave(3)
	s.Leave(4)
	s.Leave(5)
	if !s.Together(8, 10) || s.Cells() != 1 {
		t.Fatal("not merged")
	}
	notices := s.Flush(0)
	if len(notices) != 2 || notices[0].Delta == nil || notices[1].Roster == nil {
		t.Fatalf("notices %+v, want a Delta to those who stayed and a Roster to those who moved", notices)
	}
	if got := notices[1].To; !slices.Equal(got, []wire.ViewerID{10}) {
		t.Errorf("roster to %v, want the one that moved", got)
	}
	if d := notices[0].Delta; len(d.Left) != 3 || len(d.Set) != 1 {
		t.Errorf("delta %+v, want 3 left and 1 set", d)
	}
}

func TestRefusesZeroAndTwice(t *testing.T) {
	s := cell.New(0, 0)
	if err := s.Join(wire.Member{}); err != cell.ErrZero {
		t.Errorf("zero ID: %v", err)
	}
	join(t, s, 1)
	if err := s.Join(wire.Member{ID: 1}); err != cell.ErrTwice {
		t.Errorf("second join: %v", err)
	}
	if s.Leave(2) || s.Update(2, 0, 0) || s.Update(1, 0, 0) || s.Together(1, 1) || s.Together(1, 2) {
		t.Error("a stranger left, changed or stood together with a member")
	}
	s.Resend(2)
	s.Introduce(2)
	if _, ok := s.Roster(2); ok {
		t.Error("a stranger has a roster")
	}
}

func TestIntroduceDoesNotWaitForTheGap(t *testing.T) {
	s := cell.New(0, 100)
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
	s.Update(2, wire.Ready, 1)
	s.Introduce(2) // known already: the change waits
	if n := s.Flush(3); n != nil {
		t.Fatalf("notices %+v before the gap is over", n)
	}
	if at, waiting := s.Due(); at != 102 || !waiting {
		t.Errorf("due at %d, %v; want 102", at, waiting)
	}
}

func TestWhoWasNeverNamedLeavesUnnamed(t *testing.T) {
	s := cell.New(0, 0)
	join(t, s, 1)
	s.Flush(0)
	join(t, s, 2)
	s.Leave(2)
	if n := s.Flush(0); n != nil {
		t.Errorf("notices %+v about a viewer nobody heard of", n)
	}
}

func TestManyLeaversMakeARoster(t *testing.T) {
	s := cell.New(wire.MaxMembers, 1000)
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
		if err := s.Join(wire.Member{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
}

// view is what one viewer made of the notices it got.
type view struct {
	cell, version uint32
	members       map[wire.ViewerID]wire.Member
}

// TestEveryViewHoldsTheRoster drives a swarm at random and applies every notice as a viewer would.
func TestEveryViewHoldsTheRoster(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(2, 12).Draw(t, "size")
		gap := rapid.Int64Range(0, 5).Draw(t, "gap")
		s, again := cell.New(size, gap), cell.New(size, gap)
		truth := map[wire.ViewerID]wire.Member{}
		views := map[wire.ViewerID]*view{}
		lastDelta := map[uint32]int64{}
		introduced := false
		now := int64(0)
		member := func() wire.ViewerID { return wire.ViewerID(rapid.Uint64Range(1, 40).Draw(t, "id")) }
		flush := func(t *rapid.T) {
			notices := s.Flush(now)
			if a, b := fmt.Sprint(dump(notices)), fmt.Sprint(dump(again.Flush(now))); a != b {
				t.Fatalf("two swarms, same calls: %s and %s", a, b)
			}
			for _, n := range notices {
				for _, id := range n.To {
					if _, here := truth[id]; !here {
						t.Fatalf("%d left and is told %+v", id, n)
					}
					apply(t, views, id, n)
				}
				if n.Delta != nil {
					c := views[n.To[0]].cell
					if last, ok := lastDelta[c]; ok && now < last+gap && !introduced {
						t.Fatalf("cell %d: Delta at %d and %d", c, last, now)
					}
					lastDelta[c] = now
				}
			}
			introduced = false
			for id := range truth {
				if views[id] == nil {
					t.Fatalf("%d joined and was told nothing", id)
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"join": func(t *rapid.T) {
				m := wire.Member{ID: member(), Weight: 1}
				_, here := truth[m.ID]
				if err := s.Join(m); (err != nil) != here || (again.Join(m) != nil) != here {
					t.Fatalf("join of %d, here already %v: %v", m.ID, here, err)
				}
				if !here {
					truth[m.ID] = m
					delete(views, m.ID)
				}
			},
			"leave": func(t *rapid.T) {
				id := member()
				_, here := truth[id]
				if s.Leave(id) != here || again.Leave(id) != here {
					t.Fatalf("leave of %d, here %v", id, here)
				}
				delete(truth, id)
				delete(views, id)
			},
			"update": func(t *rapid.T) {
				m := wire.Member{ID: member(), Flags: rapid.Uint8Range(0, 3).Draw(t, "flags"), Weight: 1}
				old, here := truth[m.ID]
				if changed := s.Update(m.ID, m.Flags, m.Weight); changed != (here && old != m) {
					t.Fatalf("update of %d: changed %v", m.ID, changed)
				}
				again.Update(m.ID, m.Flags, m.Weight)
				if here {
					truth[m.ID] = m
				}
			},
			"miss a delta": func(t *rapid.T) {
				id := member()
				if v := views[id]; v != nil {
					v.version, v.members = 0, nil // as if it had missed everything
					s.Resend(id)
					again.Resend(id)
				}
			},
			"introduce": func(t *rapid.T) {
				id := member()
				s.Introduce(id)
				again.Introduce(id)
				introduced = true
			},
			"flush": flush,
			"":      func(t *rapid.T) { now++; checkShape(t, s, truth, size) },
		})
		now += gap + 1
		flush(t)
		if at, waiting := s.Due(); waiting {
			t.Fatalf("still waiting for %d at %d", at, now)
		}
		for id, v := range views {
			r, _ := s.Roster(id)
			if r.Cell != v.cell || r.Version != v.version || len(r.Members) != len(v.members) {
				t.Fatalf("%d holds %+v, its roster is %+v", id, v, r)
			}
			for _, m := range r.Members {
				if v.members[m.ID] != m || truth[m.ID] != m {
					t.Fatalf("%d holds %+v for %d, the roster %+v, the truth is %+v", id, v.members[m.ID], m.ID, m, truth[m.ID])
				}
			}
		}
	})
}

// checkShape: every viewer in one cell, no cell over its size, and no two that should be one.
func checkShape(t *rapid.T, s *cell.Swarm, truth map[wire.ViewerID]wire.Member, size int) {
	counts := map[uint32]int{}
	for id := range truth {
		r, ok := s.Roster(id)
		if !ok {
			t.Fatalf("%d has no cell", id)
		}
		counts[r.Cell] = len(r.Members)
	}
	var sizes []int
	sum := 0
	for _, n := range counts {
		sizes = append(sizes, n)
		sum += n
	}
	slices.Sort(sizes)
	if sum != len(truth) || sum != s.Viewers() || len(sizes) != s.Cells() {
		t.Fatalf("%d viewers in cells %v; the swarm counts %d in %d", len(truth), sizes, s.Viewers(), s.Cells())
	}
	if n := len(sizes); n > 0 && sizes[n-1] > size {
		t.Fatalf("cells %v are over the size %d", sizes, size)
	}
	if len(sizes) > 1 && sizes[0]+sizes[1] <= size*2/3 {
		t.Fatalf("cells %v of size %d should have merged", sizes, size)
	}
}

func apply(t *rapid.T, views map[wire.ViewerID]*view, id wire.ViewerID, n cell.Notice) {
	if n.Roster != nil {
		r, err := wire.ParseRoster(n.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		v := &view{cell: r.Cell, version: r.Version, members: map[wire.ViewerID]wire.Member{}}
		for _, m := range r.Members {
			v.members[m.ID] = m
		}
		if _, ok := v.members[id]; !ok {
			t.Fatalf("%d is not in the roster it is given", id)
		}
		views[id] = v
		return
	}
	d, err := wire.ParseDelta(n.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	v := views[id]
	if v == nil || d.Version != v.version+1 {
		t.Fatalf("%d holds %+v and is told %+v", id, v, d)
	}
	v.version = d.Version
	for _, m := range d.Set {
		v.members[m.ID] = m
	}
	for _, left := range d.Left {
		delete(v.members, left)
	}
}

func dump(notices []cell.Notice) (lines []string) {
	for _, n := range notices {
		lines = append(lines, fmt.Sprintf("%v %x", n.To, n.Append(nil)))
	}
	return lines
}

// BenchmarkFlashCrowd joins 5,000 viewers, flushing after each as the tracker does.
func BenchmarkFlashCrowd(b *testing.B) {
	for b.Loop() {
		s := cell.New(0, 100)
		for i := range 5000 {
			s.Join(wire.Member{ID: wire.ViewerID(wire.Mix(uint64(i)))})
			s.Flush(int64(i / 5))
		}
	}
}
