package scheduler

import "github.com/shoal-live/shoal/swarm/wire"

// hop is what one more step between peers is taken to cost, beside the bytes.
const hop = 40 * Millisecond

// backlog is how many bytes may wait in a link's buffer before nothing is pushed over it.
const backlog = 512 << 10

// push gives a chunk that was fetched for the cell to all who do not hold it: straight to each, or scattered, a run of
// pieces to each, which they pass on to the others; whichever the uplinks make sooner.
func (s *Scheduler) push(c *chunk) {
	targets := s.targets(c, 0)
	if len(targets) == 0 || s.self.Flags&wire.MayUpload == 0 {
		return
	}
	for _, l := range targets {
		s.queue.add(Action{Kind: SendHashes, Peer: l.peer, Chunk: c.handle,
			Bytes: s.queue.encode(s.frame(wire.Hashes, c), nil)})
	}
	if shares := s.shares(c, targets); shares != nil {
		first := 0
		for i, l := range targets {
			s.sendPieces(c, l, first, shares[i], wire.FlagRelay)
			first += shares[i]
		}
		return
	}
	for _, l := range targets {
		s.sendPieces(c, l, 0, c.pieces, 0)
		c.holders |= l.slot
	}
}

// shares returns how many pieces to scatter to each target, in proportion to their uplinks, or nil if sending
// everything straight to everybody is sooner.
func (s *Scheduler) shares(c *chunk, targets []*link) []int {
	if len(targets) < 2 || c.pieces < 2 {
		return nil
	}
	total := 0
	for _, l := range targets {
		total += l.uplink()
	}
	if total == 0 {
		return nil
	}
	shares := make([]int, len(targets))
	var given, sum int
	for i, l := range targets {
		sum += l.uplink()
		shares[i] = c.pieces*sum/total - given
		given += shares[i]
	}
	own := max(int(s.self.Weight), 1)
	straight := airtime(int(c.record.Size)*len(targets), own)
	slowest := Time(0)
	for i, l := range targets {
		if shares[i] > 0 {
			slowest = max(slowest, airtime(shares[i]*int(c.record.PieceSize)*(len(targets)-1), l.uplink()))
		}
	}
	if airtime(int(c.record.Size), own)+slowest+hop >= straight {
		return nil
	}
	return shares
}

// airtime is how long bytes take over an uplink of weight units of 10 kbit/s.
func airtime(bytes, weight int) Time { return Time(bytes) * 8 * 100 / Time(weight) }

// relay passes verified pieces on to all who may lack them.
func (s *Scheduler) relay(c *chunk, t taking) {
	if s.self.Flags&wire.MayUpload == 0 {
		return
	}
	for _, l := range s.targets(c, t.from) {
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
