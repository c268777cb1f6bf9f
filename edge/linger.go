package edge

import (
	"context"
	"time"
)

// easePatience is how long a body waits at most for those who are cut off to be gone. Longer it is not kept from who waits for it.
const easePatience = time.Second

// reserveSoon is reserve for a body that is about to come. While more lingers than may, by more than an eighth, it waits, unless it is small: who is to be cut
// off is known by then, and what he keeps is given up within moments; but of a burst all would have come by that time. It returns false where there is no room,
// or ctx has ended meanwhile.
func (c *cache) reserveSoon(ctx context.Context, o *object, n int64) bool {
	if n < leastRead {
		return c.reserve(o, n)
	}
	var patience <-chan time.Time
	for {
		c.mu.Lock()
		if !c.strained() {
			ok := c.book(o, n)
			c.mu.Unlock()
			return ok
		}
		if c.eased == nil {
			c.eased = make(chan struct{})
		}
		eased := c.eased
		c.mu.Unlock()
		if patience == nil {
			timer := time.NewTimer(easePatience)
			defer timer.Stop()
			patience = timer.C
		}
		select {
		case <-eased:
		case <-patience:
			return c.reserve(o, n)
		case <-ctx.Done():
			return false
		}
	}
}

// strained tells whether more lingers than may, by more than an eighth of that. The caller holds mu.
func (c *cache) strained() bool {
	share := c.limit / lingerShare
	return c.lingering > share+share/lingerCut
}

// hold notes that somebody is being sent o, until release. That costs no lock while o is in the cache.
func (c *cache) hold(o *object) {
	if o.readers.Add(1); o.gone.Load() {
		c.recount(o)
	}
}

func (c *cache) release(o *object) {
	if o.readers.Add(-1) == 0 && o.gone.Load() {
		c.recount(o)
	}
}

// recount has what has left the cache count for as long as it has readers: who writes the one looks at the other afterwards, so one of the two sees it.
func (c *cache) recount(o *object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.linger(o)
	c.evict()
	c.resized(c.bytes, c.slabs.bytes, c.lingering)
}

// linger is recount for who holds mu.
func (c *cache) linger(o *object) {
	now := int64(0)
	if o.readers.Load() > 0 {
		now = o.weight
	}
	c.lingering += now - o.lingers
	o.lingers = now
	c.ease()
	if c.lingering > c.limit/lingerShare {
		select {
		case c.crowded <- struct{}{}:
		default:
		}
	}
}

// ease has the bodies come that have waited, once little enough lingers. The caller holds mu.
func (c *cache) ease() {
	if c.eased != nil && !c.strained() {
		close(c.eased)
		c.eased = nil
	}
}

// lingers returns by how much what lingers is to become less, if it has more than its share.
func (c *cache) lingers() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	share := c.limit / lingerShare
	if c.lingering <= share {
		return 0
	}
	return c.lingering - share + share/lingerCut
}

// beside returns what the cache must leave to what lingers. The caller holds mu.
func (c *cache) beside() int64 { return min(c.lingering, c.limit/lingerShare) }
