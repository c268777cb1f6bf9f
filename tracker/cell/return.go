package cell

import (
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// Viewers of one origin, which is told by a Place, are put where one of them was last: who comes again, or comes from the same house,
// meets those it has met. So few viewers learn of each other, and a viewer that reloads its page finds its neighbours.
//
// Each cell remembers the origins of those who entered it last. Not more than a quarter of a cell comes there by this rule.

// returns is which cell an origin was in last.
type returns map[uint64]*cell

// remember notes that a viewer of an origin has entered a cell.
func (s *Swarm) remember(c *cell, origin uint64) {
	if origin == 0 || s.returns[origin] == c {
		return
	}
	c.origins = append(c.origins, origin)
	s.returns[origin] = c
	s.forgetOldest(c)
}

// forgetOldest has a cell remember no more origins than it may.
func (s *Swarm) forgetOldest(c *cell) {
	over := max(0, len(c.origins)-2*s.config.Size)
	for _, origin := range c.origins[:over] {
		s.forgetOrigin(c, origin)
	}
	c.origins = slices.Delete(c.origins, 0, over)
}

func (s *Swarm) forgetOrigin(c *cell, origin uint64) {
	if s.returns[origin] == c {
		delete(s.returns, origin)
	}
}

// forgetOrigins is for a cell that is no more.
func (s *Swarm) forgetOrigins(c *cell) {
	for _, o := range c.origins {
		s.forgetOrigin(c, o)
	}
	c.origins = nil
}

// former returns the cell that a viewer comes back to, nil if it has none, or that has no room.
func (s *Swarm) former(m *member) *cell {
	c := s.returns[m.at.Origin]
	if c == nil || len(c.members) == 0 || len(c.members) >= s.config.Size || !s.takes(c, m) || c.kin.rendition != m.Rendition {
		return nil
	}
	same := 0
	for i := range c.members {
		if c.members[i].at.Origin == m.at.Origin {
			same++
		}
	}
	if 4*(same+1) > s.config.Size {
		return nil
	}
	return c
}

// Origin returns that of a viewer, 0 if it has none or is not here.
func (s *Swarm) Origin(id wire.ViewerID) uint64 {
	if c := s.homes[id]; c != nil {
		return c.find(id).at.Origin
	}
	return 0
}

// Entries returns how many times a viewer has entered a cell, so far.
func (s *Swarm) Entries() uint64 { return s.entries }

// Came returns which of all entries a viewer's into its present cell was; 0 if it is not here.
func (s *Swarm) Came(id wire.ViewerID) uint64 {
	if c := s.homes[id]; c != nil {
		return c.find(id).came
	}
	return 0
}

// SameCell tells whether two viewers are members of one cell.
func (s *Swarm) SameCell(a, b wire.ViewerID) bool {
	c := s.homes[a]
	return c != nil && c == s.homes[b]
}
