package scheduler

import "github.com/shoal-live/shoal/swarm/wire"

// parkAhead is how many segments ahead of the newest that is learned a peer may be.
const parkAhead = 2

// Frame takes a message of a peer. For bulk frames b is the header alone and payload the number of bytes behind it,
// which stay with the host; for all others b is the whole message.
func (s *Scheduler) Frame(now Time, p Peer, b []byte, payload int) {
	s.begin(now)
	l := s.link(p)
	if l == nil || !l.up {
		return
	}
	f, rest, err := wire.ParseFrame(b)
	if err != nil || payload < 0 || payload > wire.MaxFramePayload {
		s.cut(l, BadFrame)
		return
	}
	s.heed(l, f)
	c := s.chunkByID(f.ID)
	switch f.Type {
	case wire.Have:
		s.heard(l, f, c)
		s.heardMore(l, rest)
	case wire.Fetching, wire.Failed:
		s.heard(l, f, c)
		s.forwardWord(l, f)
	case wire.Announce:
		s.offeredRecord(l, f, c, rest)
	case wire.Relay:
		s.ordered(l, f, c, rest)
	case wire.Want:
		s.serve(c, l, f, rest)
	case wire.Deny:
		s.denied(l, f, c)
	case wire.Forward:
		s.askedToForward(l, f, rest)
	case wire.Hashes:
		s.offeredHashes(l, f, c, payload)
	case wire.Pieces:
		s.offeredPieces(l, f, c, payload)
	}
}

// heard takes what a peer says of its own dealings with a chunk.
func (s *Scheduler) heard(l *link, f wire.Frame, c *chunk) {
	if c == nil {
		if f.Type != wire.Failed {
			s.park(l, f.ID)
		}
		for i := range s.offers {
			if o := &s.offers[i]; o.id == f.ID && f.Type == wire.Failed {
				o.claimers &^= l.slot
			}
		}
		return
	}
	switch f.Type {
	case wire.Have:
		c.holders |= l.slot
	case wire.Fetching:
		if l.role == former {
			return
		}
		if f.Flags&wire.FlagPassedOn == 0 {
			c.promise(l.slot)
		}
		s.claim(c, l.slot, f.Index)
	case wire.Failed:
		if c.claimers&l.slot != 0 {
			c.failed = s.now
			c.fetchers &^= l.slot
			if c.claimers &^= l.slot; c.claimers == 0 {
				c.claimed = 0
			}
		}
	}
	if !c.complete {
		c.wakeAt(s.now + Millisecond)
	}
}

// heardMore takes the further chunk IDs of a Have. A peer lists what it held before the link opened; what is not
// learned yet then is announced again when it is served, so it is left out here. Nobody keeps more than maxChunks.
func (s *Scheduler) heardMore(l *link, ids []byte) {
	if len(ids) > maxChunks*wire.ChunkIDSize {
		s.cut(l, BadFrame)
		return
	}
	for len(ids) >= wire.ChunkIDSize {
		id, err := wire.ParseChunkID(ids)
		if err != nil {
			s.cut(l, BadFrame)
			return
		}
		if c := s.chunkByID(id); c != nil {
			c.holders |= l.slot
		}
		ids = ids[wire.ChunkIDSize:]
	}
}

// park asks the host to keep a frame about a chunk that is not learned, if it may be soon: it is the next after all that
// are, or nearly.
func (s *Scheduler) park(l *link, id wire.ChunkID) {
	if id.Epoch == s.epoch && id.Compare(s.newest) > 0 && id.MSN <= s.newest.MSN+parkAhead {
		s.queue.add(Action{Kind: Park, Peer: l.peer})
	}
}

// denied takes a refusal of our pull, or of our wish for a chunk as a follower. Who is busy holds the chunk all the same: what is on its way may still come.
func (s *Scheduler) denied(l *link, f wire.Frame, c *chunk) {
	if c == nil || c.complete {
		return
	}
	if f.Index != wire.DenyBusy {
		c.holders &^= l.slot
		c.fetchers &^= l.slot
	}
	if c.feeder == l.peer {
		s.refused(l)
		s.handOver(c)
		s.consider(c)
		return
	}
	if c.want.from == l.peer {
		c.want = want{}
		if f.Index == wire.DenyBusy {
			c.want.until = s.now + pushQuiet
			if l.free-s.now <= tooBusy/2 { // who has much to send says that, too
				c.deniers |= l.slot
			}
		}
		s.consider(c)
	}
}

func (s *Scheduler) offeredHashes(l *link, f wire.Frame, c *chunk, payload int) {
	switch {
	case c == nil:
		s.park(l, f.ID)
	case payload != 32*c.pieces:
		s.ban(l)
	case c.hashes == noHashes:
		c.hashes = takingHashes
		c.progressed(s.now)
		s.queue.add(Action{Kind: TakeHashes, Peer: l.peer, Chunk: c.handle})
	}
}

// HashesTaken tells the outcome of a TakeHashes.
func (s *Scheduler) HashesTaken(now Time, p Peer, h Chunk, ok bool) {
	s.begin(now)
	c := s.chunk(h)
	if c != nil && p == 0 && ok && c.hashes != holdHashes { // the edge's answer brought them
		s.hashesHeld(c, p)
		return
	}
	if c == nil || c.hashes != takingHashes {
		return
	}
	if ok {
		if l := s.link(p); l != nil {
			l.gave(c)
		}
		s.hashesHeld(c, p)
		return
	}
	c.hashes = noHashes
	s.stats.BadPieces++
	if l := s.link(p); l != nil {
		s.ban(l)
	}
}

// hashesHeld: pieces can be verified now, and so passed on.
func (s *Scheduler) hashesHeld(c *chunk, from Peer) {
	l := s.link(from)
	c.hashes, c.heard = holdHashes, l != nil && l.role == ofCell
	if c.duty {
		s.beginPush(c)
	} else if l != nil {
		s.forwardHashes(c, l)
	}
	s.feedHashes(c)
}

func (s *Scheduler) offeredPieces(l *link, f wire.Frame, c *chunk, payload int) {
	if c == nil {
		s.park(l, f.ID)
		return
	}
	size := int(c.record.PieceSize)
	first, count := int(f.Index), (payload+size-1)/size
	if payload == 0 || first+count > c.pieces {
		s.ban(l)
		return
	}
	if from, to := c.record.PieceBounds(first, count); to-from != payload {
		s.ban(l)
		return
	}
	l.strikes = 0
	l.gave(c)
	if c.want.from == l.peer {
		c.want.until = s.now + pullPatience
	}
	if !c.lacks(first, count) {
		s.stats.DuplicateBytes += uint64(payload)
		return
	}
	if c.hashes != holdHashes {
		c.progressed(s.now)
		if c.hashes == noHashes && s.now-c.began >= hashPatience {
			s.pullHashes(c, l.peer)
		}
		s.queue.add(Action{Kind: Park, Peer: l.peer})
		return
	}
	c.progressed(s.now)
	c.taking = append(c.taking, taking{from: l.peer, first: first, count: count, flags: f.Flags})
	for i := first; i < first+count; i++ {
		c.takingMap.set(i)
	}
	s.queue.add(Action{Kind: TakePieces, Peer: l.peer, Chunk: c.handle, First: first, Count: count})
}

// PiecesTaken tells the outcome of a TakePieces.
func (s *Scheduler) PiecesTaken(now Time, p Peer, h Chunk, first, count int, ok bool) {
	s.begin(now)
	c := s.chunk(h)
	if c == nil {
		return
	}
	t, found := c.taken(p, first, count)
	if !found {
		return
	}
	if !ok {
		s.stats.BadPieces += uint64(count)
		if l := s.link(p); l != nil {
			s.ban(l)
		}
		s.consider(c)
		return
	}
	from, to := c.record.PieceBounds(first, count)
	fresh := c.hold(first, count)
	c.fromPeers += fresh
	s.stats.BytesFromPeers += uint64(fresh)
	s.stats.DuplicateBytes += uint64(to - from - fresh)
	switch {
	case t.flags&wire.FlagOnward != 0 && s.passOnward(c, s.link(p), first, count):
	case t.flags&wire.FlagOnward != 0:
		s.spreadInstead(c, first, count, s.link(p))
	case t.flags&wire.FlagRelay != 0:
		s.spread(c, first, count, s.link(p))
	case t.flags&wire.FlagForYou == 0:
		s.forward(c, t)
	}
	s.heldMore(c, first, count)
	if !c.complete && c.heldCount == c.pieces {
		s.completed(c)
	}
}

// taken takes a run out of the list of those being verified.
func (c *chunk) taken(p Peer, first, count int) (t taking, found bool) {
	for i := range c.taking {
		if t = c.taking[i]; t.from == p && t.first == first && t.count == count {
			c.taking = append(c.taking[:i], c.taking[i+1:]...)
			found = true
			break
		}
	}
	c.takingMap.clear()
	for _, other := range c.taking {
		for i := other.first; i < other.first+other.count; i++ {
			c.takingMap.set(i)
		}
	}
	return t, found
}
