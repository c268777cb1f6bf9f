package scheduler

// consider decides what to do about a chunk that is not whole, and when to look at it again. What it weighs, in order:
//
//   - a fetch of ours is under way: its outcome is told
//   - the player needs it, and only the edge can still be in time: fetch what is missing
//   - there is nobody to wait for: fetch it when the player needs it
//   - it is of the live edge, our turn has come and nobody is on it: fetch it for the cell
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
	late := c.deadline - s.edgeMargin()
	if c.needed {
		if s.now >= late && !s.inTime(c) || s.alone() {
			s.fetch(c, false)
			return
		}
		c.wakeAt(max(late, s.now+10*Millisecond))
	}
	if c.live {
		if s.considerTurn(c) {
			return
		}
	} else if c.needed && s.linked(c.holders) == 0 && c.heldCount == 0 {
		s.fetch(c, false)
		return
	}
	s.considerPull(c)
}

// considerTurn fetches a chunk of the live edge for the cell if it is our turn, and tells whether it did.
func (s *Scheduler) considerTurn(c *chunk) bool {
	rank, electable := s.rankIn(c)
	if electable == 0 && c.needed {
		s.fetch(c, false)
		return true
	}
	if rank == unranked {
		return false
	}
	if busy := max(c.claimed, c.progress); busy > 0 && s.now < busy+s.edge.patience() {
		c.wakeAt(busy + s.edge.patience())
		return false
	}
	if s.linked(c.holders) > 0 { // somebody has it already: pulling is cheaper than a second copy
		return false
	}
	if s.uplinkFree-s.now > tooBusy { // others are sooner
		c.wakeAt(s.uplinkFree - tooBusy)
		return false
	}
	turn := c.learnt + Time(rank)*s.edge.turn()
	if s.now < turn {
		c.wakeAt(turn)
		return false
	}
	s.fetch(c, true)
	return c.fetching > 0
}

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

// edgeMargin is how long before its deadline a chunk has to be asked of the edge. A fetch that has not come back yet
// counts too: an edge that hangs is slow before it says so.
func (s *Scheduler) edgeMargin() Time {
	margin := s.edge.margin()
	for _, c := range s.active {
		if c.fetching > 0 {
			margin = max(margin, min(s.now-c.fetchBegan, 2*Second))
		}
	}
	return margin
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
func (s *Scheduler) alone() bool {
	for _, l := range s.links {
		if l.up {
			return false
		}
	}
	return true
}

func (c *chunk) wakeAt(t Time) { c.wake = min(c.wake, t) }
