// Package cell puts the viewers of one stream into cells: groups of up to a couple of dozen that are fully meshed
// with each other and fetch each chunk from the edge once.
//
// A [Swarm] is the state of one stream. Join, Leave and Update change it; [Swarm.Flush] then says who must be told
// what: a Roster to those who know nothing of their cell yet, a Delta to the others. So a caller that flushes after
// every change tells each change at once, and one that flushes later coalesces: however many changes a cell saw,
// its version grows by one and each member gets one message. Gap bounds how often a cell's Deltas come.
//
// Rules: a newcomer goes to the fullest cell that has room, so that cells do not stay tiny; a new cell is opened
// only when all are full; when a leave lets two cells hold together no more than two thirds of the size, the smaller
// moves into the larger. A moved member keeps its links to those who moved with it, but is not Ready until it says so
// anew: it has no link yet to those whom it comes to. It learns that from its own entry in the Roster.
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
	"math"
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// DefaultSize is how many members a cell has room for unless told otherwise.
const DefaultSize = 24

// What can be wrong with a viewer that joins.
var (
	ErrZero  = errors.New("cell: viewer ID is zero")
	ErrTwice = errors.New("cell: viewer is already in the swarm")
)

// Swarm is the viewers of one stream in their cells.
type Swarm struct {
	size    int
	gap     int64
	opened  uint32 // cells so far; the next one's ID less one
	homes   map[wire.ViewerID]*cell
	byCount [][]*cell // cells by how many members they have; [0] stays empty
	cells   int
	dirty   []*cell // cells with something to tell, in the order in which they became so
}

// New returns an empty swarm whose cells have room for size members (0: DefaultSize; 2 to wire.MaxMembers) and get
// at most one Delta each gap. The gap is in the unit of the caller's clock, 0 for none.
func New(size int, gap int64) *Swarm {
	if size == 0 {
		size = DefaultSize
	}
	size = max(2, min(size, wire.MaxMembers))
	return &Swarm{size: size, gap: gap, homes: map[wire.ViewerID]*cell{}, byCount: make([][]*cell, size+1)}
}

// Join puts a viewer into the fullest cell that has room.
func (s *Swarm) Join(m wire.Member) error {
	if m.ID == 0 {
		return ErrZero
	}
	if s.homes[m.ID] != nil {
		return ErrTwice
	}
	s.enter(s.roomy(), m)
	return nil
}

// Leave takes a viewer out and tells whether it was there. Two cells may become one.
func (s *Swarm) Leave(id wire.ViewerID) bool {
	c := s.homes[id]
	if c == nil {
		return false
	}
	delete(s.homes, id)
	s.unshelve(c)
	c.remove(id)
	s.shelve(c)
	s.touch(c)
	s.merge(c)
	return true
}

// Update changes what a viewer says of itself and tells whether that was a change.
func (s *Swarm) Update(id wire.ViewerID, flags uint8, weight uint16) bool {
	c := s.homes[id]
	if c == nil || !c.update(id, flags, weight) {
		return false
	}
	s.touch(c)
	return true
}

// Resend has the next Flush send the viewer a whole Roster: it may have missed a Delta.
func (s *Swarm) Resend(id wire.ViewerID) {
	if c := s.homes[id]; c != nil {
		c.find(id).stale = true
		s.touch(c)
	}
}

// Introduce has the next Flush tell of the viewer if the others of its cell have not heard of it yet, gap or no gap:
// call it before the viewer's first word to one of them is passed on.
func (s *Swarm) Introduce(id wire.ViewerID) {
	if c := s.homes[id]; c != nil && c.find(id).arrived {
		c.urgent = true
	}
}

// Together tells whether two viewers are members of the same cell.
func (s *Swarm) Together(a, b wire.ViewerID) bool {
	c := s.homes[a]
	return c != nil && a != b && c == s.homes[b]
}

// Roster returns the cell of a viewer as it is now, under the version told last.
func (s *Swarm) Roster(id wire.ViewerID) (wire.Roster, bool) {
	c := s.homes[id]
	if c == nil {
		return wire.Roster{}, false
	}
	return c.roster(), true
}

// Viewers returns how many viewers there are.
func (s *Swarm) Viewers() int { return len(s.homes) }

// Cells returns how many cells there are.
func (s *Swarm) Cells() int { return s.cells }

// roomy returns the fullest cell that has room, a new one if there is none.
func (s *Swarm) roomy() *cell {
	for n := s.size - 1; n > 0; n-- {
		if c := s.byCount[n]; len(c) > 0 {
			return c[len(c)-1]
		}
	}
	s.opened++
	return &cell{id: s.opened, told: math.MinInt64}
}

func (s *Swarm) enter(c *cell, m wire.Member) {
	s.unshelve(c)
	c.add(m)
	s.homes[m.ID] = c
	s.shelve(c)
	s.touch(c)
}

// merge joins c, which has just shrunk, with the fullest cell that keeps the sum within two thirds of the size. As
// the swarm had no such pair before, one merge is all there is to do.
func (s *Swarm) merge(c *cell) {
	for n := s.size*2/3 - len(c.members); n > 0 && len(c.members) > 0; n-- {
		for _, other := range slices.Backward(s.byCount[n]) {
			if other != c {
				s.move(c, other)
				return
			}
		}
	}
}

// move puts the members of the smaller of two cells into the other; of equals the elder stays.
func (s *Swarm) move(from, to *cell) {
	if len(from.members) > len(to.members) || len(from.members) == len(to.members) && from.id < to.id {
		from, to = to, from
	}
	s.unshelve(from)
	for _, m := range from.members {
		m.Flags &^= wire.Ready
		s.enter(to, m.Member)
	}
	from.members, from.left = nil, nil
}

// shelve files c under its count, unless it is empty; unshelve takes it out.
func (s *Swarm) shelve(c *cell) {
	if n := len(c.members); n > 0 {
		c.place = len(s.byCount[n])
		s.byCount[n] = append(s.byCount[n], c)
		s.cells++
	}
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
