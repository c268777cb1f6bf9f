package cell

import "slices"

// A cell takes no more than PerPrefix members of one prefix, so that whoever has many addresses in one network cannot fill a
// cell with viewers of his own and leave a stranger alone among them. For who comes from a prefix of which a cell has as many as
// it takes, that cell is as good as full: it is split when no other takes the newcomer, and as with the size, two cells become
// one only when two thirds of the cap are left of each prefix.

// maxPassed bounds how many cells that do not take a newcomer are passed over on one shelf.
const maxPassed = 64

// of returns how many members are of a prefix.
func (c *cell) of(prefix uint64) (n int) {
	for i := range c.members {
		if c.members[i].at.Prefix == prefix {
			n++
		}
	}
	return n
}

// takes tells whether a cell has not yet as many members of a newcomer's prefix as it may have.
func (s *Swarm) takes(c *cell, m *member) bool {
	return m.at.Prefix == 0 || s.config.PerPrefix >= s.config.Size || c.of(m.at.Prefix) < s.config.PerPrefix
}

// crowded tells whether a cell has more members of a prefix than it may have.
func (s *Swarm) crowded(c *cell) bool {
	return s.config.PerPrefix < s.config.Size && slices.ContainsFunc(c.members, func(m member) bool {
		return m.at.Prefix != 0 && c.of(m.at.Prefix) > s.config.PerPrefix
	})
}

// mix tells whether two cells may become one, for all that their prefixes say.
func (s *Swarm) mix(a, b *cell) bool {
	if s.config.PerPrefix >= s.config.Size {
		return true
	}
	most := max(2, s.config.PerPrefix*2/3)
	for i := range a.members {
		p := a.members[i].at.Prefix
		if p == 0 {
			continue
		}
		if there := b.of(p); there > 0 && a.of(p)+there > most {
			return false
		}
	}
	return true
}

// appendPrefixes appends the files by which those find a cell that has members of their prefix and takes more. One member alone
// is not worth a file: where there is one, there is room for another.
func (s *Swarm) appendPrefixes(c *cell, files []file) []file {
	if s.config.PerPrefix >= s.config.Size || len(c.members) >= s.config.Size {
		return files
	}
	from := len(files)
	for i := range c.members {
		m := &c.members[i]
		f := file{shelf: samePrefix, rendition: m.Rendition, value: m.at.Prefix}
		if f.value == 0 || slices.Contains(files[from:], f) {
			continue
		}
		if n := c.of(f.value); n > 1 && n < s.config.PerPrefix {
			files = append(files, f)
		}
	}
	return files
}
