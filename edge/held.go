package edge

import (
	"net/http"
	"strconv"
	"time"

	"github.com/shoal-live/shoal/edge/http1"
)

// holding is a viewer whom the front holds.
type holding struct {
	*Edge
	object *object
	to     receiver
	came   time.Time
}

// holdLean is hold for who has no more to tell than that he waits.
func (e *Edge) holdLean(o *object, to receiver, came time.Time) (http1.Answer, bool) {
	if e.held.Add(1) > int64(e.config.MaxHeld) {
		e.held.Add(-1)
		return http1.Answer{}, false
	}
	e.meters.held.Inc()
	to.watcher.hold()
	return http1.Answer{Wait: holding{e, o, to, came}}, true
}

// Done implements http1.Wait.
func (h holding) Done() <-chan struct{} { return h.object.done }

// Leave implements http1.Wait.
func (h holding) Leave(gone bool) {
	h.held.Add(-1)
	h.meters.held.Dec()
	h.to.watcher.leave()
	if gone && h.access != nil {
		l := h.access.lineAhead(h.object, statusGone, h.to.from, h.came)
		l.Broken = true
		h.access.put(l)
	}
}

// Answer implements http1.Wait. What has come is the answer, though it may be an error, or not be kept: who asked anew would be held once more.
func (h holding) Answer(head *http1.Head, now time.Time) (http1.Answer, bool) {
	o := h.object
	if !closed(o.done) || h.draining.Load() {
		h.giveBack(h.to.from) // ServeHTTP counts it
		return http1.Answer{}, false
	}
	if o.status != http.StatusOK {
		return h.addressed(h.failure(o, now), o, o.status, h.to, head), true
	}
	return h.hit(o, h.to, head, now)
}

// failure returns an object that is an error as the front sends it.
func (e *Edge) failure(o *object, now time.Time) http1.Answer {
	body, _ := o.whole()
	h := http.Header{}
	share(h)
	o.describeError(h, now)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	head := append([]byte("HTTP/1.1 "+strconv.Itoa(o.status)+" "+http.StatusText(o.status)), "\r\n"...)
	head = http1.AppendFields(http1.AppendDate(head, now), h)
	return http1.Answer{Head: append(head, "\r\n"...), Body: body, Tally: failed{passage{e.meters.stream(o.target.stream), kindPage, false}, o.status}}
}

// failed is an error on its way to a viewer.
type failed struct {
	passage
	status int
}

// Count implements http1.Tally.
func (f failed) Count(body int) { f.passage.count(f.status, int64(body)) }
