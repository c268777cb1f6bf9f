package scheduler

// Prefetch reads what calls look at, so that it is near when they come. It changes nothing, and what it returns has no meaning.
// A host of so many schedulers that caches do not hold them calls it some time ahead, with the steps 0, 1 and 2: each reads
// what the one before found, and waits for nothing else.
func (s *Scheduler) Prefetch(step int) (n int) {
	switch step {
	case 0: // one field of each line of the cache
		n = int(s.now) + int(s.stats.DuplicateBytes) + len(s.queue.bytes) + int(s.self.ID) + len(s.roster) + int(s.watch.at) +
			int(s.newest.MSN) + len(s.links) + len(s.viewers) + int(s.slots) + len(s.chunks) + len(s.active) + int(s.found) +
			s.outbox.bytes + s.speed + s.load.rate + int(s.uplink.free)
	case 1:
		if last := len(s.links) - 1; last >= 0 {
			n += int(s.peers[last]) + int(s.uplink.echoes.told[0]) + int(s.uplink.echoes.told[8]) +
				int(s.uplink.echoes.told[16]) + int(s.uplink.echoes.told[24]) + int(s.uplink.echoes.waited[0]) + s.links[0].number
		}
		if last := len(s.chunks) - 1; last >= 0 {
			n += int(s.ids[last].MSN) + s.chunks[last].pieces
		}
		if cap(s.queue.actions) > 0 {
			n += int(s.queue.actions[:1][0].Kind)
		}
		for _, c := range s.active {
			n += c.pieces
		}
	case 2:
		if c := s.chunk(s.found); c != nil {
			n += c.prefetch()
		}
		for _, c := range s.active {
			n += c.prefetch()
		}
	}
	return n
}

func (c *chunk) prefetch() int {
	return int(c.takingMap.low) + int(c.learnt) + int(c.followers) + len(c.errands) + int(c.record.Size) + c.ranked.rank
}

// PrefetchPeer does the same for what is believed of a peer, after step 1.
func (s *Scheduler) PrefetchPeer(p Peer) int {
	l := s.link(p)
	if l == nil {
		return 0
	}
	return int(l.forwards) + int(l.free) + l.strikes
}
