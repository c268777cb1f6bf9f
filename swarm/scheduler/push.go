package scheduler

import "github.com/shoal-live/shoal/swarm/wire"

// How far behind one's own uplink may be: tooBusy to own another chunk, hopeless to pass pieces on.
const (
	tooBusy  = 250 * Millisecond
	hopeless = 900 * Millisecond
)

// backlog is how many bytes may wait in a link's buffer before nothing is pushed over it.
const backlog = 512 << 10

// push gives pieces of a chunk that is fetched for the cell to those who pass them on, or straight to all. A feeder's pieces come in
// any order: they are dealt out in the order in which they come.
func (s *Scheduler) push(c *chunk, first, count int) {
	if !s.mayUpload() {
		return
	}
	s.beginPush(c)
	if c.easy && c.heldCount < c.pieces {
		s.pushGathered(c)
		return
	}
	if c.easy {
		first, count, c.waiting = 0, c.pieces, 0
	}
	for i := first; i < first+count; {
		if c.pushed.has(i) {
			i++
			continue
		}
		at, n := i, 1
		if c.dealt {
			at = c.turns
		}
		for i+n < first+count && !c.pushed.has(i+n) && c.planOf(at+n) == c.planOf(at) {
			n++
		}
		c.turns += n
		s.pushRun(c, at, i, n)
		i += n
	}
}

// pushGathered pushes the runs of pieces that are large enough, or all that are held once they waited long enough.
func (s *Scheduler) pushGathered(c *chunk) {
	late := c.waiting != 0 && s.now-c.waiting >= gatherPause
	left := false
	for i := 0; i < c.pieces; {
		n := 0
		for i+n < c.pieces && c.held.has(i+n) && !c.pushed.has(i+n) && c.planOf(i+n) == c.planOf(i) {
			n++
		}
		whole := i+n < c.pieces && c.planOf(i+n) != c.planOf(i) // no more can come behind it
		switch {
		case n == 0:
			n = 1
		case late || whole || n*int(c.record.PieceSize) >= gathered:
			s.pushRun(c, i, i, n)
		default:
			left = true
		}
		i += n
	}
	switch {
	case !left:
		c.waiting = 0
	case c.waiting == 0 || late:
		c.waiting = s.now
	}
}

// pushRun gives pieces that have the same relay to it, or to all.
func (s *Scheduler) pushRun(c *chunk, at, first, count int) {
	l := s.planned(c, at)
	if l == nil {
		if !c.heard {
			s.moreHashes(c, len(s.links))
		}
		s.spread(c, first, count, nil)
		return
	}
	if !c.heard {
		s.hashesFirst(c, l, count)
	}
	for i := first; i < first+count; i++ {
		c.pushed.set(i)
	}
	switch {
	case c.served&l.slot != 0 && c.dealt: // the others were told when the chunk was planned
		s.sendRelay(c, l, first, count, onwardFlag(c.planOf(at)))
	case c.served&l.slot != 0:
	case c.planOf(at)&onward != 0:
		s.post(scatters, c, first, count, wire.FlagOnward, l.slot)
	default:
		s.post(scatters, c, first, count, wire.FlagRelay, l.slot)
		s.forwardPieces(c, l, first, count)
	}
}

// hashesFirst sends the hashes to one who is about to be sent pieces, and to one more for each piece that others will be sent.
func (s *Scheduler) hashesFirst(c *chunk, to *link, pieces int) {
	if c.hashesSent&to.slot == 0 && s.lacks(c, to) {
		s.sendHashes(c, to)
	}
	s.moreHashes(c, pieces)
}

// moreHashes sends the hashes to so many of those who were not sent them yet.
func (s *Scheduler) moreHashes(c *chunk, most int) {
	for i := range 2 * len(s.links) {
		l := s.links[i%len(s.links)]
		if l.carries == (i < len(s.links)) && most > 0 && c.hashesSent&l.slot == 0 && s.lacks(c, l) {
			s.sendHashes(c, l)
			most--
		}
	}
}

// spread sends pieces to all who lack them, but each piece of a chunk only once.
func (s *Scheduler) spread(c *chunk, first, count int, except *link) {
	if !s.mayUpload() || s.backlogTime() > hopeless {
		return // it would come after its deadline, and make all that follows late
	}
	for from, n := c.pushed.run(first, first+count, false); n > 0; from, n = c.pushed.run(from+n, first+count, false) {
		for i := from; i < from+n; i++ {
			c.pushed.set(i)
		}
		var to, sooner uint64
		for _, l := range s.links {
			switch {
			case l == except:
			case s.lacks(c, l) && l.feeds:
				sooner |= l.slot
			case s.lacks(c, l):
				to |= l.slot
			case l.carries && l.up && l.role == ofCell:
				s.sendRelay(c, l, from, n, wire.FlagStandIn)
			}
		}
		s.post(forwards, c, from, n, 0, sooner) // other cells wait for what these get
		s.post(spreads, c, from, n, 0, to)
	}
}

// heldMore is called when pieces came to be held: what is to be passed on is.
func (s *Scheduler) heldMore(c *chunk, first, count int) {
	s.feed(c, first, count)
	s.stood(c)
	s.runErrands(c)
	if c.duty {
		s.push(c, first, count)
		if c.heldCount == c.pieces && !c.heard {
			s.moreHashes(c, len(s.links))
		}
		return
	}
	for from, n := c.orders.run(first, first+count, true); n > 0; from, n = c.orders.run(from+n, first+count, true) {
		s.spread(c, from, n, nil)
	}
}

func (s *Scheduler) sendRelay(c *chunk, l *link, first, count int, flags uint8) {
	f := s.frame(wire.Relay, c)
	f.Index, f.Flags = uint16(first), flags
	s.queue.add(Action{Kind: Send, Peer: l.peer, Bytes: s.queue.encode(f, []byte{byte(count >> 8), byte(count)})})
}

// forward passes verified pieces on to those who asked for what this peer sends, because they have no link to it.
func (s *Scheduler) forward(c *chunk, t taking) {
	from := s.link(t.from)
	if from != nil {
		s.forwardPieces(c, from, t.first, t.count)
	}
}

func (s *Scheduler) forwardPieces(c *chunk, from *link, first, count int) {
	if from.forwards == 0 || !s.mayUpload() {
		return
	}
	for _, l := range s.links {
		if from.forwards&l.slot != 0 && s.lacks(c, l) {
			s.post(forwards, c, first, count, wire.FlagForYou, l.slot)
			s.forwarded += count * int(c.record.PieceSize)
		}
	}
}

// forwardHashes does the same for hashes: those who asked may have nobody else to check the pieces by.
func (s *Scheduler) forwardHashes(c *chunk, from *link) {
	if from.forwards == 0 {
		return
	}
	for _, l := range s.links {
		if from.forwards&l.slot != 0 && s.lacks(c, l) && c.hashesSent&l.slot == 0 {
			s.sendHashes(c, l)
		}
	}
}

func (s *Scheduler) sendHashes(c *chunk, l *link) {
	c.hashesSent |= l.slot
	s.queue.add(Action{Kind: SendHashes, Peer: l.peer, Chunk: c.handle,
		Bytes: s.queue.encode(s.frame(wire.Hashes, c), nil)})
	s.handOut(wire.FrameHeaderSize + 32*c.pieces)
}

func (s *Scheduler) sendPieces(c *chunk, l *link, first, count int, flags uint8) {
	most := wire.MaxFramePayload / int(c.record.PieceSize)
	for count > 0 {
		n := min(count, most)
		f := s.frame(wire.Pieces, c)
		f.Index, f.Flags = uint16(first), flags
		s.queue.add(Action{Kind: SendPieces, Peer: l.peer, Chunk: c.handle, First: first, Count: n,
			Bytes: s.queue.encode(f, nil)})
		from, to := c.record.PieceBounds(first, n)
		s.stats.BytesToPeers += uint64(to - from)
		s.handOut(wire.FrameHeaderSize + to - from)
		first, count = first+n, count-n
	}
}

// tell sends a frame without payload about c over every link of the cell that is not in except.
func (s *Scheduler) tell(t wire.FrameType, c *chunk, except uint64) {
	for _, l := range s.links {
		if l.up && l.role == ofCell && l.slot&except == 0 && l.rendition == c.record.ID.Rendition {
			f := s.frame(t, c)
			if t == wire.Fetching {
				f.Index = c.excess
			}
			s.queue.add(Action{Kind: Send, Peer: l.peer, Bytes: s.queue.encode(f, nil)})
		}
	}
}

func (s *Scheduler) frame(t wire.FrameType, c *chunk) wire.Frame {
	return s.frameOf(t, c.record.ID)
}

func (s *Scheduler) frameOf(t wire.FrameType, id wire.ChunkID) wire.Frame {
	behind := min(s.backlogTime()/Millisecond, 65535)
	return wire.Frame{Type: t, Backlog: uint16(behind), ID: id}
}
