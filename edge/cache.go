package edge

import (
	"container/list"
	"net/http"
	"sync"
	"time"
)

// overhead is what an object counts for beside its body, its answers' heads included: a bound on how many tiny ones there can be.
const overhead = 2 << 10

// room returns what a buffer of n bytes takes of memory: large ones come in pages of 8 KiB.
func room(n int64) int64 {
	if n <= 32<<10 {
		return n
	}
	return (n + 8<<10 - 1) &^ (8<<10 - 1)
}

// cache holds objects by URI, in flight or done, and slabs, within a number of bytes. What was not asked for longest goes first, and counts until nobody
// is being sent it any more. Errors have a small share of their own.
// An object in flight has no seat and is never evicted, so nobody can start a second flight beside it; nor are slabs.
type cache struct {
	evicted func(o *object) // called under mu
	resized func(bytes, slabs, lingering int64)
	lacked  func()        // called under mu: a body is asked for often, and there is no slab for it
	crowded chan struct{} // of one: more lingers than may

	mu        sync.Mutex
	limit     int64
	flying    int64 // bytes of objects without a seat
	objects   map[string]*object
	seats     *list.List                     // of *object, the newest in front
	lacks     *list.List                     // likewise, of errors
	briefs    map[int64]map[*object]struct{} // that have a seat, by the second in which they have expired: they are of no more use then
	bytes     int64
	slabs     slabs
	lackBytes int64         // of these, of errors that have a seat
	lingering int64         // bytes that have left, beside those, and are being sent
	eased     chan struct{} // closed when little enough lingers; nil while nobody waits for that
}

func newCache(limit int64) *cache {
	return &cache{limit: limit, objects: make(map[string]*object), seats: list.New(), lacks: list.New(), briefs: make(map[int64]map[*object]struct{}),
		evicted: func(*object) {}, resized: func(int64, int64, int64) {}, lacked: func() {}, crowded: make(chan struct{}, 1)}
}

// look returns what there is at uri, fresh or not, or nil.
func (c *cache) look(uri string) *object {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.objects[uri]
}

// join returns the fresh object at uri, or seats a new one for which the caller must start a flight; then stale is what
// was there before.
func (c *cache) join(t target, uri string, now time.Time) (o, stale *object, fly bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.objects[uri]
	if old != nil && old.fresh(now) && !c.overtaken(old) {
		if old.seat != nil {
			c.row(old).MoveToFront(old.seat)
		}
		return old, nil, false
	}
	o = newObject(t, uri)
	o.asked = now
	if old != nil { // it is done
		o.reached = old.position
		c.drop(old)
	}
	c.objects[uri] = o
	c.count(o, overhead+int64(len(uri)))
	return o, old, true
}

// overtaken tells whether o says that media is missing, and a playlist has come since it was asked for: it may be there
// now. Were it kept nevertheless, who asks for parts too early would make them missing for all. The caller holds mu.
func (c *cache) overtaken(o *object) bool {
	if o.target.kind != media || !closed(o.done) || o.status != http.StatusNotFound {
		return false
	}
	list := target{path: o.target.playlist()}
	for _, skip := range []bool{false, true} {
		list.reload.skip = skip
		newest := c.objects[list.uri()]
		if newest != nil && closed(newest.done) && newest.position.present && newest.born.After(o.asked) {
			return true
		}
	}
	return false
}

// hitAt is hit of a URI that is part of a request.
func (c *cache) hitAt(uri []byte, now time.Time) *object {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fresh(c.objects[string(uri)], now)
}

// hit returns the object at uri if it is fresh, or what has overtaken it: see newestFor.
func (c *cache) hit(uri string, now time.Time) *object {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fresh(c.objects[uri], now)
}

func (c *cache) fresh(o *object, now time.Time) *object {
	if o = c.newestFor(o, now); o == nil || !o.fresh(now) {
		return nil
	}
	if o.seat != nil {
		c.row(o).MoveToFront(o.seat)
	}
	return o
}

// reserve counts n more bytes for an object in flight, evicting others. It fails, and evicts nobody, where there is no room beside what is in flight, slabs and what lingers.
func (c *cache) reserve(o *object, n int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.book(o, n)
}

// book is reserve for who holds mu.
func (c *cache) book(o *object, n int64) bool {
	if c.flying+c.slabs.bytes+c.beside()+n > c.limit {
		return false
	}
	c.count(o, n)
	return true
}

// giveBack takes back all that was reserved for an object in flight.
func (c *cache) giveBack(o *object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count(o, overhead+int64(len(o.uri))-o.bytes)
}

// land ends an object's flight: it gets a seat if it is to be kept, and is forgotten otherwise.
func (c *cache) land(o *object, keep bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o.landed = time.Now()
	if !keep {
		c.drop(o)
		c.evict()
		return
	}
	c.flying -= o.bytes
	o.seat = c.row(o).PushFront(o)
	if o.lacking() {
		c.lackBytes += o.bytes
		defer c.evictLacks()
	}
	if o.brief() {
		at := c.briefs[o.expired()]
		if at == nil {
			at = make(map[*object]struct{})
			c.briefs[o.expired()] = at
		}
		at[o] = struct{}{}
	}
	c.count(o, 0)
}

// tidy drops what is of no use once it has expired, and has: answers to held reloads, since a stream has others by then, and errors. Those that have not it
// does not touch: there may be many.
func (c *cache) tidy(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for second, list := range c.briefs {
		if second > now.Unix() {
			continue
		}
		for o := range list {
			c.drop(o)
		}
	}
}

// forget drops an object that turned out to be of no use.
func (c *cache) forget(o *object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.seat != nil {
		c.drop(o)
	}
}

// put seats a playlist that is done, unless there is a flight or a playlist that reaches further at its URI.
func (c *cache) put(o *object, size int64, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.objects[o.uri]; old != nil {
		if old.seat == nil || old.fresh(now) && old.position.further(o.position) {
			return
		}
		c.drop(old)
	}
	c.objects[o.uri] = o
	o.seat = c.seats.PushFront(o)
	c.count(o, overhead+int64(len(o.uri))+size)
}

// count adds n bytes to o and evicts until the limit holds, or until only flights and slabs are left.
func (c *cache) count(o *object, n int64) {
	o.bytes += n
	c.bytes += n
	if o.seat == nil {
		c.flying += n
	}
	c.evict()
	c.resized(c.bytes, c.slabs.bytes, c.lingering)
}

// evict drops what was not asked for longest until the limit holds, or until only flights and slabs are left.
func (c *cache) evict() {
	for c.bytes+c.beside() > c.limit {
		last := c.seats.Back()
		if last == nil {
			last = c.lacks.Back()
		}
		if last == nil {
			break
		}
		old := last.Value.(*object)
		c.drop(old)
		c.evicted(old)
	}
}

// bound sets how many bytes there may be.
func (c *cache) bound(limit int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limit = limit
	c.ease()
	c.retire(limit / slabShare)
	c.evictLacks()
	c.evict()
	c.resized(c.bytes, c.slabs.bytes, c.lingering)
}

func (c *cache) drop(o *object) {
	if c.objects[o.uri] == o {
		delete(c.objects, o.uri)
	}
	if o.seat == nil {
		c.flying -= o.bytes
	}
	if o.seat != nil {
		c.row(o).Remove(o.seat)
		o.seat = nil
		if o.lacking() {
			c.lackBytes -= o.bytes
		}
		if at := c.briefs[o.expired()]; at != nil && o.brief() {
			if delete(at, o); len(at) == 0 {
				delete(c.briefs, o.expired())
			}
		}
	}
	c.bytes -= o.bytes
	if !o.gone.Load() {
		o.weight = o.bytes
		o.gone.Store(true)
		c.linger(o)
	}
	o.bytes = 0
	c.resized(c.bytes, c.slabs.bytes, c.lingering)
}
