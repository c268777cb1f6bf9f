package cell

import (
	"cmp"
	"slices"
)

// Bounds of the search for a parent.
const (
	maxParents = 8   // that are weighed against each other
	maxScanned = 128 // that are looked at, of one shelf
)

// settle gives cells that are adrift a place in the forest. A cell whose place is deeper than its last one lets go
// of its children, so that branches do not grow longer each time they break.
func (s *Swarm) settle(cells []*cell) {
	for len(cells) > 0 {
		released := s.settleOne(cells[0], nil)
		cells = append(cells[1:], released...)
	}
}

// settleOne makes a cell a root while there may be more of them, else the child of the parent that suits it best, else
// of the one given. It returns the cells it let go of.
func (s *Swarm) settleOne(c, otherwise *cell) (released []*cell) {
	was := c.depth
	if s.roots < s.config.Roots {
		s.attach(c, nil)
	} else if p := cmp.Or(s.parent(c), otherwise); p != nil {
		s.attach(c, p)
	} else {
		s.attach(c, s.anyParent())
	}
	if c.depth > was {
		released = slices.Clone(c.children)
		for _, child := range released {
			s.detach(child)
		}
	}
	if c.depth != was {
		s.deepened(c)
	}
	return released
}

// attach makes a cell that is adrift the child of another, or a root.
func (s *Swarm) attach(c, parent *cell) {
	if c.parent = parent; parent == nil {
		s.roots++
		c.depth = 0
	} else {
		parent.children = append(parent.children, c)
		c.depth = parent.depth + 1
		s.deepest = max(s.deepest, c.depth)
		s.refile(parent)
	}
	c.adrift = false
	s.refile(c)
	s.loosen(c)
}

// deepened tells the members of a cell, and of those below, how deep they are now.
func (s *Swarm) deepened(c *cell) {
	c.resend()
	s.touch(c)
	for _, child := range c.children {
		child.depth = c.depth + 1
		s.refile(child)
		s.deepened(child)
	}
}

// detach takes a cell from its place in the forest, with all that hangs on it.
func (s *Swarm) detach(c *cell) {
	s.cutBridges(c, func(bridge) bool { return true })
	c.adrift = true
	s.refile(c)
	p := c.parent
	if p == nil {
		s.roots--
		return
	}
	c.parent = nil
	i := slices.Index(p.children, c)
	p.children = slices.Delete(p.children, i, i+1)
	s.refile(p)
}

// vanish takes a cell out of the forest for good. Of its children those with most to give are the first to find places.
func (s *Swarm) vanish(c *cell) {
	s.forgetOrigins(c)
	s.detach(c)
	orphans := slices.Clone(c.children)
	for _, child := range orphans {
		s.detach(child)
	}
	slices.SortStableFunc(orphans, func(a, b *cell) int { return cmp.Compare(b.spare(), a.spare()) })
	s.settle(orphans)
}

// parent returns who shall feed a cell, nil if nobody can: of the cells whose members watch its rendition, and which
// have room for a child and feeders for it, those of least depth; of them the nearest; of them the one with most
// uplink for each whom it serves, each child being one. It looks at a few of the region, and of the others.
func (s *Swarm) parent(c *cell) (best *cell) {
	r := c.kin.rendition
	var bestNear, bestShare int
	look := func(cells []*cell) {
		fit := 0
		for _, p := range cells[:min(len(cells), maxScanned)] {
			if fit == maxParents {
				break
			}
			if p == best || !p.settled() || s.places(p, r) < s.fewest() {
				continue
			}
			fit++
			near, share := c.kin.near(p.kin), p.spare()/(len(p.members)+len(p.children)+1)
			if best == nil || near > bestNear || near == bestNear && share > bestShare {
				best, bestNear, bestShare = p, near, share
			}
		}
	}
	for depth := uint8(0); best == nil && depth <= s.deepest; depth++ {
		look(s.index[file{shelf: feedsRegion, depth: depth, rendition: r, value: uint64(c.kin.region)}])
		look(s.index[file{shelf: feedsRendition, depth: depth, rendition: r}])
	}
	return best
}

// anyParent returns the first cell that has room for a child. There is one: every tree has leaves.
func (s *Swarm) anyParent() *cell {
	for depth := uint8(0); ; depth++ {
		for _, p := range s.index[file{shelf: feedsAny, depth: depth}] {
			if p.settled() {
				return p
			}
		}
	}
}

// settled tells whether a cell hangs, over others or not, on a root.
func (c *cell) settled() bool {
	for c.parent != nil {
		c = c.parent
	}
	return !c.adrift
}

// fewest is how many bridges a parent must have feeders for to take a child.
func (s *Swarm) fewest() int { return min(2, s.config.Links) }

// places returns how many more followers the members of a cell can feed that watch a rendition.
func (s *Swarm) places(p *cell, rendition uint8) int {
	n := maxFollowers * p.mayBridge(rendition)
	for _, child := range p.children {
		if child.kin.rendition == rendition {
			n -= max(len(child.bridges), s.fewest())
		}
	}
	return n
}

// strength is the uplink that a cell has for each whom it may have to serve.
func (s *Swarm) strength(c *cell) int { return c.spare() / (len(c.members) + s.config.Fan) }

// tellingly is by how much a cell must be stronger than its parent, in hundredths, to take its place. Who feeds others
// has less to spare for it; that must not be a reason to change back.
const tellingly = 150

// stays is for how many patiences a cell stays above the one whose place it took, whatever becomes of their weights: each
// change costs both their bridges, and all below theirs.
const stays = 4

// sort has cells change places with parents that are weaker, so that those who have most to give stand nearest to the
// edge: all below wait for them. It is done once in each patience, and in a forest that is sorted does nothing.
func (s *Swarm) sort(now int64) {
	if s.config.Patience == 0 || now < s.sortAt || s.roots == s.cells {
		return
	}
	if s.sortAt > 0 {
		for _, shelf := range s.byCount {
			for _, c := range shelf {
				for s.rises(c, now) {
					s.swap(c, now)
				}
			}
		}
	}
	s.sortAt = now + s.config.Patience
}

// rises tells whether a cell shall take its parent's place.
func (s *Swarm) rises(c *cell, now int64) bool {
	p := c.parent
	switch {
	case p == nil || c.kin.rendition != p.kin.rendition:
		return false
	case c.outdone == p.id && now < c.outdoneAt+stays*s.config.Patience:
		return false
	}
	return 100*s.strength(c) > tellingly*s.strength(p)
}

// swap has a cell and its parent change places.
func (s *Swarm) swap(c *cell, now int64) {
	p := c.parent
	p.outdone, p.outdoneAt = c.id, now
	above, ours, theirs := p.parent, slices.Clone(c.children), slices.Clone(p.children)
	theirs = slices.DeleteFunc(theirs, func(o *cell) bool { return o == c })
	for _, o := range ours {
		s.detach(o)
	}
	for _, o := range theirs {
		s.detach(o)
	}
	s.detach(c)
	s.detach(p)
	s.attach(c, above)
	s.attach(p, c)
	for _, o := range theirs {
		s.attach(o, c)
	}
	for _, o := range ours {
		s.attach(o, p)
	}
	for _, o := range [...]*cell{c, p} {
		o.resend()
		s.touch(o)
	}
}
