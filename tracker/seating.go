package tracker

import "github.com/shoal-live/shoal/swarm/wire"

// What a stream knows of who sits with whom, be its cells kept here or elsewhere. Entries into cells are counted on when
// the keeper changes: what came after something before comes after it then.

// sameCell tells whether two viewers are members of one cell.
func (s *stream) sameCell(a, b wire.ViewerID) bool {
	if s.keeper != nil {
		return s.keeper.swarm.SameCell(a, b)
	}
	return s.mirror.sameCell(a, b)
}

// came returns which of all entries a viewer's into its present cell was; 0 if that is not known.
func (s *stream) came(id wire.ViewerID) uint64 {
	if s.keeper != nil {
		return s.keeper.swarm.Came(id)
	}
	return s.mirror.came[id]
}

// entries returns how many times a viewer has entered a cell, so far.
func (s *stream) entries() uint64 {
	if s.keeper != nil {
		return s.keeper.swarm.Entries()
	}
	return s.mirror.entries
}

// inAll returns how many viewers are in cells, those elsewhere included.
func (s *stream) inAll() int {
	if s.keeper != nil {
		return s.keeper.swarm.Viewers()
	}
	return max(len(s.viewers), int(s.tie.viewers))
}
