package cell

import (
	"math"
	"slices"
)

// maxLooked bounds how many cells of one shelf are looked at for a newcomer.
const maxLooked = 4

// choose returns the cell that a viewer shall go into, which is split or opened for it if need be. It weighs
//
//   - what the members are worth to the viewer, in the mean; see worth;
//   - whether they are enough: half the size is, and half of that is worth half as much;
//   - of cells alike, the fuller, so that there are few cells.
//
// When no cell has room, the full cell whose better half would suit the viewer best is split. It is split too when that
// half is worth a tenth more than the best cell with room, so that renditions, regions and large networks come to have
// cells of their own. A cell that has as many members of the viewer's prefix as it may have has no room for it.
func (s *Swarm) choose(m *member) *cell {
	roomy, worth, capped := s.best(m, false)
	switch {
	case roomy == nil && s.config.Size == 2:
		return s.open()
	case roomy == nil && capped != nil:
		return s.split(capped, m)
	}
	full, halfWorth, _ := s.best(m, true)
	switch {
	case roomy == nil && full == nil:
		return s.open()
	case roomy == nil, full != nil && s.config.Size > 2 && 10*halfWorth > 11*worth:
		return s.split(full, m)
	}
	return roomy
}

// best returns the best of the cells that have room, or of those that are full, nil if there is none. It looks at a
// few of those where a member is in the same network, and of those alike in region or rendition, and at the fullest. Of
// those that have room and do not take one more of the viewer's prefix, it returns the largest that it met and can be split.
func (s *Swarm) best(m *member, full bool) (best *cell, most int, capped *cell) {
	worth := s.worth
	if full {
		worth = worthHalf
	}
	looked := s.looked[:0]
	fits := func(c *cell) bool {
		if full || s.takes(c, m) {
			return true
		}
		if n := len(c.members); n >= 4 && (capped == nil || n > len(capped.members)) {
			capped = c
		}
		return false
	}
	look := func(cells []*cell) {
		left := maxLooked
		for _, c := range cells[:min(len(cells), maxPassed)] {
			if left == 0 {
				break
			}
			if !fits(c) {
				continue
			}
			left--
			if slices.Contains(looked, c) {
				continue
			}
			looked = append(looked, c)
			w := worth(c.members, m)
			if best == nil || w > most || w == most && (len(c.members) > len(best.members) ||
				len(c.members) == len(best.members) && c.id < best.id) {
				best, most = c, w
			}
		}
	}
	if m.at.Prefix != 0 && !full {
		look(s.index[file{shelf: samePrefix, rendition: m.Rendition, value: m.at.Prefix}])
	}
	if m.at.Network != 0 {
		look(s.index[file{shelf: sameNetwork, full: full, rendition: m.Rendition, value: m.at.Network}])
	}
	look(s.index[file{shelf: sameRegion, full: full, rendition: m.Rendition, value: uint64(m.at.Region)}])
	look(s.index[file{shelf: sameRendition, full: full, rendition: m.Rendition}])
	if full {
		look(s.byCount[s.config.Size])
	} else {
		look(s.fullest(s.config.Size-1, fits))
	}
	s.looked = looked
	return best, most, capped
}

// worth returns what a cell of these members would be worth to a viewer, in thousandths.
func (s *Swarm) worth(members []member, m *member) int {
	sum, half := 0, s.config.Size/2
	for i := range members {
		sum += members[i].worth(m)
	}
	return 1000 * sum * min(len(members), half) / (len(members) * half)
}

// worthHalf is worth for the half of a full cell that suits the viewer best.
func worthHalf(members []member, m *member) int {
	var count [worthMost + 1]int
	for i := range members {
		count[members[i].worth(m)]++
	}
	sum, half := 0, len(members)/2
	for left, w := half, worthMost; left > 0; w-- {
		n := min(left, count[w])
		sum, left = sum+n*w, left-n
	}
	return 1000 * sum / half
}

// fullest returns a few of the fullest cells of no more than n members that fit.
func (s *Swarm) fullest(n int, fits func(*cell) bool) []*cell {
	few, left := s.few[:0], maxPassed
	for ; n > 0 && len(few) < maxLooked && left > 0; n-- {
		for _, c := range slices.Backward(s.byCount[n]) {
			if len(few) == maxLooked || left == 0 {
				break
			}
			left--
			if fits(c) {
				few = append(few, c)
			}
		}
	}
	s.few = few
	return few
}

// open returns a new cell.
func (s *Swarm) open() *cell {
	s.opened++
	return &cell{id: s.opened, told: math.MinInt64, adrift: true}
}
