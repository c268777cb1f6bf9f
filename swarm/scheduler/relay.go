package scheduler

import (
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// relay is somebody who may pass pieces on, in a plan.
type relay struct {
	place uint8 // in the plan
	holds bool  // or will, without being sent it: the edge serves it
	given bool  // it has pieces
	link  *link // by which it gets them
	due   Time  // what a piece takes it, to all with whom it has links
	ready Time  // when it can begin
	way   Time  // that pieces take to it, beyond the first hop
	next  Time  // when it would begin the next piece
}

// gatherRelays sets who may pass on what of c: each piece is so many bytes to send.
func (s *Scheduler) gatherRelays(c *chunk, bytes, size int) {
	s.relays = s.relays[:0]
	usual := s.usualReach()
	for _, l := range s.links {
		if u := s.relayUplink(c, l); u > 0 && s.tried(l) {
			s.relays = append(s.relays, relay{place: uint8(l.number) + 1, holds: c.served&l.slot != 0, link: l, due: airtime(bytes*s.reach(l)/100, u), ready: max(0, l.free-s.now)})
		}
	}
	for i := range s.roster {
		m := &s.roster[i]
		if m.carriers == 0 || m.Rendition != c.record.ID.Rendition || !m.counted(s.now) {
			continue
		}
		if own := s.linkTo(m.ID); own != nil && own.up || slices.Contains(s.banned, m.ID) {
			continue
		}
		if l := s.carrierOf(m, c); l != nil {
			s.relays = append(s.relays, relay{place: uint8(l.number) + 1 | onward, link: l, due: airtime(bytes*usual/100, believed(m.Weight)),
				way: s.step() + airtime(size, int(l.weight))}) // there it overtakes what waits
		}
	}
}

// carrierOf returns who is to give a member what we send: of those who say that they do, who is through first with what it
// has to send. Nil if there is nobody.
func (s *Scheduler) carrierOf(m *member, c *chunk) (best *link) {
	for _, l := range s.links {
		if m.carriers&l.slot != 0 && s.relayUplink(c, l) > 0 && s.tried(l) && (best == nil || l.free < best.free) {
			best = l
		}
	}
	return best
}

// passOnward gives pieces to one of those who have no link to a peer and whose forwarder for it we are, for it to pass them on to
// all: who will be through with them soonest. Who gets them from the edge is only told. It tells whether there is one. Who gave us nothing for
// long comes after all others, and is not left out: what goes onward by us goes from there to all but us.
func (s *Scheduler) passOnward(c *chunk, from *link, first, count int) bool {
	if from == nil || from.forwards == 0 || !s.mayUpload() {
		return false
	}
	bytes := count * int(c.record.PieceSize) * len(s.links)
	var best *link
	var done Time
	known := false
	for _, l := range s.links {
		if from.forwards&l.slot == 0 || !s.lacks(c, l) && c.served&l.slot == 0 || s.relayUplink(c, l) == 0 {
			continue
		}
		at, tried := max(l.free, s.now)+airtime(bytes, int(l.weight)), s.tried(l)
		if best == nil || tried && !known || tried == known && at < done {
			best, done, known = l, at, tried
		}
	}
	if best == nil {
		return false
	}
	best.free, best.lastTry = done, s.now
	for i := first; i < first+count; i++ {
		c.pushed.set(i)
	}
	if c.served&best.slot != 0 {
		s.sendRelay(c, best, first, count, 0)
		return true
	}
	s.post(scatters, c, first, count, wire.FlagRelay, best.slot)
	s.forwarded += count * int(c.record.PieceSize)
	s.forwardPieces(c, best, first, count)
	return true
}

// spreadInstead sends pieces to all where there is nobody who could pass them onward. Who planned it so did not know, and has to stand in for us
// as any other forwarder.
func (s *Scheduler) spreadInstead(c *chunk, first, count int, from *link) {
	s.spread(c, first, count, from)
	if from != nil && from.carries {
		s.sendRelay(c, from, first, count, wire.FlagStandIn)
	}
}
