package scheduler

// Some take a chunk or a piece upon themselves and then send nothing, by malice or by misfortune. Verification does not find
// them, because nothing false comes from them; so what each gave is watched, chunk by chunk.
const (
	mostBroken  = 3           // promises in a row to bring a chunk into the cell, before one is not counted on
	distrustFor = 30 * Second // then one is
	mostIdle    = 40          // chunks that peers brought, and of which one gave nothing, before one is a relay no more
	retryRelay  = 10 * Second // but for one chunk in so long
)

// gave notes that something true and of use came from l.
func (l *link) gave(c *chunk) {
	l.idle = 0
	c.givers |= l.slot
}

// settle looks back at a chunk that is whole: who gave us something of it, and did who said to bring it into the cell?
func (s *Scheduler) settle(c *chunk) {
	if c.duty || !c.live || c.spared {
		return // nobody owed us anything
	}
	brought := 2*c.fromPeers > int(c.record.Size)
	for _, l := range s.links {
		switch {
		case c.givers&l.slot != 0:
			l.broken = 0
		case l.slot&c.promised != 0 && s.depth == 0: // what comes from another cell may be late without anybody's fault
			s.broke(l)
		case brought:
			l.idle++
		}
	}
}

// broke notes a broken promise.
func (s *Scheduler) broke(l *link) {
	l.broken++
	if m := s.memberOf(l.id); m != nil && l.broken >= mostBroken {
		l.broken = 0
		m.distrusted = s.now + distrustFor
		s.changes++
	}
}

// counted tells whether a member is counted on to own chunks.
func (m *member) counted(now Time) bool { return m.Elects() && now >= m.distrusted }

// distrusted returns which of some slots are those of members that are not counted on for what they promise.
func (s *Scheduler) distrusted(slots uint64) (which uint64) {
	for _, l := range s.links {
		if slots&l.slot == 0 {
			continue
		}
		if m := s.memberOf(l.id); m != nil && s.now < m.distrusted {
			which |= l.slot
		}
	}
	return which
}

// tried tells whether l may be a relay now.
func (s *Scheduler) tried(l *link) bool {
	return l.idle < mostIdle || s.now-l.lastTry >= retryRelay || l.lastTry == s.now
}
