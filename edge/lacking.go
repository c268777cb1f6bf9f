package edge

import (
	"container/list"
	"net/http"
)

// Answers that say that there is nothing have a share of their own, in which they evict one another: whoever makes up names must not evict media.
const (
	lackShare = 64                     // of the cache's bytes they have one in so many,
	lackLeast = 64 * (overhead + 1<<8) // or what 64 short ones take,
	lackMost  = 8                      // but one in so many at most
)

// lacking tells whether o, whose head is there, is an error.
func (o *object) lacking() bool { return o.status >= http.StatusBadRequest }

// brief tells whether o, which is done, is of no use to anybody once it has expired: nobody asks for a held reload again, and an error that is stale
// answers nothing.
func (o *object) brief() bool { return o.target.reload.held || o.lacking() }

// row returns the seats of what o is.
func (c *cache) row(o *object) *list.List {
	if o.lacking() {
		return c.lacks
	}
	return c.seats
}

// evictLacks drops errors that were not asked for longest until they keep to their share. The caller holds mu.
func (c *cache) evictLacks() {
	share := max(c.limit/lackShare, min(lackLeast, c.limit/lackMost))
	for c.lackBytes > share {
		old := c.lacks.Back().Value.(*object)
		c.drop(old)
		c.evicted(old)
	}
}
