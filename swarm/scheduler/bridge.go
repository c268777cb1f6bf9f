package scheduler

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// Cells whose depth is not zero get their chunks from a parent cell, over bridges: links between a member here, the follower,
// and a member there, its feeder. The owner of a chunk is elected among the followers, and asks its feeder for it in
// place of the edge; pieces then come as the feeder gets them. Records come the same way, unasked.
const (
	feedPatience = 500 * Millisecond  // most, until the first piece of what a feeder was asked for
	feedReserve  = 700 * Millisecond  // what the cell needs, once the chunk came from the edge in place of the feeder
	mostMissed   = 3                  // chunks in which a feeder was late, more than those in which it was not
	mostRefused  = 3                  // refusals in a row of one that may be busy for a moment; each further one is a chunk missed
	badFeeder    = 10 * Second        // then it is not asked for so long
	levelDelay   = 1000 * Millisecond // what one more cell on the way is taken to cost
)

// takeBridges takes all one's links to other cells.
func (s *Scheduler) takeBridges(b wire.Bridges) {
	if s.control.off {
		return
	}
	old := s.bridges
	s.bridges = nil
	for _, r := range b.Bridges {
		if r.Member.ID == s.self.ID || r.Role > wire.Follower {
			continue
		}
		n := member{Member: r.Member, since: s.now, role: feeder}
		if r.Role == wire.Follower {
			n.role = follower
		}
		if i := slices.IndexFunc(old, func(o member) bool { return o.ID == r.Member.ID }); i >= 0 {
			n.since, n.attempts, n.retry = old[i].since, old[i].attempts, old[i].retry
		}
		s.bridges = append(s.bridges, n)
	}
	slices.SortFunc(s.bridges, func(a, b member) int { return cmp.Compare(a.ID, b.ID) })
	s.rosterChanged()
}

// bridgeTo returns the other end of a bridge, or nil.
func (s *Scheduler) bridgeTo(id wire.ViewerID) *member {
	for i := range s.bridges {
		if s.bridges[i].ID == id {
			return &s.bridges[i]
		}
	}
	return nil
}

// HoldBack returns how much further behind the live edge than alone the player should play, so that chunks which come
// through other cells are in time.
func (s *Scheduler) HoldBack() Time { return Time(min(s.depth, 4)) * levelDelay }

// fedFrom tells whether chunks come from another cell, and not from the edge.
func (s *Scheduler) fedFrom() bool { return s.depth > 0 && s.fed > 0 }

// countFed counts the members that have a feeder, oneself included.
func (s *Scheduler) countFed() {
	s.fed = 0
	if s.entry.Elects() && s.entry.Flags&wire.Fed != 0 {
		s.fed++
	}
	for i := range s.roster {
		if m := &s.roster[i].Member; m.Elects() && m.Flags&wire.Fed != 0 {
			s.fed++
		}
	}
}

// feederLink returns the feeder to ask for c: the one that disappointed least, and was not asked for it yet.
func (s *Scheduler) feederLink(c *chunk) (best *link) {
	for _, l := range s.links {
		if s.feeds(l) && c.asked&l.slot == 0 && (best == nil || l.misses < best.misses) {
			best = l
		}
	}
	return best
}

// askFeeder asks for a chunk that is one's own to bring into the cell, and tells whether there was anybody to ask.
func (s *Scheduler) askFeeder(c *chunk) bool {
	l := s.feederLink(c)
	if l == nil {
		return false
	}
	c.asked |= l.slot
	c.feeder, c.duty = l.peer, true
	c.feedUntil = min(s.now+feedPatience, max(s.now+2*hop, s.lastFeed(c)))
	f := s.frame(wire.Want, c)
	f.Flags = wire.FlagAhead
	if c.hashes == noHashes {
		f.Flags |= wire.FlagWantHashes
	}
	var missing [maxPieces / 8]byte
	s.queue.add(Action{Kind: Send, Peer: l.peer, Bytes: s.queue.encode(f, appendMissing(missing[:0], c.pieces, &c.held, &c.takingMap))})
	s.tell(wire.Fetching, c, s.tellRecord(c, true))
	c.wakeAt(c.feedUntil)
	return true
}

// lastFeed returns how long a feeder may take before the edge has to be asked for the whole cell.
func (s *Scheduler) lastFeed(c *chunk) Time {
	if !c.needed {
		return c.learnt + feedPatience
	}
	return c.deadline - s.edgeMargin(c) - feedReserve
}

// considerFeed sees to a chunk that a feeder was asked for, and tells whether it is still to be waited for.
func (s *Scheduler) considerFeed(c *chunk) bool {
	if c.feeder == 0 {
		return false
	}
	if c.progress > 0 {
		c.feedUntil = max(c.feedUntil, c.progress+feedPatience)
	}
	if s.now < c.feedUntil {
		c.wakeAt(c.feedUntil)
		return true
	}
	if l := s.link(c.feeder); l != nil {
		s.missed(l)
	}
	s.handOver(c)
	return false
}

// handOver leaves a chunk that a feeder does not bring to the next in rank, whose feeder is another, unless the edge was asked
// for the cell meanwhile.
func (s *Scheduler) handOver(c *chunk) {
	if c.feeder = 0; c.duty && c.fetching > 0 {
		return
	}
	c.duty, c.failed = false, s.now
	if s.fed > 1 {
		c.claimed = s.now
	}
	s.tell(wire.Failed, c, 0)
}

// missed notes that a feeder was not in time. One that is not again and again is given up for a while: the chunks are then those
// of other followers, and the tracker looks for another feeder.
func (s *Scheduler) missed(l *link) {
	if l.misses++; l.misses >= mostMissed {
		l.misses, l.badUntil = 0, s.now+badFeeder
		s.tendReady()
	}
}

// refused notes that a feeder would not. As its turn to be asked comes every second or so, one that refuses again and again is
// not busy with a large chunk or two, but of no more use than one that is late.
func (s *Scheduler) refused(l *link) {
	if l.refusals++; l.refusals > mostRefused {
		s.missed(l)
	}
}

// wellFed is called when a chunk is whole. A feeder that is waited for, and gave something of it, was in time.
func (s *Scheduler) wellFed(c *chunk) {
	if l := s.link(c.feeder); l != nil && c.givers&l.slot != 0 {
		l.refusals, l.misses = 0, max(0, l.misses-1)
	}
	c.feeder = 0
}

// feeds tells whether l is a feeder that is counted on.
func (s *Scheduler) feeds(l *link) bool { return l.up && l.role == feeder && s.now >= l.badUntil }

// follow takes a follower's wish for a chunk whose pieces are to be sent as they come, once: it is not asked again by who is
// sent them.
func (s *Scheduler) follow(c *chunk, l *link, f wire.Frame, payload []byte) {
	if c.followers&l.slot != 0 {
		return
	}
	c.followers |= l.slot
	if c.hashes != holdHashes {
		return // both follow when they are there
	}
	if f.Flags&wire.FlagWantHashes != 0 {
		s.sendHashes(c, l)
	}
	wanted := &s.pulled
	wanted.parse(payload, c.pieces)
	wanted.keep(&c.held)
	for first, count := wanted.run(0, c.pieces, true); count > 0; first, count = wanted.run(first+count, c.pieces, true) {
		s.feedTo(c, first, count, l.slot)
	}
}

// mostAhead is how many wishes of one follower for chunks that are not learned yet are kept, the newest.
const mostAhead = 8

// ahead is a follower's wish for a chunk that is not learned yet.
type ahead struct {
	id   wire.ChunkID
	slot uint64
}

// followLater keeps a wish until its chunk is learned.
func (s *Scheduler) followLater(l *link, id wire.ChunkID) {
	a, theirs, oldest := ahead{id, l.slot}, 0, 0
	for i, o := range slices.Backward(s.aheads) {
		if o == a {
			return
		}
		if o.slot == l.slot {
			theirs, oldest = theirs+1, i
		}
	}
	if theirs == mostAhead {
		s.aheads = slices.Delete(s.aheads, oldest, oldest+1)
	}
	s.aheads = append(s.aheads, a)
}

// followed takes the wishes for a chunk that was just learned.
func (s *Scheduler) followed(c *chunk) {
	for i := len(s.aheads) - 1; i >= 0; i-- {
		if s.aheads[i].id == c.record.ID {
			c.followers |= s.aheads[i].slot & s.slots
			s.aheads = slices.Delete(s.aheads, i, i+1)
		}
	}
}

// feed passes pieces on to those who follow.
func (s *Scheduler) feed(c *chunk, first, count int) {
	if c.followers != 0 {
		s.feedTo(c, first, count, c.followers)
	}
}

func (s *Scheduler) feedTo(c *chunk, first, count int, slots uint64) {
	for i := first; i < first+count; i++ {
		s.post(scatters, c, i, 1, wire.FlagForYou, slots)
	}
	s.forwarded += count * int(c.record.PieceSize) * bits.OnesCount64(slots)
}

// feedHashes passes the hashes on to those who follow.
func (s *Scheduler) feedHashes(c *chunk) {
	for _, l := range s.links {
		if l.slot&c.followers != 0 && l.up && c.hashesSent&l.slot == 0 {
			s.sendHashes(c, l)
		}
	}
}

// tellFollowers tells those who follow of a new record.
func (s *Scheduler) tellFollowers(c *chunk) {
	f := s.frame(wire.Announce, c)
	for _, l := range s.links {
		if l.up && l.role == follower && c.told&l.slot == 0 && l.rendition == c.record.ID.Rendition {
			s.sendRecord(c, l, f)
		}
	}
}
