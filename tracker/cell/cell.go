package cell

import (
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// member is a member of a cell and what the others were told of it.
type member struct {
	wire.Member
	stale   bool // it must be told the whole roster
	changed bool // it differs from the version told last
	arrived bool // it is not in the version told last
	seen    bool // somebody was told of it
}

// cell is one cell. Members stand in the order of their IDs.
type cell struct {
	id      uint32
	version uint32
	members []member
	place   int // on its shelf in Swarm.byCount

	left   []wire.ViewerID // gone since the version told last
	told   int64           // when the last version was told
	urgent bool            // the next version must not wait for the gap
	dirty  bool            // it stands in Swarm.dirty
}

func (c *cell) index(id wire.ViewerID) (int, bool) {
	return slices.BinarySearchFunc(c.members, id, func(m member, id wire.ViewerID) int {
		if m.ID < id {
			return -1
		}
		if m.ID > id {
			return 1
		}
		return 0
	})
}

// find returns a viewer that is a member.
func (c *cell) find(id wire.ViewerID) *member {
	i, _ := c.index(id)
	return &c.members[i]
}

func (c *cell) add(m wire.Member) {
	back := slices.Index(c.left, m.ID)
	if back >= 0 {
		c.left = slices.Delete(c.left, back, back+1)
	}
	i, _ := c.index(m.ID)
	c.members = slices.Insert(c.members, i, member{Member: m, stale: true, changed: true, arrived: true, seen: back >= 0})
}

func (c *cell) remove(id wire.ViewerID) {
	i, _ := c.index(id)
	if c.members[i].seen {
		c.left = append(c.left, id)
	}
	c.members = slices.Delete(c.members, i, i+1)
}

func (c *cell) update(id wire.ViewerID, flags uint8, weight uint16) bool {
	m := c.find(id)
	if m.Flags == flags && m.Weight == weight {
		return false
	}
	m.Flags, m.Weight, m.changed = flags, weight, true
	return true
}

func (c *cell) roster() wire.Roster {
	r := wire.Roster{Cell: c.id, Version: c.version, Members: make([]wire.Member, len(c.members))}
	for i, m := range c.members {
		r.Members[i] = m.Member
	}
	return r
}

// pending tells whether the cell differs from the version told last.
func (c *cell) pending() bool {
	return len(c.left) > 0 || slices.ContainsFunc(c.members, func(m member) bool { return m.changed })
}

// advance makes what is pending a new version and returns the Delta to it.
func (c *cell) advance(now int64) wire.Delta {
	c.version++
	d := wire.Delta{Version: c.version, Left: c.left}
	for i := range c.members {
		m := &c.members[i]
		if m.changed {
			d.Set = append(d.Set, m.Member)
		}
		m.changed, m.arrived = false, false
	}
	c.left, c.told, c.urgent = nil, now, false
	return d
}
