package cell

import (
	"cmp"
	"math"
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// member is a member of a cell and what it and the others were told.
type member struct {
	wire.Member
	at    Place
	since uint64 // which join it was
	came  uint64 // which entry into a cell brought it here

	stale   bool // it must be told the whole roster
	changed bool // it differs from the version told last
	arrived bool // it is not in the version told last
	seen    bool // somebody was told of it

	failed  uint32 // bridges that had it for an end and did not feed
	bridged bool   // the bridges it was told last were some
	bridges tense  // when it must be told its bridges
}

// tense says when something must be told.
type tense uint8

const (
	never tense = iota
	later       // when the gap is over
	atOnce
)

// mayBridge tells whether the member may be an end of a bridge.
func (m *member) mayBridge() bool {
	return m.Flags&(wire.MayUpload|wire.Metered|wire.Hidden) == wire.MayUpload && m.Weight > 0
}

// better orders the ends that a bridge may have: those who are linked to their cell, then those with most
// uplink for each bridge that failed.
func (m *member) better(o *member) int {
	return cmp.Or(
		cmp.Compare(o.Flags&wire.Ready, m.Flags&wire.Ready),
		cmp.Compare(o.share(0), m.share(0)),
		cmp.Compare(m.ID, o.ID),
	)
}

// mostBelieved is the uplink that is believed of anybody, in units of 10 kbit/s: it is only told.
const mostBelieved = 3000

// share is what the member has for one bridge more, if it is the end of some: its uplink is shared by them, and by those that failed.
func (m *member) share(bridges int) int {
	return int(min(m.Weight, mostBelieved)) / (1 + bridges + int(m.failed))
}

// cell is one cell. Members stand in the order of their IDs.
type cell struct {
	id      uint32
	version uint32
	members []member

	kin     kin
	origins []uint64 // of those who entered, the oldest first; see return.go

	place  int    // on its shelf in Swarm.byCount
	filed  []file // under which it stands in Swarm.index
	loose  bool   // it stands in Swarm.loose
	adrift bool   // it has no place in the forest at this moment

	depth    uint8
	parent   *cell // nil: a root
	children []*cell
	bridges  []bridge // from the parent to here

	outdone   uint32 // the cell that last took this one's place
	outdoneAt int64  // when it did

	left   []wire.ViewerID // gone since the version told last
	told   int64           // when the last version was told
	urgent bool            // the next version must not wait for the gap
	dirty  bool            // it stands in Swarm.dirty
}

func (c *cell) index(id wire.ViewerID) (int, bool) {
	return slices.BinarySearchFunc(c.members, id, func(m member, id wire.ViewerID) int { return cmp.Compare(m.ID, id) })
}

// find returns a member, nil if it is none.
func (c *cell) find(id wire.ViewerID) *member {
	if i, ok := c.index(id); ok {
		return &c.members[i]
	}
	return nil
}

func (c *cell) add(m member) {
	back := slices.Index(c.left, m.ID)
	if back >= 0 {
		c.left = slices.Delete(c.left, back, back+1)
	}
	m.stale, m.changed, m.arrived, m.seen = true, true, true, back >= 0
	i, _ := c.index(m.ID)
	c.members = slices.Insert(c.members, i, m)
}

func (c *cell) remove(id wire.ViewerID) {
	i, _ := c.index(id)
	if c.members[i].seen {
		c.left = append(c.left, id)
	}
	c.members = slices.Delete(c.members, i, i+1)
}

// resend has all members told the whole roster.
func (c *cell) resend() {
	for i := range c.members {
		c.members[i].stale = true
	}
}

func (c *cell) roster() wire.Roster {
	r := wire.Roster{Cell: c.id, Version: c.version, Depth: c.depth, Members: make([]wire.Member, len(c.members))}
	for i, m := range c.members {
		r.Members[i] = m.Member
	}
	return r
}

// pending tells whether the cell differs from the version told last.
func (c *cell) pending() bool {
	for i := range c.members {
		if c.members[i].changed {
			return true
		}
	}
	return len(c.left) > 0
}

// waits tells whether a member waits to be told something.
func (c *cell) waits() bool {
	for i := range c.members {
		if c.members[i].bridges != never {
			return true
		}
	}
	return c.pending()
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

// mayBridge returns how many members that watch a rendition may be ends of bridges.
func (c *cell) mayBridge(rendition uint8) (n int) {
	for i := range c.members {
		if m := &c.members[i]; m.Rendition == rendition && m.mayBridge() {
			n++
		}
	}
	return n
}

// spare is the sum of the members' uplinks.
func (c *cell) spare() (sum int) {
	for i := range c.members {
		if m := &c.members[i]; m.mayBridge() {
			sum += int(min(m.Weight, mostBelieved))
		}
	}
	return sum
}

// due returns when the cell may be told something that must not be told more often than each gap.
func (c *cell) due(gap int64) int64 {
	if c.told == math.MinInt64 {
		return c.told
	}
	return c.told + gap
}
