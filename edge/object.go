package edge

import (
	"container/list"
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// object is one answer of an origin, shared by all who ask for it. Its flight writes it once; viewers read it
// while it grows. Bytes that were handed out are never written again.
type object struct {
	// static
	target  target
	uri     string
	newest  string        // of a held reload: the URI at which what its playlist is by now stands
	reached position      // of what stood at its URI before
	asked   time.Time     // when its flight began
	head    chan struct{} // closed when the fields of the head are set
	done    chan struct{} // closed when no more bytes will come

	// the head: written by the flight before head is closed, read only after it
	status  int
	typ     string
	etag    string // without quotes; a playlist's is set before done
	control string // Cache-Control for viewers
	vary    string // what their caches are to tell its askers apart by, beside what it is packed as; empty: nothing
	retry   string // Retry-After for viewers
	pieces  string // wire.PiecesHeader of media; empty where the origin sent none
	size    int64  // of the whole body; -1 while it is not known
	born    time.Time
	expires time.Time
	strict  bool // of no use once it has expired

	// the tail: written by the flight before done is closed, read only after it
	packed   *packed // nil where it does not pay
	position position

	wanted  atomic.Bool  // a viewer has asked for it
	proved  atomic.Bool  // its bytes are those of its record
	readers atomic.Int32 // that are being sent it
	gone    atomic.Bool  // it has left the cache

	// guarded by mu
	mu   sync.Mutex
	body []byte
	err  error         // why the body is not whole
	more chan struct{} // closed at the next change; nil while nobody waits

	answers [len(forms)]atomic.Pointer[ready] // its answers as they were sent last

	// guarded by cache.mu
	seat    *list.Element // nil while in flight or not kept
	bytes   int64         // what it counts for
	lingers int64         // what it counts for when it is gone

	// written under cache.mu before it is gone, read without it only after that
	landed time.Time
	weight int64 // what it counted for
}

func newObject(t target, uri string) *object {
	o := &object{target: t, uri: uri, head: make(chan struct{}), done: make(chan struct{}), size: -1}
	if t.reload.held {
		o.newest = t.unheld().uri()
	}
	return o
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// fresh tells whether the object may answer a request that comes now. One in flight always may.
func (o *object) fresh(now time.Time) bool { return !closed(o.done) || now.Before(o.expires) }

// expired returns the first second, of Unix's, at whose beginning it has expired.
func (o *object) expired() int64 { return o.expires.Unix() + 1 }

// useful tells whether an object that is not fresh may answer while nothing newer is to be had.
func (o *object) useful(now time.Time) bool {
	if o.strict || o.status != http.StatusOK || !o.target.kind.text() || o.target.reload.held {
		return false
	}
	age := now.Sub(o.born)
	switch o.target.kind {
	case mediaPlaylist:
		return age <= o.position.useful()
	case api:
		return age <= apiUseful
	}
	return age <= mostUseful
}

// want notes that a viewer has asked for it.
func (o *object) want() {
	if !o.wanted.Load() { // all viewers read it, and only the first writes
		o.wanted.Store(true)
	}
}

// publish shows the body to readers as far as it has come.
func (o *object) publish(body []byte) {
	o.mu.Lock()
	o.body = body
	o.wake()
	o.mu.Unlock()
}

// finish ends the object; err tells why it is not whole.
func (o *object) finish(err error) {
	o.mu.Lock()
	o.err = err
	close(o.done)
	o.wake()
	o.mu.Unlock()
}

func (o *object) wake() {
	if o.more != nil {
		close(o.more)
		o.more = nil
	}
}

// ready returns what has arrived from byte off on, which may be nothing. At the object's end it returns io.EOF, or
// why there is no more.
func (o *object) ready(off int64) (b []byte, more <-chan struct{}, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if off < int64(len(o.body)) {
		return o.body[off:], nil, nil
	}
	if closed(o.done) {
		if o.err != nil {
			return nil, nil, o.err
		}
		return nil, nil, io.EOF
	}
	if o.more == nil {
		o.more = make(chan struct{})
	}
	return nil, o.more, nil
}

// whole returns the body of an object that is done.
func (o *object) whole() ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.body, o.err
}

// wait waits for the head of media and for the end of anything else, which is small and answered in one go.
func (o *object) wait(ctx context.Context) error {
	until := o.head
	if o.target.kind.text() {
		until = o.done
	}
	select {
	case <-until:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
