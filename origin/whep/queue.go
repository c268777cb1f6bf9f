package whep

import (
	"sync"
	"time"

	"github.com/shoal-live/shoal/origin/media"
)

const (
	maxQueued = 256                    // frames of both tracks: three seconds of 30 pictures and 50 packets of sound ...
	maxBytes  = 16 << 20               // ... and their bytes: three seconds of 40 Mbit/s
	onItsWay  = 500 * time.Millisecond // that a key frame may take until a viewer stops asking for one
)

// unit is a frame on its way to viewers.
type unit struct {
	media.Frame
	track *media.Track
}

// queue holds what one viewer is yet to be sent. When it is full, what comes is dropped, and pictures go on with the next key frame.
type queue struct {
	c      chan unit
	coding string        // of pictures that the viewer can be sent
	sound  bool          // wanted
	failed chan struct{} // closed when the feed has nothing for this viewer any more ...

	mu       sync.Mutex
	waits    media.Backlog
	err      error // ... and why
	skipping bool  // pictures, until a key frame
	key      time.Time
	skips    uint64 // times that pictures were left out
}

func newQueue(coding string, sound bool) *queue {
	return &queue{coding: coding, c: make(chan unit, maxQueued), sound: sound, failed: make(chan struct{}), waits: media.NewBacklog(maxBytes)}
}

// offer adds a unit that came now. It never waits.
func (q *queue) offer(u unit, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if u.Video && q.skipping && !u.Key || !u.Video && !q.sound {
		return
	}
	if len(q.c) == cap(q.c) || !q.waits.Takes(len(q.c), len(u.Bytes)) { // nobody else fills it
		q.skip()
		return
	}
	q.c <- u
	if u.Video && u.Key {
		q.skipping, q.key = false, now
	}
}

// lost says that the viewer cannot go on without a key frame: what comes before the next is of no use to it.
func (q *queue) lost(now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now.Sub(q.key) >= onItsWay {
		q.skip()
	}
}

func (q *queue) skip() {
	if !q.skipping {
		q.skipping = true
		q.skips++
	}
}

// skipped returns how often pictures were left out.
func (q *queue) skipped() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.skips
}

// fail ends what there is for this viewer.
func (q *queue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.err = err
		close(q.failed)
	}
}

func (q *queue) why() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.err
}
