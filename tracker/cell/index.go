package cell

import (
	"cmp"
	"slices"
)

// shelf says what the cells that are filed together have in common.
type shelf uint8

const (
	sameNetwork   shelf = iota // some member is in the network and watches the rendition
	samePrefix                 // more than one member is of the prefix, some of them watch the rendition, and the cell takes more
	sameRegion                 // the region and the rendition are most members'
	sameRendition              // the rendition is most members'
	feedsRegion                // as sameRegion, the depth is the cell's, and it may have one more child
	feedsRendition
	feedsAny
)

// file is what cells are filed under. What a shelf does not say is zero.
type file struct {
	shelf     shelf
	full      bool // same...: the cells have no room
	depth     uint8
	rendition uint8
	value     uint64
}

// index finds cells by what they are filed under, in the order of their IDs: the elder are met first, and so filled
// first. It has as many entries as there are viewers, and a few for each cell.
type index map[file][]*cell

func byID(c *cell, id uint32) int { return cmp.Compare(c.id, id) }

func (x index) insert(f file, c *cell) {
	cells := x[f]
	i, _ := slices.BinarySearchFunc(cells, c.id, byID)
	x[f] = slices.Insert(cells, i, c)
}

func (x index) remove(f file, c *cell) {
	cells := x[f]
	if len(cells) == 1 {
		delete(x, f)
		return
	}
	i, _ := slices.BinarySearchFunc(cells, c.id, byID)
	x[f] = slices.Delete(cells, i, i+1)
}

// refile brings the index in line with what a cell is now.
func (s *Swarm) refile(c *cell) {
	now := s.filesOf(c, s.files[:0])
	s.files = now
	if slices.Equal(now, c.filed) {
		return
	}
	for _, f := range c.filed {
		if !slices.Contains(now, f) {
			s.index.remove(f, c)
		}
	}
	for _, f := range now {
		if !slices.Contains(c.filed, f) {
			s.index.insert(f, c)
		}
	}
	c.filed = append(c.filed[:0], now...)
}

// filesOf appends what a cell is to be filed under, and notes its kin.
func (s *Swarm) filesOf(c *cell, files []file) []file {
	if len(c.members) == 0 {
		return files
	}
	c.kin = kin{
		rendition: mostCommon(c.members, func(m *member) uint8 { return m.Rendition }),
		region:    mostCommon(c.members, func(m *member) uint32 { return m.at.Region }),
		network:   mostCommon(c.members, func(m *member) uint64 { return m.at.Network }),
	}
	r, region := c.kin.rendition, uint64(c.kin.region)
	if len(c.children) < s.config.Fan && !c.adrift {
		files = append(files,
			file{shelf: feedsRegion, depth: c.depth, rendition: r, value: region},
			file{shelf: feedsRendition, depth: c.depth, rendition: r},
			file{shelf: feedsAny, depth: c.depth})
	}
	full := len(c.members) >= s.config.Size
	files = append(files,
		file{shelf: sameRegion, full: full, rendition: r, value: region},
		file{shelf: sameRendition, full: full, rendition: r})
	files = s.appendPrefixes(c, files)
	networks := len(files)
	for i := range c.members {
		m := &c.members[i]
		f := file{shelf: sameNetwork, full: full, rendition: m.Rendition, value: m.at.Network}
		if m.at.Network != 0 && !slices.Contains(files[networks:], f) {
			files = append(files, f)
		}
	}
	return files
}
