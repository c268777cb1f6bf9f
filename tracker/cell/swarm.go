// Package cell puts the viewers of one stream into cells: groups of a few dozen at most that are fully meshed with
// each other and fetch each chunk from the edge once, or are fed by another cell.
//
// A [Swarm] is the state of one stream. Join, Leave and Update change it; [Swarm.Flush] then says who must be told
// what: a Roster to those who know nothing of their cell yet, a Delta to the others, Bridges to those who have links to
// other cells. So a caller that flushes after every change tells each change at once, and one that flushes later
// coalesces: however many changes a cell saw, its version grows by one and each member gets one message of it.
//
// Cells: a newcomer goes to the cell with room whose members are worth most to it (they watch the same rendition, are
// in the same network or region, have a like round trip); see choose. When there is none, or all that have room are
// much worse than half of a full one, that one is split in two. When a leave lets two cells hold together no more than
// two thirds of the size, the smaller moves into the larger; the last members of a cell that finds no such other are
// spread over all. So there is no cell of one while there is another, unless the size is 2. Size lies between the
// marks at which cells part and merge, so that nobody moves to and fro: the moves are at most twice the joins and
// leaves, plus the size (from a size of 4 on).
//
// Whoever moves keeps its links to those who moved with it. After a split those are all links it needs; after a merge
// it is not Ready until it says so anew, which it learns from its own entry in the Roster.
//
// Reshape changes size and roots while viewers are here.
//
// The forest: no more than Roots cells have depth 0 and fetch from the edge. Every other has a parent, one less deep,
// and a few bridges, each from a member of the parent to one of its own. A cell changes its parent only when the parent
// goes or can feed none of its members, and when a cell that is far stronger changes places with its parent; see parent, mend
// and sort.
//
// A Roster may be newer than its version: a newcomer is not kept waiting for the gap, but gets the members of this
// moment under the version told last. The Delta that follows names changes it has already seen. Set and Left are
// therefore applied as assignments, and after every Delta all members of a cell hold the same roster.
//
// The package is pure: no I/O, no clock, no goroutine, no randomness; the same calls give the same notices. The
// tracker and the simulator run the very same code. A Swarm is not safe for concurrent use.
package cell

import (
	"errors"

	"github.com/shoal-live/shoal/swarm/wire"
)

// What can be wrong with a viewer that joins.
var (
	ErrZero  = errors.New("cell: viewer ID is zero")
	ErrTwice = errors.New("cell: viewer is already in the swarm")
)

// Swarm is the viewers of one stream in their cells.
type Swarm struct {
	config  Config
	prefix  int // Config.PerPrefix as it was given
	homes   map[wire.ViewerID]*cell
	byCount [][]*cell // cells by how many members they have; [0] stays empty
	index   index
	returns returns

	entries uint64 // into cells so far
	opened  uint32 // cells so far: the next one's ID less one
	joined  uint64 // viewers so far
	moves   uint64 // viewers that were put into another cell, so far
	cells   int
	roots   int
	bridges int
	deepest uint8 // no cell was ever deeper

	dirty []*cell // cells with something to tell, in the order in which they became so
	loose []*cell // cells whose bridges the next Flush looks at, likewise

	trials []trial // of bridges that are new, in the order of their times
	sortAt int64   // when the forest is sorted next

	// scratch
	files     []file
	looked    []*cell
	few       []*cell
	followers []*member
}

// New returns an empty swarm.
func New(config Config) *Swarm {
	prefix := config.PerPrefix
	config.validate()
	return &Swarm{
		config: config, prefix: prefix, homes: map[wire.ViewerID]*cell{}, byCount: make([][]*cell, config.Size+1), index: index{},
		returns: returns{},
	}
}

// Join puts a viewer into a cell.
func (s *Swarm) Join(m wire.Member, at Place) error {
	if m.ID == 0 {
		return ErrZero
	}
	if s.homes[m.ID] != nil {
		return ErrTwice
	}
	s.joined++
	newcomer := member{Member: m, at: at, since: s.joined}
	c := s.former(&newcomer)
	if c == nil {
		c = s.choose(&newcomer)
	}
	s.enter(c, newcomer)
	return nil
}

// Leave takes a viewer out and tells whether it was there. Two cells may become one.
func (s *Swarm) Leave(id wire.ViewerID) bool {
	c := s.homes[id]
	if c == nil {
		return false
	}
	s.cutViewer(c, id)
	delete(s.homes, id)
	s.unshelve(c)
	c.remove(id)
	s.shelve(c)
	s.shrunk(c)
	return true
}

// Update changes what a viewer says of itself and tells whether its cell has to hear of it. It stays in its cell, and is counted
// by the prefix with which it was let in there; if that was not known and is now, a cell that has too much of it is split.
func (s *Swarm) Update(m wire.Member, at Place) bool {
	c := s.homes[m.ID]
	if c == nil {
		return false
	}
	own := c.find(m.ID)
	learned := own.at.Prefix == 0 && at.Prefix != 0
	if !learned {
		at.Prefix = own.at.Prefix
	}
	was, moved := own.Member, own.at != at || own.Rendition != m.Rendition
	own.Member, own.at = m, at
	if moved {
		s.refile(c)
	}
	if was != m {
		own.changed = true
		c.ends(m.ID, func(_ wire.BridgeRole, other wire.ViewerID) { s.tellBridges(other, later) })
		s.loosen(c)
		s.touch(c)
	}
	return learned && s.thin(c) || was != m
}

// Resend has the next Flush send the viewer a whole Roster, and its bridges: it may have missed something.
func (s *Swarm) Resend(id wire.ViewerID) {
	if c := s.homes[id]; c != nil {
		m := c.find(id)
		m.stale, m.bridged, m.bridges = true, true, atOnce // that it has none any more may be what it missed
		s.touch(c)
	}
}

// Introduce has the next Flush tell of the viewer if the others of its cell have not heard of it yet, gap or no gap:
// call it before the viewer's first word to one of them is passed on. It tells whether there is need for that Flush.
// Of bridges every Flush tells in any case.
func (s *Swarm) Introduce(id wire.ViewerID) bool {
	c := s.homes[id]
	if c == nil || !c.find(id).arrived {
		return false
	}
	c.urgent = true
	return true
}

// Together tells whether two viewers may have a link: they are members of the same cell or the ends of a bridge.
func (s *Swarm) Together(a, b wire.ViewerID) bool {
	c, d := s.homes[a], s.homes[b]
	if c == nil || d == nil || a == b {
		return false
	}
	return c == d || c.parent == d && c.hasBridge(a, b) || d.parent == c && d.hasBridge(b, a)
}

// Roster returns the cell of a viewer as it is now, under the version told last.
func (s *Swarm) Roster(id wire.ViewerID) (wire.Roster, bool) {
	c := s.homes[id]
	if c == nil {
		return wire.Roster{}, false
	}
	return c.roster(), true
}

// Member returns what the cell of a viewer knows of it.
func (s *Swarm) Member(id wire.ViewerID) (wire.Member, bool) {
	c := s.homes[id]
	if c == nil {
		return wire.Member{}, false
	}
	return c.find(id).Member, true
}

// Viewers returns how many viewers there are.
func (s *Swarm) Viewers() int { return len(s.homes) }

// Cells returns how many cells there are.
func (s *Swarm) Cells() int { return s.cells }

// Roots returns how many cells fetch from the edge.
func (s *Swarm) Roots() int { return s.roots }

// Bridges returns how many bridges there are.
func (s *Swarm) Bridges() int { return s.bridges }

// Moves returns how many times a viewer was put into another cell.
func (s *Swarm) Moves() uint64 { return s.moves }

// shelve files c as it is now, unless it is empty; unshelve takes it from where its count had it.
func (s *Swarm) shelve(c *cell) {
	if n := len(c.members); n > 0 {
		c.place = len(s.byCount[n])
		s.byCount[n] = append(s.byCount[n], c)
		s.cells++
	}
	s.refile(c)
	s.loosen(c)
	s.touch(c)
}

func (s *Swarm) unshelve(c *cell) {
	n := len(c.members)
	if n == 0 {
		return
	}
	shelf := s.byCount[n]
	last := shelf[len(shelf)-1]
	shelf[c.place], last.place = last, c.place
	shelf[len(shelf)-1] = nil
	s.byCount[n] = shelf[:len(shelf)-1]
	s.cells--
}

func (s *Swarm) touch(c *cell) {
	if !c.dirty {
		c.dirty = true
		s.dirty = append(s.dirty, c)
	}
}
