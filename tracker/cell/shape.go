package cell

import (
	"cmp"
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// merged returns how many members two cells may have together that become one.
func (s *Swarm) merged() int { return s.config.Size * 2 / 3 }

// least returns how many members a cell must have to last beside others. No fewer could be left beside half of a cell:
// the two would have to merge.
func (s *Swarm) least() int { return max(2, s.merged()-s.config.Size/2+1) }

// enter puts a viewer into a cell.
func (s *Swarm) enter(c *cell, m member) {
	s.entries++
	m.came = s.entries
	s.remember(c, m.at.Origin)
	s.unshelve(c)
	c.add(m)
	s.homes[m.ID] = c
	s.shelve(c)
	if c.adrift {
		s.settle([]*cell{c})
	}
}

// split parts a cell in two, which is full or takes no more of a newcomer's prefix, and returns the half that suits the newcomer
// better; nobody is left alone in the other. At most one half can have all members of a prefix that the cell took.
func (s *Swarm) split(c *cell, newcomer *member) *cell {
	half := s.part(c)
	if len(half.members) == 1 || !s.takes(c, newcomer) ||
		len(c.members) > 1 && s.takes(half, newcomer) && s.worth(half.members, newcomer) > s.worth(c.members, newcomer) {
		return half
	}
	return c
}

// part moves half of a cell into a new one, which it returns. Those who move are linked to each other already, so they may
// own chunks at once.
func (s *Swarm) part(c *cell) *cell {
	half := s.open()
	movers := movers(c.members)
	s.unshelve(c)
	for _, id := range movers {
		s.cutViewer(c, id)
		m := *c.find(id)
		m.Flags &^= wire.Fed
		c.remove(id)
		half.add(m)
		s.homes[id] = half
		s.remember(half, m.at.Origin)
	}
	s.moves += uint64(len(movers))
	s.shelve(c)
	s.shelve(half)
	s.settle([]*cell{half})
	return half
}

// movers returns the half of the members that leave a cell that is split: by nearness to one or the other of the two
// who are worth least to each other, where that is equal by the order of joining. The half with more who are Ready stays.
func movers(members []member) []wire.ViewerID {
	a, b := poles(members)
	lean := func(m *member) int {
		switch m {
		case a:
			return -1000
		case b:
			return 1000
		}
		return m.worth(b) - m.worth(a)
	}
	type leaning struct {
		lean int
		m    *member
	}
	order := make([]leaning, len(members))
	for i := range members {
		order[i] = leaning{lean(&members[i]), &members[i]}
	}
	slices.SortFunc(order, func(x, y leaning) int { return cmp.Or(cmp.Compare(x.lean, y.lean), cmp.Compare(x.m.since, y.m.since)) })
	first, second := order[:(len(order)+1)/2], order[(len(order)+1)/2:]
	ready := func(half []leaning) (n int) {
		for _, l := range half {
			if l.m.Flags&wire.Ready != 0 {
				n++
			}
		}
		return n
	}
	if ready(second) > ready(first) {
		second = first
	}
	ids := make([]wire.ViewerID, len(second))
	for i, l := range second {
		ids[i] = l.m.ID
	}
	return ids
}

// poles returns the two members who are worth least to each other; of such, those who joined longest apart. The elder
// is the first.
func poles(members []member) (a, b *member) {
	least, apart := 0, uint64(0)
	for i := range members {
		for j := range i {
			elder, younger := &members[i], &members[j]
			if elder.since > younger.since {
				elder, younger = younger, elder
			}
			w, d := elder.worth(younger), younger.since-elder.since
			if a == nil || w < least || w == least && d > apart {
				a, b, least, apart = elder, younger, w, d
			}
		}
	}
	return a, b
}

// shrunk makes one cell of two, or spreads the last members of a cell over others, now that c is smaller, and tells whether
// either was to be done.
func (s *Swarm) shrunk(c *cell) bool {
	n := len(c.members)
	if n == 0 {
		s.vanish(c)
		c.left = nil // there is nobody to tell
		return true
	}
	if other := s.partner(c); other != nil {
		if n > len(other.members) || n == len(other.members) && c.id < other.id {
			c, other = other, c
		}
		for _, m := range s.vacate(c) {
			s.enter(other, m)
		}
		return true
	}
	if n < s.least() && s.cells > 1 && (s.config.Size > 2 || len(s.byCount[1]) > 1) && s.spreads(c) {
		for _, m := range s.vacate(c) {
			s.enter(s.choose(&m), m)
		}
		return true
	}
	return false
}

// spreads tells whether another cell takes a member of c, if need be by being split: else all would be by themselves again.
func (s *Swarm) spreads(c *cell) bool {
	other := func(o *cell) bool { return o != c }
	takes := func(o *cell) bool {
		return other(o) && slices.ContainsFunc(c.members, func(m member) bool { return s.takes(o, &m) })
	}
	return len(s.fullest(s.config.Size, takes)) > 0 || slices.ContainsFunc(c.members, func(m member) bool {
		return slices.ContainsFunc(s.index[file{shelf: samePrefix, rendition: m.Rendition, value: m.at.Prefix}], other)
	})
}

// partner returns the cell that c shall become one with, nil if no two cells are small enough. As the swarm had no
// such two before c shrank, one merge is all there is to do. It looks at a few that are near, and at the fullest.
func (s *Swarm) partner(c *cell) (best *cell) {
	most, bestNear := s.merged()-len(c.members), 0
	fits := func(o *cell) bool { return o != c && s.mix(c, o) }
	look := func(cells []*cell) {
		for _, o := range cells[:min(len(cells), maxLooked)] {
			if len(o.members) > most || !fits(o) {
				continue
			}
			near := c.kin.near(o.kin)
			if c.kin.rendition == o.kin.rendition {
				near += worthRendition
			}
			if best == nil || near > bestNear || near == bestNear && len(o.members) > len(best.members) {
				best, bestNear = o, near
			}
		}
	}
	if look(s.fullest(most, fits)); best == nil {
		return nil
	}
	r := c.kin.rendition
	if c.kin.network != 0 {
		look(s.index[file{shelf: sameNetwork, rendition: r, value: c.kin.network}])
	}
	look(s.index[file{shelf: sameRegion, rendition: r, value: uint64(c.kin.region)}])
	look(s.index[file{shelf: sameRendition, rendition: r}])
	return best
}

// vacate takes a cell out of the swarm and returns its members, who have to link to those they come to.
func (s *Swarm) vacate(c *cell) []member {
	s.vanish(c)
	s.unshelve(c)
	members := c.members
	c.members, c.left = nil, nil
	s.shelve(c)
	for i := range members {
		members[i].Flags &^= wire.Ready | wire.Fed
		delete(s.homes, members[i].ID)
	}
	s.moves += uint64(len(members))
	return members
}
