package edge

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	sheetAlign  = 4 << 10 // where sheets begin: else a body has one page more than it needs, where pages are small
	slabShare   = 8       // of the cache's bytes those that are sent from have one in so many at most, and twice as many with those that end
	maxSlabs    = 256     // at most, since each is a descriptor
	sweepAtOnce = 4       // whether one has ended takes 150 ms to find out where it has not
)

// slabs are a cache's. The oldest go first, whatever is still asked for from them: that is copied then, and gets another sheet where it is
// asked for as often. The cache's mu guards all.
type slabs struct {
	live   []*slab // the oldest first
	ending []*slab // gone, but on its way to somebody, or the kernel has not let go of it yet
	bytes  int64   // of both, and of the one that is being made
	making bool
	failed bool // to make one, since the last sweep
	closed bool
	maker  sync.WaitGroup // Add only under mu, while not closed
}

// keepSlabs has a slab ready for who comes, and ends those that are of no use, until ctx ends. Then all go.
func (c *cache) keepSlabs(ctx context.Context) {
	defer c.closeSlabs()
	c.mu.Lock()
	c.grow(slabSize)
	c.mu.Unlock()
	ticker := time.NewTicker(tidyInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			c.sweep(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// spread returns a new sheet of the body of an object that has a seat. Nil: there is none now.
func (c *cache) spread(o *object, head, body []byte) *sheet {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.seat == nil {
		return nil
	}
	s, at := c.claim(int64(len(head) + len(body)))
	if s == nil {
		return nil
	}
	defer s.release()
	c.mu.Unlock()
	sheet := &sheet{s, at + int64(len(head))}
	written := s.write(head, at) && s.write(body, sheet.at)
	c.mu.Lock()
	if !written || o.seat == nil || s.gone.Load() {
		return nil
	}
	c.seats.MoveToFront(o.seat)
	return sheet
}

// claim returns where so many bytes may be written, and the slab, which is held; nil: there is no room now. The caller holds mu.
func (c *cache) claim(size int64) (s *slab, at int64) {
	last := c.slabs.live[max(0, len(c.slabs.live)-2):] // the newest may have been made before the one before it was full
	for _, s := range last {
		if s.size-s.used < size || !s.hold() {
			continue
		}
		at = s.used
		s.used = min(s.size, (s.used+size+sheetAlign-1)&^(sheetAlign-1))
		if s == last[len(last)-1] && s.size-s.used < slabSize/4 && c.limit/slabShare >= s.size+slabSize {
			c.grow(slabSize) // there is room for both
		}
		return s, at
	}
	if !c.grow(size) {
		c.lacked()
	}
	return nil, 0
}

// grow has a slab made that so many bytes go into, in some milliseconds, which nobody waits for. It tells whether there will be one. The caller
// holds mu.
func (c *cache) grow(size int64) bool {
	size = max(slabSize, (size+slabSize-1)/slabSize*slabSize)
	share := c.limit / slabShare
	switch {
	case c.slabs.making:
		return true
	case c.slabs.failed || c.slabs.closed || size > share || c.slabs.bytes+size > 2*share || len(c.slabs.live)+len(c.slabs.ending) >= maxSlabs:
		return false
	}
	c.retire(share - size)
	c.slabs.making = true
	c.countSlabs(size)
	c.evict()
	c.slabs.maker.Go(func() {
		s := newSlab(size)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.slabs.making = false
		switch {
		case s == nil:
			c.slabs.failed = true
			c.countSlabs(-size)
		case c.slabs.closed:
			c.countSlabs(-size)
			s.release()
		default:
			c.slabs.live = append(c.slabs.live, s)
		}
	})
	return true
}

// retire has the oldest slabs go until the others have no more than most, and are no more than half of maxSlabs. The caller holds mu.
func (c *cache) retire(most int64) {
	var bytes int64
	for i, s := range slices.Backward(c.slabs.live) {
		if bytes += s.size; bytes <= most && len(c.slabs.live)-i <= maxSlabs/2 {
			continue
		}
		for _, old := range c.slabs.live[:i+1] {
			old.gone.Store(true)
		}
		c.slabs.ending = append(c.slabs.ending, c.slabs.live[:i+1]...)
		c.slabs.live = slices.Delete(c.slabs.live, 0, i+1)
		return
	}
}

// sweep ends slabs that are gone and of which nothing is on its way any more. It tries a few of them; those that are not at their end wait behind the
// others. It and closeSlabs are one goroutine's: what one closes the other must not look at.
func (c *cache) sweep(ctx context.Context) {
	c.mu.Lock()
	c.slabs.failed = false
	some := slices.Clone(c.slabs.ending[:min(sweepAtOnce, len(c.slabs.ending))])
	c.mu.Unlock()
	for _, s := range some {
		if ctx.Err() != nil {
			return
		}
		ended := s.holds.Load() == 1 && s.idle()
		c.mu.Lock()
		c.slabs.ending = slices.DeleteFunc(c.slabs.ending, func(other *slab) bool { return other == s })
		if ended {
			c.countSlabs(-s.size)
			s.release()
		} else {
			c.slabs.ending = append(c.slabs.ending, s)
		}
		c.mu.Unlock()
	}
}

// closeSlabs has all slabs go at once: whoever is still being sent something keeps what it needs.
func (c *cache) closeSlabs() {
	defer c.slabs.maker.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slabs.closed = true
	c.retire(0)
	for _, s := range c.slabs.ending {
		c.countSlabs(-s.size)
		s.release()
	}
	c.slabs.ending = nil
}

// countSlabs counts n bytes more of slabs. The caller holds mu.
func (c *cache) countSlabs(n int64) {
	c.slabs.bytes += n
	c.bytes += n
	c.resized(c.bytes, c.slabs.bytes, c.lingering)
}
