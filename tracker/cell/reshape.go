package cell

import (
	"cmp"
	"slices"
)

// Reshape changes how many members a cell has room for, and how many cells fetch from the edge; see Config. All that
// follows from it is done at once, and told by the next Flush: cells that are too large, or have more of one prefix than a
// cell of that size takes, are split until none is, cells that should be one become one, roots that are too many find parents, and where there may be more of them the strongest
// of the other cells become roots. What is the same stays as it is. A split takes no links away, a merge makes those who
// move link anew, as ever. For each time that the size must be doubled, or halved, to get from the old to the new, there
// are at most as many moves as there are viewers.
func (s *Swarm) Reshape(size, roots int) {
	config := s.config
	config.Size, config.Roots, config.PerPrefix = size, roots, s.prefix
	config.validate()
	if config.Size != s.config.Size {
		s.resize(config.Size, config.PerPrefix)
	}
	if config.Roots != s.config.Roots {
		s.reroot(config.Roots)
	}
}

// all returns all cells, the smallest first.
func (s *Swarm) all() []*cell {
	cells := make([]*cell, 0, s.cells)
	for _, shelf := range s.byCount {
		cells = append(cells, shelf...)
	}
	return cells
}

func (s *Swarm) resize(size, perPrefix int) {
	shelves := max(size, s.config.Size) + 1
	for len(s.byCount) < shelves {
		s.byCount = append(s.byCount, nil)
	}
	s.config.Size, s.config.PerPrefix = size, perPrefix
	s.thin(s.all()...)
	s.byCount = s.byCount[:size+1]
	for _, c := range s.all() { // which have room is another question now
		s.refile(c)
		s.forgetOldest(c)
	}
	s.level(s.all()...)
	s.flatten()
}

// thin splits cells that are too large, or have too much of a prefix, until none is, and tells whether it had to.
func (s *Swarm) thin(cells ...*cell) bool {
	n := len(cells)
	for i := 0; i < len(cells); i++ { // it grows on the way
		for c := cells[i]; len(c.members) > s.config.Size || s.crowded(c); {
			cells = append(cells, s.part(c))
		}
	}
	return len(cells) > n
}

// level has cells become one with others, or spread over others, until they must not. The smallest come first: whom one comes to is
// looked at after it.
func (s *Swarm) level(cells ...*cell) {
	for _, c := range cells {
		for len(c.members) > 0 && s.shrunk(c) { // it is gone by that, or larger
		}
	}
}

// flatten is level for the smallest cell, whichever that is, until it must not: each time there are fewer cells, or fewer that are too
// small, or nothing is won by it.
func (s *Swarm) flatten() {
	for c := s.smallest(); c != nil; c = s.smallest() {
		cells, small := s.cells, s.small()
		if !s.shrunk(c) || s.cells >= cells && s.small() >= small {
			return
		}
	}
}

// small returns how many cells are too small to last beside others.
func (s *Swarm) small() (n int) {
	for _, shelf := range s.byCount[:s.least()] {
		n += len(shelf)
	}
	return n
}

// smallest returns the smallest cell, nil if there is none.
func (s *Swarm) smallest() *cell {
	for _, shelf := range s.byCount {
		if len(shelf) > 0 {
			return shelf[0]
		}
	}
	return nil
}

func (s *Swarm) reroot(roots int) {
	s.config.Roots = roots
	cells := s.all()
	stronger := func(a, b *cell) int {
		return cmp.Or(cmp.Compare(s.strength(b), s.strength(a)), cmp.Compare(a.id, b.id))
	}
	if s.roots > roots {
		fed := slices.DeleteFunc(cells, func(c *cell) bool { return c.parent != nil })
		slices.SortFunc(fed, stronger)
		fed = fed[roots:]
		for _, c := range fed {
			s.detach(c)
		}
		s.settle(fed)
		return
	}
	free := slices.DeleteFunc(cells, func(c *cell) bool { return c.parent == nil })
	slices.SortFunc(free, stronger)
	for _, c := range free[:min(len(free), roots-s.roots)] {
		s.detach(c)
		s.settle([]*cell{c})
	}
}
