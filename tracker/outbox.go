package tracker

import (
	"sync"
	"time"

	"github.com/shoal-live/shoal/tracker/store"
	"github.com/shoal-live/shoal/tracker/trunk"
)

const (
	maxOutbox   = 8 << 20 // bytes that wait for one tracker; what comes on top is dropped
	maxOutboxes = 256     // trackers
)

// outboxes hold the words that wait to be sent to other trackers. A part of the store that does not answer makes all wait that
// are sent with what it would carry, so what goes to a tracker that could not be sent to last time goes by itself: by the side lane.
// A tracker's words are under way in one lane at a time, and stay in order.
type outboxes struct {
	name    string               // static; who sends
	wait    [lanes]chan struct{} // static; holds one when something waits
	sending [lanes]chan struct{} // static; holds one while something is under way

	mu   sync.Mutex // guards what follows
	all  map[string]*outbox
	went time.Time // when something was last sent to a tracker that listened
}

type lane int

const (
	mainLane lane = iota
	sideLane
	lanes
)

// outbox is what waits for one tracker, and how sending to it went last.
type outbox struct {
	batch []byte
	lane  lane
	deaf  bool // nobody listened
}

func newOutboxes(name string) *outboxes {
	o := &outboxes{name: name, all: map[string]*outbox{}}
	for i := range o.wait {
		o.wait[i], o.sending[i] = make(chan struct{}, 1), make(chan struct{}, 1)
	}
	return o
}

// add puts a word into a tracker's outbox, unless there is no room.
func (o *outboxes) add(to string, w trunk.Word) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := o.all[to]
	if b == nil {
		if len(o.all) >= maxOutboxes {
			o.tidy()
		}
		if len(o.all) >= maxOutboxes {
			return false
		}
		b = new(outbox)
		o.all[to] = b
	}
	if len(b.batch) > maxOutbox {
		return false
	}
	if len(b.batch) == 0 {
		b.batch = trunk.Begin(b.batch, o.name)
	}
	b.batch = w.Append(b.batch)
	wake(o.wait[b.lane])
	return true
}

// tidy forgets trackers for which nothing waits: the name of one that was restarted does not come again.
func (o *outboxes) tidy() {
	for name, b := range o.all {
		if len(b.batch) == 0 {
			delete(o.all, name)
		}
	}
}

// empty takes out all that waits in a lane.
func (o *outboxes) empty(l lane) (letters []store.Letter) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for name, b := range o.all {
		if b.lane == l && len(b.batch) > 0 {
			letters = append(letters, store.Letter{To: name, Message: b.batch})
			b.batch = nil
		}
	}
	return letters
}

// sent notes what became of letters, and returns how many could not be sent, and why one of them.
func (o *outboxes) sent(letters []store.Letter, receipts []store.Receipt) (failed int, why error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, l := range letters {
		r, to := receipts[i], mainLane
		if r.Err != nil {
			failed, why, to = failed+1, r.Err, sideLane
		}
		b := o.all[l.To]
		if b == nil {
			continue
		}
		if r.Err == nil {
			b.deaf = !r.Heard
			if r.Heard {
				o.went = time.Now()
			}
		}
		if b.lane = to; len(b.batch) > 0 {
			wake(o.wait[to])
		}
	}
	return failed, why
}

// stuck tells whether nothing has reached any tracker for a while, in which beats would have.
func (o *outboxes) stuck() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return time.Since(o.went) > silentAfter
}

// listens tells whether somebody listened at a tracker when it was last written to.
func (o *outboxes) listens(name string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := o.all[name]
	return b == nil || !b.deaf
}
