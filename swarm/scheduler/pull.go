package scheduler

import (
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

const (
	// pushQuiet is how long nothing of a chunk must have come before what is missing is pulled.
	pushQuiet = 400 * Millisecond
	// hashPatience is how long hashes may come after the first pieces before they are asked for.
	hashPatience = 80 * Millisecond
	// pullPatience is how long an answer to a pull is waited for.
	pullPatience = 350 * Millisecond
	// mostAsked is how many bytes one peer may pull in a burst.
	mostAsked = 4 << 20
	// mostTimes is how often a peer may have us send it, or pass on for it, all of one chunk: what timed out or was dropped
	// is asked again.
	mostTimes = 3
	// maxStrikes is how many pulls in a row a peer may leave unanswered before it is asked no more.
	maxStrikes = 4
)

// pull asks the peer behind l for the pieces of c that are neither held nor on their way through verification.
func (s *Scheduler) pull(c *chunk, l *link) {
	f := s.frame(wire.Want, c)
	if c.hashes == noHashes {
		f.Flags |= wire.FlagWantHashes
		c.hashesAsked = s.now
	}
	var missing [maxPieces / 8]byte
	s.queue.add(Action{Kind: Send, Peer: l.peer, Bytes: s.queue.encode(f, appendMissing(missing[:0], c.pieces, &c.held, &c.takingMap))})
	c.want = want{from: l.peer, until: s.now + pullPatience}
	s.wanted = s.now
}

// pullHashes asks who sent pieces of c for the hashes to check them by.
func (s *Scheduler) pullHashes(c *chunk, p Peer) {
	if c.hashesAsked > 0 && s.now-c.hashesAsked < 150*Millisecond {
		return
	}
	c.hashesAsked = s.now
	f := s.frame(wire.Want, c)
	f.Flags = wire.FlagWantHashes
	s.queue.add(Action{Kind: Send, Peer: p, Bytes: s.queue.encode(f, nil)})
}

// busyPeer is what counts more than any strikes: who has much to send already, or would not send of this chunk, would be late, and make others late.
const busyPeer = 1 << 55

// bestHolder returns the link to the peer that should be asked for c: one that is not busy, with the fewest strikes; where they
// are equal, spread by chunk and by uplink. It returns nil where nobody is to be asked.
func (s *Scheduler) bestHolder(c *chunk) *link {
	var best *link
	var bestScore uint64
	for _, l := range s.links {
		if (c.holders|c.fetchers)&l.slot == 0 || !l.asks() {
			continue
		}
		score := negLog2(wire.Mix(uint64(l.id)^c.record.ID.Hash()^uint64(s.self.ID)))<<24/uint64(max(l.weight, 1)) | uint64(l.strikes)<<48
		if l.free-s.now > tooBusy/2 || c.deniers&l.slot != 0 {
			score |= busyPeer
		}
		if best == nil || score < bestScore {
			best, bestScore = l, score
		}
	}
	return best
}

// serve answers a Want of c.
func (s *Scheduler) serve(c *chunk, l *link, f wire.Frame, payload []byte) {
	most := tooBusy
	follows := f.Flags&wire.FlagAhead != 0 && l.role == follower && (c == nil || s.now-c.learnt < giveUp)
	if follows { // what followers are sent overtakes all else
		most = hopeless
	} else {
		s.wanted = s.now
	}
	if !s.mayUpload() || l.buffered >= backlog || s.backlogTime() > most {
		s.deny(l, f.ID, wire.DenyBusy)
		return
	}
	if follows && c == nil {
		s.followLater(l, f.ID)
		return
	}
	if follows {
		s.follow(c, l, f, payload)
		return
	}
	if c == nil || c.hashes != holdHashes {
		s.deny(l, f.ID, wire.DenyNotHeld)
		return
	}
	if f.Flags&wire.FlagWantHashes != 0 && s.mayAskAgain(c, l, 1) {
		s.sendHashes(c, l)
	}
	wanted := &s.pulled
	wanted.parse(payload, c.pieces)
	wanted.keep(&c.held)
	switch n := wanted.count(); {
	case len(payload) == 0:
		return
	case n == 0:
		s.deny(l, f.ID, wire.DenyNotHeld)
		return
	case !s.mayAsk(l, n*int(c.record.PieceSize)) || !s.mayAskAgain(c, l, n):
		s.deny(l, f.ID, wire.DenyBusy)
		return
	}
	for first, count := wanted.run(0, c.pieces, true); count > 0; first, count = wanted.run(first+count, c.pieces, true) {
		s.post(spreads, c, first, count, wire.FlagForYou, l.slot)
	}
}

// mayAsk tells whether a peer may be served so many bytes more: what it pulls is a burst of mostAsked, and then a quarter
// of the own uplink, so that nobody has it all.
func (s *Scheduler) mayAsk(l *link, bytes int) bool {
	drained := int(s.now-l.askedAt) / 1000 * int(s.self.Weight) * 10 / 8 / 4 // 1 unit of weight is 10 bit a millisecond
	l.asked, l.askedAt = max(0, l.asked-drained), s.now
	if l.asked+bytes > mostAsked {
		return false
	}
	l.asked += bytes
	return true
}

// asker is a peer that asked for pieces of a chunk, or to have them passed on, and how many it was granted.
type asker struct {
	slot   uint64
	pieces int
}

// mayAskAgain tells whether a peer is granted so many pieces more of a chunk; hashes count for one. Who asks for the same again
// and again uses no more of the uplink than that.
func (s *Scheduler) mayAskAgain(c *chunk, l *link, pieces int) bool {
	i := slices.IndexFunc(c.askers, func(a asker) bool { return a.slot == l.slot })
	if i < 0 {
		i = len(c.askers)
		c.askers = append(c.askers, asker{slot: l.slot})
	}
	if c.askers[i].pieces+pieces > mostTimes*(c.pieces+1) {
		return false
	}
	c.askers[i].pieces += pieces
	return true
}

func (s *Scheduler) deny(l *link, id wire.ChunkID, reason uint16) {
	f := s.frameOf(wire.Deny, id)
	f.Index = reason
	s.queue.add(Action{Kind: Send, Peer: l.peer, Bytes: s.queue.encode(f, nil)})
}

// holder tells whether any of the slots is that of somebody who would be asked for what it holds.
func (s *Scheduler) holder(slots uint64) bool {
	return slots != 0 && slices.ContainsFunc(s.links, func(l *link) bool { return slots&l.slot != 0 && l.asks() })
}

// asks tells whether a peer is asked for anything.
func (l *link) asks() bool { return l.up && l.strikes < maxStrikes }
