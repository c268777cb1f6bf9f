package cell

import (
	"fmt"
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// Held returns how many things the swarm holds, which must be none once all viewers have left.
func (s *Swarm) Held() int {
	return len(s.homes) + len(s.index) + len(s.dirty) + len(s.loose) + len(s.trials) + s.cells + s.roots + s.bridges
}

// Check returns what of the swarm's invariants does not hold; of those that Flush restores, if it has just been called.
func (s *Swarm) Check(flushed bool) error {
	cells := []*cell{}
	viewers := 0
	for n, shelf := range s.byCount {
		for i, c := range shelf {
			if n == 0 || n > s.config.Size || len(c.members) != n || c.place != i {
				return fmt.Errorf("cell %d of %d members stands in place %d among those of %d", c.id, len(c.members), c.place, n)
			}
			for _, m := range c.members {
				if s.homes[m.ID] != c {
					return fmt.Errorf("viewer %d is a member of cell %d, which is not its home", m.ID, c.id)
				}
			}
			viewers += n
			cells = append(cells, c)
		}
	}
	if viewers != len(s.homes) || len(cells) != s.cells {
		return fmt.Errorf("%d viewers in %d cells, counted as %d in %d", viewers, len(cells), len(s.homes), s.cells)
	}
	for _, check := range []func([]*cell) error{s.checkSizes, s.checkPrefixes, s.checkForest, s.checkIndex, s.checkReturns} {
		if err := check(cells); err != nil {
			return err
		}
	}
	if flushed {
		return s.checkBridges(cells)
	}
	return nil
}

// checkPrefixes: no cell has more members of a prefix than it may have.
func (s *Swarm) checkPrefixes(cells []*cell) error {
	for _, c := range cells {
		for i := range c.members {
			if p := c.members[i].at.Prefix; p != 0 && c.of(p) > s.config.PerPrefix {
				return fmt.Errorf("cell %d of %d members has %d of prefix %d, may have %d", c.id, len(c.members), c.of(p), p, s.config.PerPrefix)
			}
		}
	}
	return nil
}

// checkSizes: no two cells that should be one, and nobody alone while there are others. Where prefixes are capped, cells are split that
// are far from full, so that some are small and fit others until one of them shrinks or the size changes: see CheckLevel.
func (s *Swarm) checkSizes(cells []*cell) error {
	capped := func(c *cell) bool {
		return slices.ContainsFunc(c.members, func(m member) bool { return m.at.Prefix != 0 })
	}
	if len(cells) < 2 || s.config.PerPrefix < s.config.Size && slices.ContainsFunc(cells, capped) {
		return nil
	}
	if err := s.CheckLevel(); err != nil {
		return err
	}
	smallest, next := len(cells[0].members), len(cells[1].members)
	if smallest < s.least() && (s.config.Size > 2 || next == 1) {
		return fmt.Errorf("a cell is left too small: %d beside %d", smallest, next)
	}
	return nil
}

// CheckLevel returns which two cells should be one, for all that their sizes and prefixes say, and who is alone though another cell
// takes it: of all cells, as it must be after Reshape, or of some with any, as it must be of one that has shrunk. Of more cells than a search looks
// at, it says nothing.
func (s *Swarm) CheckLevel(some ...uint32) error {
	cells := s.all()
	if len(cells) > maxPassed {
		return nil
	}
	for i, a := range cells {
		for j, b := range cells {
			if i == j || len(some) > 0 && !slices.Contains(some, a.id) {
				continue
			}
			if len(a.members)+len(b.members) <= s.merged() && s.mix(a, b) {
				return fmt.Errorf("cells %d and %d, of %d and %d members, should have merged", a.id, b.id, len(a.members), len(b.members))
			}
			if len(a.members) == 1 && s.config.Size > 2 && len(b.members) < s.config.Size && s.takes(b, &a.members[0]) {
				return fmt.Errorf("cell %d has one member, whom cell %d of %d takes", a.id, b.id, len(b.members))
			}
		}
	}
	return nil
}

// checkReturns: origins lead to cells that are there and know of it.
func (s *Swarm) checkReturns([]*cell) error {
	for origin, c := range s.returns {
		if origin == 0 || len(c.members) == 0 || !slices.Contains(c.origins, origin) || len(c.origins) > 2*s.config.Size {
			return fmt.Errorf("origin %d leads to cell %d of %d members, which knows %v", origin, c.id, len(c.members), c.origins)
		}
	}
	return nil
}

// checkForest: roots are no more than may be, all others hang on them, no cell feeds too many.
func (s *Swarm) checkForest(cells []*cell) error {
	roots := 0
	for _, c := range cells {
		switch {
		case c.adrift || len(c.children) > s.config.Fan:
			return fmt.Errorf("cell %d: adrift %v, with %d children", c.id, c.adrift, len(c.children))
		case c.parent == nil:
			roots++
			if c.depth != 0 {
				return fmt.Errorf("root %d has depth %d", c.id, c.depth)
			}
		case c.depth != c.parent.depth+1 || c.depth > s.deepest || !slices.Contains(c.parent.children, c) || !slices.Contains(cells, c.parent):
			return fmt.Errorf("cell %d of depth %d is no child of its parent %d of depth %d", c.id, c.depth, c.parent.id, c.parent.depth)
		}
		for _, child := range c.children {
			if child.parent != c {
				return fmt.Errorf("cell %d is listed as a child of %d", child.id, c.id)
			}
		}
	}
	if roots != s.roots || roots > s.config.Roots || len(cells) > 0 && roots == 0 {
		return fmt.Errorf("%d of %d cells are roots, counted as %d, may be %d", roots, len(cells), s.roots, s.config.Roots)
	}
	return nil
}

// checkIndex: the index holds each cell under what it is, and nothing else.
func (s *Swarm) checkIndex(cells []*cell) error {
	entries := 0
	for f, filed := range s.index {
		entries += len(filed)
		if len(filed) == 0 {
			return fmt.Errorf("nothing is filed under %+v", f)
		}
	}
	for _, c := range cells {
		files := s.filesOf(c, nil)
		if !slices.Equal(files, c.filed) {
			return fmt.Errorf("cell %d is filed under %+v and not %+v", c.id, c.filed, files)
		}
		for _, f := range files {
			if !slices.Contains(s.index[f], c) {
				return fmt.Errorf("cell %d is not found under %+v", c.id, f)
			}
		}
		entries -= len(files)
	}
	if entries != 0 {
		return fmt.Errorf("%d entries of the index are left over", entries)
	}
	return nil
}

// checkBridges: every bridge leads from a member of the parent to one of the child, both fit, and none is missing.
func (s *Swarm) checkBridges(cells []*cell) error {
	all := 0
	for _, c := range cells {
		all += len(c.bridges)
		for i, b := range c.bridges {
			if !b.fits(c.find(b.follower)) || !b.fits(c.parent.find(b.feeder)) {
				return fmt.Errorf("bridge %+v of cell %d does not fit", b, c.id)
			}
			if slices.ContainsFunc(c.bridges[:i], func(o bridge) bool { return o.follower == b.follower }) || c.links(b.rendition) > s.config.Links {
				return fmt.Errorf("cell %d has too many bridges: %+v", c.id, c.bridges)
			}
			fed := 0
			c.parent.ends(b.feeder, func(role wire.BridgeRole, _ wire.ViewerID) {
				if role == wire.Follower {
					fed++
				}
			})
			if fed > maxFollowers {
				return fmt.Errorf("viewer %d feeds %d", b.feeder, fed)
			}
		}
		if c.parent == nil {
			continue
		}
		for i := range c.members {
			m := &c.members[i]
			if m.mayBridge() && !c.follows(m.ID) && c.links(m.Rendition) < s.config.Links && c.parent.feeder(m.Rendition) != nil {
				return fmt.Errorf("viewer %d could follow and does not", m.ID)
			}
		}
	}
	if all != s.bridges {
		return fmt.Errorf("%d bridges, counted as %d", all, s.bridges)
	}
	return nil
}
