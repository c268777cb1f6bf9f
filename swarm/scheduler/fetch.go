package scheduler

import "github.com/shoal-live/shoal/swarm/wire"

// maxFetches is how many requests the missing pieces of one chunk may take; with more gaps than that, whole stretches are
// fetched again.
const maxFetches = 4

// fetch asks the host for what is missing of c, from the edge: the whole chunk, or each gap where the hashes to check
// the pieces by are held.
func (s *Scheduler) fetch(c *chunk, duty bool) {
	if s.now < c.retry {
		c.wakeAt(c.retry)
		return
	}
	c.fetchBegan, c.fetchCame, c.duty = s.now, s.came(), duty
	if duty {
		s.weigh(c)
	}
	if c.hashes == holdHashes && c.heldCount > 0 {
		s.fetchGaps(c)
	} else {
		s.fetchPieces(c, 0, c.pieces)
	}
	if duty {
		s.tell(wire.Fetching, c, s.tellRecord(c, true))
	}
}

func (s *Scheduler) fetchGaps(c *chunk) {
	for first, count := c.held.run(0, c.pieces, false); count > 0; {
		end := first + count
		next, n := c.held.run(end, c.pieces, false)
		if c.fetching == maxFetches-1 && n > 0 { // the last request takes all that is left
			for n > 0 {
				end = next + n
				next, n = c.held.run(end, c.pieces, false)
			}
		}
		s.fetchPieces(c, first, end-first)
		first, count = next, n
	}
}

func (s *Scheduler) fetchPieces(c *chunk, first, count int) {
	c.fetching++
	s.queue.add(Action{Kind: Fetch, Chunk: c.handle, First: first, Count: count})
}

// Fetched tells the outcome of a Fetch; ok only after verification.
func (s *Scheduler) Fetched(now Time, h Chunk, first, count int, ok bool) {
	s.begin(now)
	c := s.chunk(h)
	if c == nil || c.fetching == 0 || first < 0 || count < 0 || first+count > c.pieces {
		return
	}
	c.fetching--
	if !ok {
		if c.fetching == 0 {
			c.arrived.clear()
		}
		s.fetchFailed(c)
		return
	}
	c.failures = 0
	for from, n := c.arrived.run(first, first+count, false); n > 0; from, n = c.arrived.run(from+n, first+count, false) {
		s.brought(c, from, n)
	}
	s.edge.saw(s.now-c.fetchBegan, s.came()-c.fetchCame)
	if c.fetching == 0 {
		c.arrived.clear()
	}
	c.hashes = holdHashes
	s.heldMore(c, first, count)
	if c.complete {
		return
	}
	if c.heldCount < c.pieces {
		s.consider(c)
		return
	}
	s.completed(c)
}

// Arrived tells that pieces of a Fetch under way are there, verified, while the rest of it is still to come.
func (s *Scheduler) Arrived(now Time, h Chunk, first, count int) {
	s.begin(now)
	c := s.chunk(h)
	if c == nil || c.fetching == 0 || c.hashes != holdHashes || first < 0 || count < 1 || first+count > c.pieces {
		return
	}
	for i := first; i < first+count; i++ {
		c.arrived.set(i)
	}
	s.brought(c, first, count)
	s.heldMore(c, first, count)
	if !c.complete && c.heldCount == c.pieces {
		s.completed(c) // the rest of the answer is of no account
	}
}

// brought holds pieces that came from the edge, and counts them.
func (s *Scheduler) brought(c *chunk, first, count int) {
	from, to := c.record.PieceBounds(first, count)
	fresh := c.hold(first, count)
	s.stats.BytesFromEdge += uint64(to - from)
	s.stats.DuplicateBytes += uint64(to - from - fresh)
}

// came returns how many bytes of media came so far, by whatever way.
func (s *Scheduler) came() int64 {
	return int64(s.stats.BytesFromEdge + s.stats.BytesFromPeers + s.stats.DuplicateBytes)
}

// Held tells that the host came to hold the whole chunk, verified, by ways of its own.
func (s *Scheduler) Held(now Time, h Chunk) {
	s.begin(now)
	c := s.chunk(h)
	if c == nil || c.complete {
		return
	}
	c.hold(0, c.pieces)
	c.hashes = holdHashes
	s.completed(c)
	s.heldMore(c, 0, c.pieces)
}

func (s *Scheduler) fetchFailed(c *chunk) {
	s.edge.failed(s.now - c.fetchBegan)
	if c.duty {
		s.tell(wire.Failed, c, 0)
	}
	c.duty = false
	c.failures++
	c.retry = s.now + min(100*Millisecond<<min(c.failures-1, 5), 2*Second)
	if c.needed && c.failures > 1 {
		s.guessHolders(c)
	}
	if !c.complete {
		c.wake = c.retry
		s.considerPull(c)
		c.wakeAt(c.retry)
	}
}

// guessHolders takes all of the cell who watch the same to hold a chunk that the edge does not give, where nobody is known to: a word of it
// may have come before its record did. Who does not hold it says so.
func (s *Scheduler) guessHolders(c *chunk) {
	if s.holder(c.holders | c.fetchers) {
		return
	}
	for _, l := range s.links {
		if l.role == ofCell && l.rendition == c.record.ID.Rendition {
			c.holders |= l.slot
		}
	}
}
