package http1

import (
	"io"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// bell releases the connections that wait for the same thing. Their goroutines read meanwhile, so that who leaves is gone at once, and a
// connection that waits costs no second one.
type bell struct {
	waiting map[*conn]struct{} // guarded by Front.mu
	silent  chan struct{}      // closed when all are released
}

// fate is what became of a connection that waits.
type fate int

const (
	isWaiting fate = iota
	hasGone
	isWoken      // to see itself what has come
	isUnanswered // what has come is not to be sent as it is
	isHalfway    // the answer is on its way: see errand
	isServed     // with the answer, and has said more already
	isResting    // with the answer
)

// await waits until what an answer waits for has come or the front lets go. Whoever rings the bell answers at once, where that takes no waiting itself.
func (c *conn) await(until Wait) fate {
	c.raw.SetReadDeadline(time.Time{})
	c.readBy = time.Time{}
	c.turn.Lock()
	c.wait, c.fate = until, isWaiting
	c.turn.Unlock()
	b := c.front.join(c, until.Done())
	for len(c.buffer) < cap(c.buffer) {
		n, err := c.readInto(c.buffer[len(c.buffer):cap(c.buffer)]) // of the next request
		if fate := c.heard(n, err); fate != isWaiting {
			if fate == hasGone {
				c.front.part(c, b)
			}
			return fate
		}
	}
	if !c.waitUnread(b.silent) { // there is no room to read into
		c.front.part(c, b)
		return c.heard(0, io.EOF)
	}
	return c.heard(0, nil)
}

// heard notes what was read by who waits, and tells what has become of it.
func (c *conn) heard(n int, err error) fate {
	c.turn.Lock()
	defer c.turn.Unlock()
	c.buffer = c.buffer[:len(c.buffer)+n]
	c.rests.Store(false)
	switch {
	case n > 0 || err == nil:
	case c.fate == isWaiting:
		c.fate = hasGone
		c.wait.Leave(true)
	case c.fate == isResting:
		c.fate = hasGone
	}
	return c.fate
}

// release answers a connection that waits, as far as that takes no waiting, or wakes it. Its goroutine is reading, and touches nothing else meanwhile.
func (c *conn) release() {
	c.turn.Lock()
	defer c.turn.Unlock()
	if c.fate != isWaiting {
		return
	}
	defer func() {
		if why := recover(); why != nil {
			c.front.config.Log.Error("http1: a cache panicked", "error", why, "stack", string(debug.Stack()))
			c.fate = isResting
			c.cut()
		}
	}()
	c.wait.Leave(false)
	now := time.Now()
	switch c.fate = c.answerHeld(now); {
	case c.fate != isResting || len(c.buffer) > c.head.size:
		if c.fate == isResting {
			c.fate = isServed
		}
		c.raw.SetReadDeadline(past)
	default:
		c.readBy = now.Add(c.front.config.IdleTime)
		c.rests.Store(true)
		c.raw.SetReadDeadline(c.readBy)
		if c.front.ending.Load() {
			c.raw.SetReadDeadline(past)
		}
	}
}

// answerHeld begins to send what has come.
func (c *conn) answerHeld(now time.Time) fate {
	if !c.canAttempt() || c.front.ending.Load() {
		return isWoken
	}
	a, ok := c.wait.Answer(&c.head, now)
	if !ok {
		return isUnanswered
	}
	switch whole, err := c.attempt(a, now); {
	case err != nil:
		c.cut()
	case !whole:
		return isHalfway
	}
	return isResting
}

// lookEach is how often it is looked whether a viewer has left who has said more than there is room for.
const lookEach = time.Second / 2

// waitUnread waits without reading, and tells whether the viewer is still there.
func (c *conn) waitUnread(until <-chan struct{}) (here bool) {
	look := time.NewTicker(lookEach)
	defer look.Stop()
	for {
		select {
		case <-until:
			return true
		case <-look.C:
			if hasLeft(c.raw) {
				return false
			}
		}
	}
}

// join has a connection woken when done is closed.
func (f *Front) join(c *conn, done <-chan struct{}) *bell {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.bells[done]
	if b == nil {
		b = &bell{waiting: map[*conn]struct{}{}, silent: make(chan struct{})}
		f.bells[done] = b
		f.running.Go(func() { f.ring(b, done) })
	}
	b.waiting[c] = struct{}{}
	return b
}

// part takes a connection from a bell.
func (f *Front) part(c *conn, b *bell) {
	f.mu.Lock()
	delete(b.waiting, c)
	f.mu.Unlock()
}

// Who is released by one goroutine after the other: that has a processor of its own, and lets others have it now and then.
const (
	ringShare = 256
	ringEach  = 64
)

// ring releases who waits when done is closed, or the front lets go.
func (f *Front) ring(b *bell, done <-chan struct{}) {
	select {
	case <-done:
	case <-f.requests.Done():
	}
	f.mu.Lock()
	delete(f.bells, done)
	waiting := slices.Collect(maps.Keys(b.waiting))
	b.waiting = nil
	f.mu.Unlock()
	defer close(b.silent)
	var all sync.WaitGroup
	defer all.Wait()
	shares := min(runtime.GOMAXPROCS(0), 1+len(waiting)/ringShare)
	for share := range slices.Chunk(waiting, 1+len(waiting)/shares) {
		all.Go(func() {
			for i, c := range share {
				c.release()
				if i%ringEach == ringEach-1 {
					runtime.Gosched()
				}
			}
		})
	}
}
