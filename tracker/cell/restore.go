package cell

import (
	"cmp"
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// Restore makes a cell as a swarm had it that is lost, and of which only what its members were told is known: under its
// own number where that is free, and with the members that are not in this swarm yet. All are told their rosters anew.
func (s *Swarm) Restore(r wire.Roster, at func(wire.ViewerID) Place) {
	c := s.open()
	if r.Cell != 0 && !s.hasCell(r.Cell) {
		c.id = r.Cell
		s.opened = max(s.opened-1, r.Cell)
	}
	c.version = r.Version
	for _, m := range r.Members {
		back := member{Member: m, at: at(m.ID), since: s.joined + 1, came: s.entries + 1}
		if m.ID == 0 || s.homes[m.ID] != nil || len(c.members) == s.config.Size || !s.takes(c, &back) {
			continue
		}
		s.joined++
		s.entries++
		c.add(back)
		s.homes[m.ID] = c
	}
	if len(c.members) == 0 {
		return
	}
	s.shelve(c)
	s.settle([]*cell{c})
	s.level(c)  // it may be so small that it must not last,
	s.flatten() // or not be beside one that was alone
}

// JoinBeside is Join for a viewer that was in one cell with another: there, if that cell has room.
func (s *Swarm) JoinBeside(mate wire.ViewerID, m wire.Member, at Place) error {
	c := s.homes[mate]
	newcomer := member{Member: m, at: at}
	if c == nil || m.ID == 0 || s.homes[m.ID] != nil || len(c.members) >= s.config.Size || !s.takes(c, &newcomer) {
		return s.Join(m, at)
	}
	s.joined++
	newcomer.since = s.joined
	s.enter(c, newcomer)
	return nil
}

// Rosters returns all cells as they are now, in the order of their numbers.
func (s *Swarm) Rosters() []wire.Roster {
	rosters := make([]wire.Roster, 0, s.cells)
	for _, c := range s.all() {
		rosters = append(rosters, c.roster())
	}
	slices.SortFunc(rosters, func(a, b wire.Roster) int { return cmp.Compare(a.Cell, b.Cell) })
	return rosters
}

// Has tells whether a viewer is in the swarm.
func (s *Swarm) Has(id wire.ViewerID) bool { return s.homes[id] != nil }

// CellOf returns the number of a viewer's cell, 0 if it is not in the swarm.
func (s *Swarm) CellOf(id wire.ViewerID) uint32 {
	if c := s.homes[id]; c != nil {
		return c.id
	}
	return 0
}

// hasCell tells whether a cell's number is taken.
func (s *Swarm) hasCell(id uint32) bool {
	for _, shelf := range s.byCount {
		for _, c := range shelf {
			if c.id == id {
				return true
			}
		}
	}
	return false
}
