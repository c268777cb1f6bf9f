package scheduler

import (
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// relay is somebody who may pass pieces on, in a plan.
type relay struct {
	place uint8 // in the plan
	shed  bool  // it holds the chunk without being sent it
	given bool  // it has pieces
	link  *link // by which it gets them
	due   Time  // how long it has to send a piece
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
			s.relays = append(s.relays, relay{place: uint8(l.number) + 1, shed: l.shed, link: l, due: airtime(bytes*s.reach(l)/100, u), ready: max(0, l.free-s.now)})
		}
	}
	for i := range s.roster {
		m := &s.roster[i]
		if m.carrier == 0 || m.Flags&wire.Shed != 0 || m.Rendition != c.record.ID.Rendition || !m.counted(s.now) {
			continue
		}
		if own := s.linkTo(m.ID); own != nil && own.up || slices.Contains(s.banned, m.ID) {
			continue
		}
		if l := s.link(m.carrier); l != nil && !l.shed && s.relayUplink(c, l) > 0 && s.tried(l) {
			s.relays = append(s.relays, relay{place: uint8(l.number) + 1 | onward, link: l, due: airtime(bytes*usual/100, max(1, int(m.Weight))),
				way: step + airtime(size, max(1, int(l.weight)))})
		}
	}
}

// passOnward gives pieces to one of those who have no link to a peer and whose forwarder for it we are, for it to pass them on to
// all: who will be through with them soonest. It tells whether there is one.
func (s *Scheduler) passOnward(c *chunk, from *link, first, count int) bool {
	if from == nil || from.forwards == 0 || s.self.Flags&wire.MayUpload == 0 {
		return false
	}
	bytes := count * int(c.record.PieceSize) * len(s.links)
	var best *link
	var done Time
	for _, l := range s.links {
		if from.forwards&l.slot == 0 || l.shed || !s.lacks(c, l) || s.relayUplink(c, l) == 0 {
			continue
		}
		if at := max(l.free, s.now) + airtime(bytes, int(l.weight)); best == nil || at < done {
			best, done = l, at
		}
	}
	if best == nil {
		return false
	}
	best.free, best.lastTry = done, s.now
	for i := first; i < first+count; i++ {
		c.pushed.set(i)
	}
	s.post(scatters, c, first, count, wire.FlagRelay, best.slot)
	s.forwardPieces(c, best, first, count)
	return true
}

// tellReach tells the cell with how many of it there are links, when that changed: it is so many copies that a piece takes
// of one's uplink.
func (s *Scheduler) tellReach() {
	reach := 0
	for _, l := range s.links {
		if l.up && l.role == ofCell {
			reach++
		}
	}
	if reach == s.reachTold || s.now-s.reachAt < reachPause {
		return
	}
	s.reachTold, s.reachAt = reach, s.now
	for _, l := range s.links {
		if l.up && l.role == ofCell {
			s.sendForward(l, wire.ForwardReach, wire.ViewerID(reach))
		}
	}
}

// reachPause is the least time from one such word to the next.
const reachPause = Second

// leastReach is the least part of the cell, of a hundred, that is believed.
const leastReach = 35

// reach returns with how much of the cell, of a hundred, l has links: all of it until it says so.
func (s *Scheduler) reach(l *link) int {
	if l.reach == 0 {
		return 100
	}
	return max(leastReach, min(100, 100*l.reach/max(1, len(s.roster))))
}

// usualReach is the mean of that.
func (s *Scheduler) usualReach() int {
	sum, n := 0, 0
	for _, l := range s.links {
		if l.up && l.role == ofCell {
			sum, n = sum+s.reach(l), n+1
		}
	}
	return sum / max(1, n)
}
