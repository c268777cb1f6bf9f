package edge

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// sheet is a body in a file in memory, with the head of the second in which it was made before it: the kernel sends from there without copying. It
// is good until its slab goes.
type sheet struct {
	slab *slab
	at   int64 // of the body
}

// alive tells whether answers may still begin to be sent from s, which may be nil.
func (s *sheet) alive() bool { return s != nil && !s.slab.gone.Load() }

// Hold implements http1.File.
func (s *sheet) Hold() (file int, at int64, ok bool) {
	if !s.slab.hold() {
		return 0, 0, false
	}
	return s.slab.file, s.at, true
}

// Release implements http1.File.
func (s *sheet) Release() { s.slab.release() }

// slab is a file in memory that bodies lie in, one after the other. What was written once is never written over: the kernel sends the
// pages themselves, so a viewer who reads slowly would get what is there by then. For how they are made and end see its system's file.
type slab struct {
	file  int
	size  int64
	used  int64 // guarded by the cache's mu
	holds atomic.Int32
	gone  atomic.Bool // nothing more is sent from it
}

// hold keeps the file open until release, unless the slab is gone.
func (s *slab) hold() bool {
	for !s.gone.Load() {
		n := s.holds.Load()
		if n == 0 {
			return false
		}
		if s.holds.CompareAndSwap(n, n+1) {
			return true
		}
	}
	return false
}

func (s *slab) release() {
	if s.holds.Add(-1) == 0 {
		s.close()
	}
}

// slabSize is the least a slab has, and what large pages are.
const slabSize = 2 << 20

// sheetAlign is where sheets begin: at a page's beginning, so that they have no more pages than they need.
const sheetAlign = 4 << 10

// Of the cache's bytes slabs may have one in so many while sheets of them are used, and twice as many with those that wait until nobody
// is being sent anything from them.
const slabShare = 8

// slabs are a cache's. The oldest go first, whatever is still asked for from them: that is copied then, and gets another sheet where it is
// asked for as often. The cache's mu guards all.
type slabs struct {
	live   []*slab // the oldest first
	ending []*slab // gone, but on its way to somebody
	bytes  int64   // of both
	making bool
	closed bool
	maker  sync.WaitGroup
}

// place returns a place for so many bytes, whose slab is held, or nil: there is none now. The caller holds mu.
func (c *cache) place(size int64) *sheet {
	last := c.slabs.live[max(0, len(c.slabs.live)-2):] // the newest may have been made before the one before it was full
	for _, s := range last {
		if s.size-s.used >= size && s.hold() {
			at := s.used
			s.used = min(s.size, (s.used+size+sheetAlign-1)&^(sheetAlign-1))
			if s == last[len(last)-1] && s.size-s.used < slabSize/4 && c.limit/slabShare >= 2*slabSize {
				c.grow(slabSize) // it is not this one that goes for it
			}
			return &sheet{s, at}
		}
	}
	c.grow(size)
	return nil
}

// grow has a slab made that a body of some size goes into, if there may be one. It takes some milliseconds, which nobody waits for. The caller
// holds mu.
func (c *cache) grow(size int64) {
	size = max(slabSize, (size+slabSize-1)/slabSize*slabSize)
	if c.slabs.making || c.slabs.closed || size > c.limit/slabShare {
		return
	}
	c.retire(c.limit/slabShare - size)
	if c.slabs.bytes+size > 2*c.limit/slabShare {
		return
	}
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
			c.countSlabs(-size)
		case c.slabs.closed:
			c.countSlabs(-size)
			s.release()
		default:
			c.slabs.live = append(c.slabs.live, s)
		}
	})
}

// retire has the oldest slabs go until the others have no more than most. The caller holds mu.
func (c *cache) retire(most int64) {
	var bytes int64
	for i, s := range slices.Backward(c.slabs.live) {
		if bytes += s.size; bytes <= most {
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

// sweep ends the slabs that are gone and of which nothing is on its way any more. It may take a moment for each that is.
func (c *cache) sweep() {
	c.mu.Lock()
	ending := slices.Clone(c.slabs.ending)
	c.mu.Unlock()
	for _, s := range ending {
		if s.holds.Load() > 1 || !s.idle() {
			continue
		}
		c.mu.Lock()
		if i := slices.Index(c.slabs.ending, s); i >= 0 {
			c.slabs.ending = slices.Delete(c.slabs.ending, i, i+1)
			c.countSlabs(-s.size)
			s.release()
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
	c.resized(c.bytes)
}

// spread returns a new sheet of the body of an object that has a seat. Nil: there is none now.
func (c *cache) spread(o *object, head, body []byte) *sheet {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.seat == nil {
		return nil
	}
	s := c.place(int64(len(head) + len(body)))
	if s == nil {
		return nil
	}
	defer s.Release()
	c.mu.Unlock()
	written := s.slab.write(head, s.at) && s.slab.write(body, s.at+int64(len(head)))
	c.mu.Lock()
	if !written || o.seat == nil || !s.alive() {
		return nil
	}
	s.at += int64(len(head))
	c.seats.MoveToFront(o.seat)
	return s
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
			c.sweep()
		case <-ctx.Done():
			return
		}
	}
}
