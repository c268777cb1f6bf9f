package scheduler

import "github.com/shoal-live/shoal/swarm/wire"

// consider decides what to do about a chunk that is not whole, and when to look at it again. What it weighs, in order:
//
//   - a fetch of ours is under way: its outcome is told
//   - the player needs it, and only the edge can still be in time, which has not just failed: fetch what is missing
//   - there is nobody to wait for: fetch it when the player needs it
//   - its owner left oneself to the edge: fetch it at once
//   - a feeder was asked for it, and is not late: wait
//   - it is of the live edge, our turn has come and nobody is on it: ask a feeder for it, or fetch it, for the cell
//   - what somebody began to send stopped coming, or it is old: pull what is missing from who holds it
//   - otherwise wait: for a peer's pieces, for our turn, for the deadline
func (s *Scheduler) consider(c *chunk) {
	if c.complete || c.fetching > 0 {
		c.wake = s.now + Second
		return
	}
	if !c.needed && s.now-c.learnt > giveUp {
		s.deactivate(c)
		return
	}
	c.wake = s.now + 250*Millisecond
	late := c.deadline - s.edgeMargin(c)
	if c.needed {
		if s.alone() || s.now >= max(late, c.retry) && !s.inTime(c) {
			s.fetch(c, false)
			return
		}
		c.wakeAt(max(late, c.retry, s.now+10*Millisecond))
	}
	if c.spared && c.heldCount == 0 {
		s.fetch(c, false)
		return
	}
	if c.live {
		if s.considerTurn(c) {
			return
		}
	} else if c.needed && !s.holder(c.holders) && c.heldCount == 0 {
		s.fetch(c, false)
		return
	}
	s.considerPull(c)
}

// considerTurn fetches a chunk of the live edge for the cell if it is our turn, and tells whether it did.
func (s *Scheduler) considerTurn(c *chunk) bool {
	if s.considerFeed(c) {
		return true
	}
	rank, electable := s.rankIn(c)
	if electable == 0 && c.needed {
		s.fetch(c, false)
		return true
	}
	if rank == unranked {
		return false
	}
	busy := max(c.claimed, c.progress)
	if c.failed >= c.progress && s.fedFrom() { // what came before a feeder failed does not tell of more
		busy = c.claimed
	}
	if busy > 0 {
		until := busy + s.edge.patience()
		if s.fedFrom() && (c.claimed > 0 || c.failed == 0) { // a feeder has it later than the edge, and is worth waiting for
			last := s.lastFeed(c)
			if c.claimed < last { // it was a feeder that was asked then, and not the edge
				until = c.progress + s.edge.patience()
			}
			until = max(until, last+Time(rank)*2*hop)
		}
		if s.now < until {
			c.wakeAt(until)
			return false
		}
	}
	if s.holder(c.holders) { // somebody has it already: pulling is cheaper than a second copy
		return false
	}
	if s.leaves() {
		c.wakeAt(s.now + s.backlogTime() - tooBusy)
		return false
	}
	turn := c.learnt + Time(rank)*s.edge.turn()
	if c.failed > 0 && s.fedFrom() { // by a feeder, after it was learned long ago
		turn = c.failed + Time(rank)*2*hop
	}
	if s.now < turn {
		c.wakeAt(turn)
		return false
	}
	if s.fedFrom() {
		last := s.lastFeed(c)
		if s.now < last && s.askFeeder(c) {
			return true
		}
		if until := last + Time(rank)*2*hop; s.now < until {
			c.wakeAt(until)
			return false
		}
	}
	s.fetch(c, true)
	return c.fetching > 0
}

// leaves tells whether what is one's own to fetch is left to the next in rank for now, who is sooner.
func (s *Scheduler) leaves() bool { return s.backlogTime() > tooBusy && !s.overloaded() }

// considerPull asks a holder for what is missing, once what was pushed has stopped coming.
func (s *Scheduler) considerPull(c *chunk) {
	if c.want.until > s.now {
		c.wakeAt(c.want.until)
		return
	}
	if c.want.from != 0 { // it did not come
		if l := s.link(c.want.from); l != nil {
			l.strikes++
		}
		c.holders &^= s.slotOf(c.want.from)
		c.fetchers &^= s.slotOf(c.want.from)
		c.want = want{}
	}
	if !c.needed && !c.live {
		return
	}
	if c.live {
		quiet := max(c.progress, c.claimed, c.learnt) + pushQuiet
		if s.now < quiet {
			c.wakeAt(quiet)
			return
		}
	}
	l := s.bestHolder(c)
	if l == nil {
		return
	}
	s.pull(c, l)
	c.wakeAt(c.want.until)
}

// hiddenMargin is what a page that is not seen allows for timers that come once a second.
const hiddenMargin = 400 * Millisecond

// edgeMargin is how long before its deadline a chunk has to be asked of the edge. A fetch that has not come back yet
// counts too: an edge that hangs is slow before it says so.
func (s *Scheduler) edgeMargin(c *chunk) Time {
	bytes, longest := int64(c.record.Size), Time(0)
	for _, other := range s.active {
		if other.fetching > 0 {
			bytes += int64(other.record.Size)
			longest = max(longest, s.now-other.fetchBegan)
		}
	}
	margin := s.edge.margin(bytes)
	if s.self.Flags&wire.Hidden != 0 {
		margin += hiddenMargin
	}
	return max(margin, min(longest, 2*Second))
}

// inTime tells whether what peers are sending is predicted to complete the chunk before its deadline.
func (s *Scheduler) inTime(c *chunk) bool {
	if c.progress == 0 || s.now-c.progress > 60*Millisecond || c.heldCount == 0 {
		return false
	}
	each := (s.now - c.began) / Time(c.heldCount)
	return s.now+each*Time(c.pieces-c.heldCount) < c.deadline
}

// alone tells whether there is no peer to wait for.
func (s *Scheduler) alone() bool { return s.company == 0 }

// countCompany counts the peers that may bring something, when links come, go or change their role. Who
// only follows, or went to another cell, brings nothing.
func (s *Scheduler) countCompany() {
	s.company = 0
	for _, l := range s.links {
		if l.up && (l.role == ofCell || l.role == feeder) {
			s.company++
		}
	}
}

func (c *chunk) wakeAt(t Time) { c.wake = min(c.wake, t) }
