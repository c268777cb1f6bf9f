package scheduler

import "github.com/shoal-live/shoal/swarm/wire"

// fetch asks the host for what is missing of c, from the edge: the whole chunk, or from the first missing piece to
// the last where the hashes to check them by are held.
func (s *Scheduler) fetch(c *chunk, duty bool) {
	if s.now < c.retry {
		c.wakeAt(c.retry)
		return
	}
	first, count := 0, c.pieces
	if c.hashes == holdHashes && c.heldCount > 0 {
		first, _ = c.held.run(0, c.pieces, false)
		last := c.pieces - 1
		for c.held.has(last) {
			last--
		}
		count = last - first + 1
	}
	c.fetching, c.fetchBegan, c.duty = true, s.now, duty
	s.queue.add(Action{Kind: Fetch, Chunk: c.handle, First: first, Count: count})
	if duty {
		s.tell(wire.Fetching, c, c.holders)
	}
}

// Fetched tells the outcome of a Fetch; ok only after verification.
func (s *Scheduler) Fetched(now Time, h Chunk, first, count int, ok bool) {
	s.begin(now)
	c := s.chunk(h)
	if c == nil || !c.fetching || first < 0 || count < 0 || first+count > c.pieces {
		return
	}
	c.fetching = false
	if !ok {
		s.fetchFailed(c)
		return
	}
	s.edge.saw(s.now - c.fetchBegan)
	c.failures = 0
	from, to := c.record.PieceBounds(first, count)
	s.stats.BytesFromEdge += uint64(to - from)
	fresh := c.hold(first, count)
	s.stats.DuplicateBytes += uint64(to - from - fresh)
	c.hashes = holdHashes
	if c.complete || c.heldCount < c.pieces {
		c.wake = s.now
		s.consider(c)
		return
	}
	s.completed(c)
	if c.duty {
		s.push(c)
	} else {
		s.tell(wire.Have, c, c.holders)
	}
}

func (s *Scheduler) fetchFailed(c *chunk) {
	if c.duty {
		s.tell(wire.Failed, c, 0)
	}
	c.duty = false
	c.failures++
	c.retry = s.now + min(100*Millisecond<<min(c.failures-1, 5), 2*Second)
	if !c.complete {
		c.wake = c.retry
		s.considerPull(c)
		c.wakeAt(c.retry)
	}
}
