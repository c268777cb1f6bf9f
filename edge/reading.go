package edge

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/shoal-live/shoal/edge/http1"
)

// A body that leaves the cache lives on while it is being sent to somebody. It counts until then, and the cache keeps less meanwhile, but half of what it
// may in any case: when more lingers, those who read slowest of what has left are cut off. Who watches live asks for what is in the cache, and is not
// touched. Refusing fills in place of that would let a few who read nothing keep everybody from what is new.
const (
	leastRead   = 16 << 10 // bytes; smaller bodies are not looked after: a connection costs as much itself
	lingerShare = 2        // of the cache's bytes those that linger have one in so many
	lingerCut   = 8        // who is cut off is so until an eighth of that is free
)

// readers are all who are being sent something.
type readers struct {
	cache *cache                // static
	shed  prometheus.Counter    // static
	log   *slog.Logger          // static
	clock clock                 // static
	said  sync.Once             // static
	mu    sync.Mutex            // guards what follows
	all   map[*reading]struct{} // but those that cannot be cut off
}

// reading is an answer on its way, or a connection of a front's, which has one after the other.
type reading struct {
	of     *readers               // static
	cut    func()                 // static; ends it
	isCut  atomic.Bool            //
	object atomic.Pointer[object] // that it is being sent; nil: none now
	since  atomic.Int64           // by the readers' clock
	answer *ready                 // owned by the connection; nil: the meters are told by somebody else
}

// enter notes an answer of a handler's. Nil: it is not looked after.
func (all *readers) enter(w http.ResponseWriter, o *object) *reading {
	if 0 <= o.size && o.size < leastRead {
		return nil
	}
	control := http.NewResponseController(w)
	r := &reading{of: all, cut: func() { _ = control.SetWriteDeadline(time.Unix(1, 0)) }}
	r.begin(o, time.Now())
	all.add(r)
	return r
}

// next notes an answer of a front's connection, and returns the Tally that ends it.
func (all *readers) next(v *http1.Viewer, o *object, a *ready, now time.Time) http1.Tally {
	if len(a.body) < leastRead {
		return a
	}
	var r *reading
	if v != nil {
		r, _ = v.Kept.(*reading)
	}
	if r == nil {
		if r = (&reading{of: all}); v != nil {
			r.cut, v.Kept = v.Cut, r
			all.add(r)
		}
	}
	r.answer = a
	r.begin(o, now)
	return r
}

func (all *readers) add(r *reading) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.all == nil {
		all.all = map[*reading]struct{}{}
	}
	all.all[r] = struct{}{}
}

func (r *reading) begin(o *object, now time.Time) {
	r.end() // one that was not sent after all
	r.of.cache.hold(o)
	r.since.Store(r.of.clock.at(now))
	r.object.Store(o)
}

func (r *reading) end() {
	if o := r.object.Load(); o != nil { // nobody else writes it
		r.object.Store(nil)
		r.of.cache.release(o)
	}
}

// Count implements http1.Tally.
func (r *reading) Count(body int) {
	a := r.answer
	r.answer = nil
	r.end()
	a.Count(body)
}

// Leave is told that its answer, or its connection, has ended.
func (r *reading) Leave() {
	if r == nil {
		return
	}
	r.of.mu.Lock()
	delete(r.of.all, r)
	r.of.mu.Unlock()
	r.answer = nil
	r.end()
}

// over tells whether it is cut off.
func (r *reading) over() bool { return r != nil && r.isCut.Load() }

// run cuts off whoever has to be, until ctx ends.
func (all *readers) run(ctx context.Context) {
	for {
		select {
		case <-all.cache.crowded:
			all.thin()
		case <-ctx.Done():
			return
		}
	}
}

// lingerer is an object that has left the cache, and who reads it.
type lingerer struct {
	object  *object
	readers []*reading
	pace    float64 // bytes a nanosecond that its quickest reader has taken at most
}

// thin cuts off who reads slowest of what has left the cache, until little enough lingers. What somebody reads slowly and somebody else does not stays.
func (all *readers) thin() {
	over := all.cache.lingers()
	if over <= 0 {
		return
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	cut := 0
	for _, l := range all.lingering(time.Now()) {
		if over <= 0 {
			break
		}
		over -= l.object.weight
		for _, r := range l.readers {
			if !r.isCut.Swap(true) {
				r.cut()
				cut++
			}
		}
	}
	if cut > 0 {
		all.shed.Add(float64(cut))
		all.said.Do(func() {
			all.log.Warn("edge: those who read slowest are cut off, since they keep too much in memory that the cache has given up; give -memory more")
		})
	}
}

// lingering returns what lingers: first what ends by itself, since all its readers are cut off, then what is read slowest. The caller holds mu.
func (all *readers) lingering(now time.Time) []*lingerer {
	by := map[*object]*lingerer{}
	for r := range all.all {
		o := r.object.Load()
		if o == nil || !o.gone.Load() {
			continue
		}
		l := by[o]
		if l == nil {
			l = &lingerer{object: o}
			by[o] = l
		}
		l.readers = append(l.readers, r)
		if !r.over() {
			since := max(r.since.Load(), all.clock.at(o.landed)) // before that it was the origin that was slow
			l.pace = max(l.pace, float64(o.weight)/float64(max(1, all.clock.at(now)-since)))
		}
	}
	list := make([]*lingerer, 0, len(by))
	for _, l := range by {
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b *lingerer) int { return cmp.Compare(a.pace, b.pace) })
	return list
}
