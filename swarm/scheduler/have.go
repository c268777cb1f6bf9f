package scheduler

import (
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// havePause is how long a chunk that is whole waits for frames that tell of it along with something else. Then those of the
// cell who were sent none are told, and with it of all younger ones. Where nobody has pulled for a while there is more time.
const (
	havePause     = 400 * Millisecond
	calmHavePause = 2 * Second
	calm          = 3 * Second
)

// news is a chunk that came to be whole, and when those of the cell are told who have not heard by then.
type news struct {
	chunk Chunk
	at    Time
}

// holdsNow notes that a chunk is whole, of which the cell is to be told.
func (s *Scheduler) holdsNow(c *chunk) {
	at := s.now + havePause
	if s.now-s.wanted > calm {
		at = s.now + calmHavePause
	}
	s.haves = append(s.haves, news{c.handle, at})
}

// havesAt returns when somebody is to be told of a chunk; there is one.
func (s *Scheduler) havesAt() Time {
	at := s.haves[0].at
	for _, n := range s.haves {
		at = min(at, n.at)
	}
	return at
}

// tellHaves tells the cell of chunks that have been whole for so long.
func (s *Scheduler) tellHaves() {
	if len(s.haves) == 0 || s.now < s.havesAt() {
		return
	}
	for _, l := range s.links {
		if !l.up || l.role != ofCell {
			continue
		}
		s.untold = s.untold[:0]
		late := false
		for _, n := range s.haves {
			if c := s.chunk(n.chunk); c != nil && c.toldHeld&l.slot == 0 {
				s.untold = append(s.untold, n.chunk)
				late = late || n.at <= s.now
			}
		}
		if late {
			s.listHeld(l, s.untold)
		}
	}
	s.haves = slices.DeleteFunc(s.haves, func(n news) bool { return n.at <= s.now })
}

// mostListed is how many chunks one Have tells of.
const mostListed = 64

// listLately tells a peer which chunks are held, the newest.
func (s *Scheduler) listLately(l *link) {
	s.lately = s.lately[:0]
	for _, c := range slices.Backward(s.chunks) {
		if c.complete && len(s.lately) < mostListed {
			s.lately = append(s.lately, c.handle)
		}
	}
	s.listHeld(l, s.lately)
}

// listHeld tells a peer which of some chunks are held.
func (s *Scheduler) listHeld(l *link, handles []Chunk) {
	s.list = s.list[:0]
	var first *chunk
	for _, h := range handles {
		c := s.chunk(h)
		switch {
		case c == nil:
		case first == nil:
			first = c
		default:
			s.list = c.record.ID.Append(s.list)
		}
	}
	if first != nil {
		for _, h := range handles {
			if c := s.chunk(h); c != nil {
				c.toldHeld |= l.slot
			}
		}
		s.queue.add(Action{Kind: Send, Peer: l.peer, Bytes: s.queue.encode(s.frame(wire.Have, first), s.list)})
	}
}

// heldBits is how many of the parts before a frame's chunk it can tell of.
const heldBits = 8

// heldBefore returns which of the parts before a frame's chunk are held that the peer was not told of.
func (s *Scheduler) heldBefore(l *link, frame []byte) (held uint8) {
	if l.role != ofCell || !s.untoldTo(l) {
		return 0
	}
	f, _, err := wire.ParseFrame(frame)
	if err != nil {
		return 0
	}
	id, ok := s.partBefore(f.ID)
	for bit := range heldBits {
		if !ok {
			break
		}
		if c := s.chunk(s.handleOf(id)); c != nil && c.complete && c.toldHeld&l.slot == 0 {
			held |= 1 << bit
			c.toldHeld |= l.slot
		}
		id, ok = s.partBefore(id)
	}
	return held
}

// untoldTo tells whether there is a chunk of which a peer is still to be told.
func (s *Scheduler) untoldTo(l *link) bool {
	for _, n := range s.haves {
		if c := s.chunk(n.chunk); c != nil && c.toldHeld&l.slot == 0 {
			return true
		}
	}
	return false
}

// hearHeld takes what a frame says of the parts before its chunk.
func (s *Scheduler) hearHeld(l *link, f wire.Frame) {
	if l.role != ofCell || f.Held == 0 {
		return
	}
	id, ok := s.partBefore(f.ID)
	for held := f.Held; held != 0 && ok; held >>= 1 {
		if held&1 != 0 {
			if c := s.chunk(s.handleOf(id)); c != nil {
				c.holders |= l.slot
			}
		}
		id, ok = s.partBefore(id)
	}
}

// partBefore returns the part before one of the same rendition. Before the first of a segment comes the last of the one before that, which
// its record tells, where records do; else who has learnt of the one has most likely learnt of the other.
func (s *Scheduler) partBefore(id wire.ChunkID) (before wire.ChunkID, ok bool) {
	if id.Kind != wire.Part {
		return id, false
	}
	if id.Part > 0 {
		id.Part--
		return id, true
	}
	if s.handleOf(id) == 0 {
		return id, false
	}
	at := -1
	for i, other := range s.ids {
		if other.MSN+1 == id.MSN && other.Kind == wire.Part && other.Rendition == id.Rendition && other.Epoch == id.Epoch && (at < 0 || other.Part > before.Part) {
			before, at = other, i
		}
	}
	return before, at >= 0 && (!s.watch.tells || s.chunks[at].record.Last)
}
