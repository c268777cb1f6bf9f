package cell

import (
	"cmp"
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// Picture is one cell as it is now: who is in it, and over which bridges members of the parent feed it.
type Picture struct {
	Cell    uint32
	Parent  uint32 // 0: it is a root, and fetches from the edge
	Depth   uint8
	Members []Sitter // in the order in which they joined
	Bridges []Feed
}

// Sitter is one member, with its number: it was the so manieth to join the swarm. The number leads to nobody, and stays while the viewer does.
type Sitter struct {
	wire.Member
	Number uint64
}

// Feed is one bridge by the numbers of its ends, and whether the one that is fed says that it is.
type Feed struct {
	From, To uint64
	Fed      bool
}

// Pictures returns the cells as they are, those nearest to the edge first, then the larger ones; no more than so many.
func (s *Swarm) Pictures(most int) []Picture {
	cells := s.all()
	slices.SortFunc(cells, func(a, b *cell) int {
		return cmp.Or(cmp.Compare(a.depth, b.depth), cmp.Compare(len(b.members), len(a.members)), cmp.Compare(a.id, b.id))
	})
	pictures := make([]Picture, 0, min(most, len(cells)))
	for _, c := range cells[:min(most, len(cells))] {
		pictures = append(pictures, c.picture())
	}
	return pictures
}

func (c *cell) picture() Picture {
	p := Picture{Cell: c.id, Depth: c.depth, Members: make([]Sitter, 0, len(c.members))}
	for _, m := range c.members {
		p.Members = append(p.Members, Sitter{m.Member, m.since})
	}
	slices.SortFunc(p.Members, func(a, b Sitter) int { return cmp.Compare(a.Number, b.Number) })
	if c.parent == nil {
		return p
	}
	p.Parent = c.parent.id
	for _, b := range c.bridges {
		follower, feeder := c.find(b.follower), c.parent.find(b.feeder)
		if follower != nil && feeder != nil {
			p.Bridges = append(p.Bridges, Feed{feeder.since, follower.since, follower.Flags&wire.Fed != 0})
		}
	}
	return p
}
