package scheduler

import "github.com/shoal-live/shoal/swarm/wire"

// hop is what one more step between peers is taken to cost, beside the bytes.
const hop = 40 * Millisecond

// How far behind one's own uplink may be: tooBusy to own another chunk, hopeless to pass pieces on.
const (
	tooBusy  = 400 * Millisecond
	hopeless = 900 * Millisecond
)

// backlog is how many bytes may wait in a link's buffer before nothing is pushed over it.
const backlog = 512 << 10

// push gives a chunk that was fetched for the cell to all who do not hold it. Each piece goes the way that is done
// first: to one peer that passes it on to all others, or straight to everybody.
func (s *Scheduler) push(c *chunk) {
	targets := s.targets(c, 0)
	if len(targets) == 0 || s.self.Flags&wire.MayUpload == 0 {
		return
	}
	for _, l := range targets {
		s.sendHashes(c, l)
	}
	straight := s.share(c, targets)
	first := 0
	for _, l := range targets {
		s.sendPieces(c, l, first, l.share, wire.FlagRelay)
		first += l.share
	}
	for _, l := range targets {
		s.sendPieces(c, l, c.pieces-straight, straight, 0)
	}
}

// share sets how many pieces to scatter to each target, and returns how many remain to be sent straight to everybody. Every
// piece is given to the one that would be done with it first, itself included: a relay has its share to send to all
// others, and the owner's uplink carries every piece once in any case.
func (s *Scheduler) share(c *chunk, targets []*link) (straight int) {
	for _, l := range targets {
		l.share = 0
	}
	fan := len(targets) - 1
	own := max(int(s.self.Weight), 1)
	each := int(c.record.PieceSize) * fan
	for range c.pieces {
		best := airtime((straight+1)*each, own)
		var to *link
		for _, l := range targets {
			if u := l.uplink(); u > 0 {
				if done := hop + airtime((l.share+1)*each, u); done < best {
					best, to = done, l
				}
			}
		}
		if to == nil {
			straight++
		} else {
			to.share++
		}
	}
	return straight
}

// airtime is how long bytes take over an uplink of weight units of 10 kbit/s.
func airtime(bytes, weight int) Time { return Time(bytes) * 8 * 100 / Time(weight) }

// relay passes verified pieces on to all who may lack them.
func (s *Scheduler) relay(c *chunk, t taking) {
	if s.self.Flags&wire.MayUpload == 0 {
		return
	}
	if s.uplinkFree-s.now > hopeless {
		return // it would come after its deadline, and make all that follows late
	}
	for _, l := range s.targets(c, t.from) {
		s.sendPieces(c, l, t.first, t.count, 0)
	}
}

// forward passes verified pieces on to those who asked for what this peer sends, because they have no link to it.
func (s *Scheduler) forward(c *chunk, t taking) {
	from := s.link(t.from)
	if from == nil || from.forwards == 0 || s.self.Flags&wire.MayUpload == 0 {
		return
	}
	for _, l := range s.targets(c, t.from) {
		if from.forwards&l.slot == 0 {
			continue
		}
		if c.hashesSent&l.slot == 0 { // it may have nobody else to check the pieces by
			s.sendHashes(c, l)
		}
		s.sendPieces(c, l, t.first, t.count, 0)
	}
}

// targets returns the links over which c may be pushed: up, not clogged, not except, not known to hold it.
func (s *Scheduler) targets(c *chunk, except Peer) []*link {
	var targets []*link
	for _, l := range s.links {
		if l.up && l.peer != except && l.buffered < backlog && c.holders&l.slot == 0 {
			targets = append(targets, l)
		}
	}
	return targets
}

func (s *Scheduler) sendHashes(c *chunk, l *link) {
	c.hashesSent |= l.slot
	s.queue.add(Action{Kind: SendHashes, Peer: l.peer, Chunk: c.handle,
		Bytes: s.queue.encode(s.frame(wire.Hashes, c), nil)})
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
		s.uplinkFree = max(s.uplinkFree, s.now) + airtime(to-from, max(int(s.self.Weight), 1))
		first, count = first+n, count-n
	}
}

// tell sends a frame without payload about c over every link that is not in except.
func (s *Scheduler) tell(t wire.FrameType, c *chunk, except uint64) {
	for _, l := range s.links {
		if l.up && l.slot&except == 0 {
			s.queue.add(Action{Kind: Send, Peer: l.peer, Bytes: s.queue.encode(s.frame(t, c), nil)})
		}
	}
}

func (s *Scheduler) frame(t wire.FrameType, c *chunk) wire.Frame {
	return wire.Frame{Type: t, Version: s.version, ID: c.record.ID}
}
