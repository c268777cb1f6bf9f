package scheduler

import (
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// havePause is how long chunks that are whole are gathered before those of the cell are told who did not hear it along
// with something else.
// Where nobody has pulled for a while, everybody gets everything.
const (
	havePause     = 400 * Millisecond
	calmHavePause = 2 * Second
	calm          = 3 * Second
)

// holdsNow notes that a chunk is whole, of which the cell is to be told.
func (s *Scheduler) holdsNow(c *chunk) {
	at := s.now + havePause
	if s.now-s.wanted > calm {
		at = s.now + calmHavePause
	}
	if len(s.haves) == 0 || at < s.haveAt {
		s.haveAt = at
	}
	s.haves = append(s.haves, c.handle)
}

// tellHaves tells the cell of the chunks that came to be whole lately.
func (s *Scheduler) tellHaves() {
	if len(s.haves) == 0 || s.now < s.haveAt {
		return
	}
	for _, l := range s.links {
		if !l.up || l.role != ofCell {
			continue
		}
		s.untold = s.untold[:0]
		for _, h := range s.haves {
			if c := s.chunk(h); c != nil && c.toldHeld&l.slot == 0 {
				s.untold = append(s.untold, h)
			}
		}
		s.listHeld(l, s.untold)
	}
	s.haves = s.haves[:0]
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
		s.queue.add(Action{Kind: Send, Peer: l.peer, Bytes: s.queue.encode(s.frame(wire.Have, first), s.list)})
	}
}

// heldBefore returns which of the parts before a frame's chunk are held that the peer was not told of.
func (s *Scheduler) heldBefore(l *link, frame []byte) (held uint8) {
	if len(s.haves) == 0 || l.role != ofCell {
		return 0
	}
	f, _, err := wire.ParseFrame(frame)
	if err != nil {
		return 0
	}
	for _, h := range s.haves {
		c := s.chunk(h)
		if c == nil || c.toldHeld&l.slot != 0 {
			continue
		}
		before := c.record.ID
		back := int(f.ID.Part) - int(before.Part)
		if before.Part = f.ID.Part; before == f.ID && back >= 1 && back <= 8 {
			held |= 1 << (back - 1)
			c.toldHeld |= l.slot
		}
	}
	return held
}

// hearHeld takes what a frame says of the parts before its chunk.
func (s *Scheduler) hearHeld(l *link, f wire.Frame) {
	if f.ID.Kind != wire.Part || l.role != ofCell {
		return
	}
	for held, id := f.Held, f.ID; held != 0 && id.Part > 0; held >>= 1 {
		id.Part--
		if held&1 == 0 {
			continue
		}
		if c := s.chunk(s.handleOf(id)); c != nil {
			c.holders |= l.slot
		}
	}
}
