package edge

import (
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/shoal-live/shoal/edge/http1"
)

// forms are the codings that a text is sent in, plain and packed.
var forms = [...]string{"", "br", "gzip"}

// ready is an object's answer as it is sent whole, for one second of the clock and of its age.
type ready struct {
	second int64
	age    int64
	head   []byte
	body   []byte
	sheet  *sheet // nil: there is none
	ahead  bool   // the sheet begins with head
	hits   atomic.Int32
	passage
}

// worthSheet is the least body that is sent from a sheet. An answer, which is good for a second or what is left of one, has a sheet made when it is asked for sheetHits
// times, and, where the body has one of an earlier answer, at aheadHits one that begins with its own head: then all goes in one call.
const (
	worthSheet = 64 << 10
	sheetHits  = 16
	aheadHits  = 256
)

// answer is what a front sends.
func (a *ready) answer() http1.Answer {
	answer := http1.Answer{Head: a.head, Body: a.body, Tally: a}
	if a.sheet != nil {
		answer.File, answer.Ahead = a.sheet, a.ahead
	}
	return answer
}

// Count implements http1.Tally.
func (a *ready) Count(body int) { a.passage.count(http.StatusOK, int64(body)) }

// Hit implements http1.Cache: what is whole and fresh is sent as it is. A request's target is the cache's key as it stands, for
// there is one way to write each; what is written otherwise is for ServeHTTP. So is who brings no token that is known, where one is needed.
func (e *Edge) Hit(from netip.Addr, h *http1.Head, now time.Time) (http1.Answer, bool) {
	pass, ok := e.admission.passOf(h)
	if !ok {
		return http1.Answer{}, false
	}
	o := e.cache.hitAt(pass.uri, now)
	if o == nil {
		return http1.Answer{}, false
	}
	held := o.target.reload.held && !closed(o.done)
	if !held && (!closed(o.done) || o.status != http.StatusOK) || held && h.Chained { // what waits for itself would wait for ever
		return http1.Answer{}, false
	}
	from, sure := e.whenceAhead(from, h)
	if sure && h.Headcount != nil {
		e.heed(from, string(h.Headcount), o.target, now)
	}
	cookie, ok := e.admission.lets(pass, h, o.target, from, now)
	if !ok || !e.plainly(from, now) { // the last question, since it counts a request, as ServeHTTP does
		return http1.Answer{}, false
	}
	to := receiver{from, cookie, e.watcherAhead(h, o)}
	var answer http1.Answer
	if held {
		answer, ok = e.holdLean(o, to, h.Came)
	} else {
		answer, ok = e.hit(o, to, h, now)
	}
	if !ok {
		e.giveBack(from) // ServeHTTP counts it
	}
	return answer, ok
}

// receiver is a viewer that is let in.
type receiver struct {
	from    netip.Addr
	cookie  *http.Cookie // that it is given; nil: none
	watcher watcher
}

// hit is the answer of a whole object.
func (e *Edge) hit(o *object, to receiver, h *http1.Head, now time.Time) (http1.Answer, bool) {
	a := e.readyFor(o, h, now)
	if a == nil {
		return http1.Answer{}, false
	}
	o.want()
	to.watcher.served(o)
	answer := a.answer()
	answer.Tally = e.readers.next(h.Viewer, o, a, now)
	return e.addressed(answer, o, http.StatusOK, to, h), true
}

// addressed is an answer as one viewer gets it: with its cookie, and with its line in the log.
func (e *Edge) addressed(answer http1.Answer, o *object, status int, to receiver, h *http1.Head) http1.Answer {
	if to.cookie != nil {
		answer.Head, answer.Ahead = withCookie(answer.Head, to.cookie), false
	}
	if e.access != nil {
		answer.Tally = e.access.beginHit(answer.Tally, o, status, to.from, h)
	}
	return answer
}

// readyFor is readyOf for what a front was asked.
func (e *Edge) readyFor(o *object, h *http1.Head, now time.Time) *ready {
	coding := ""
	if o.target.kind.text() && h.AcceptEncoding != nil {
		coding = o.coding(string(h.AcceptEncoding))
	}
	return e.readyOf(o, coding, h.Files, now)
}

// sendReady is Hit for who had to wait for o. It tells whether it has answered.
func (e *Edge) sendReady(w http.ResponseWriter, r *http.Request, o *object, began bool) bool {
	to, ok := w.(http1.Sender)
	if !ok || o.status != http.StatusOK || !closed(o.done) || len(w.Header()) != shared {
		return false
	}
	coding := ""
	if o.target.kind.text() {
		coding = o.coding(listed(r, "Accept-Encoding"))
	}
	a := e.readyOf(o, coding, to.Files(), time.Now())
	if a == nil {
		return false
	}
	answer := a.answer()
	if began {
		p := a.passage
		p.began = true
		answer.Tally = &ready{passage: p}
	}
	return to.Send(answer)
}

// readyOf returns the answer of a whole object in a coding, or nil. Who asks often and can be sent files has a sheet made.
func (e *Edge) readyOf(o *object, coding string, files bool, now time.Time) *ready {
	at := &o.answers[slices.Index(forms[:], coding)]
	a, second, age := at.Load(), now.Unix(), int64(max(0, now.Sub(o.born))/time.Second)
	if a == nil || a.second != second || a.age != age {
		if a = e.prepare(o, a, coding, now); a != nil {
			at.Store(a)
		}
	}
	if files && a != nil && a.wantsSheet() {
		if s := e.cache.spread(o, a.head, a.body); s != nil {
			with := &ready{second: a.second, age: a.age, head: a.head, body: a.body, sheet: s, ahead: true, passage: a.passage}
			at.CompareAndSwap(a, with)
			return with
		}
	}
	return a
}

// wantsSheet counts a request, and tells whether to make a sheet for those that follow.
func (a *ready) wantsSheet() bool {
	alive := a.sheet.alive()
	switch {
	case alive && a.ahead || len(a.body) < worthSheet:
		return false
	case alive:
		return a.hits.Add(1)%aheadHits == 0
	}
	return a.hits.Add(1)%sheetHits == 0
}

// prepare makes the answer of a whole object in a coding; before is the one of some time ago, nil where there was none.
func (e *Edge) prepare(o *object, before *ready, coding string, now time.Time) *ready {
	h := http.Header{}
	share(h)
	o.describe(h)
	h.Set("Age", seconds(now.Sub(o.born)))
	var body []byte
	if o.target.kind.text() {
		var tag string
		body, tag = o.code(h, coding)
		h.Set("ETag", `"`+tag+`"`)
	} else {
		var err error
		if body, err = o.whole(); err != nil {
			return nil
		}
		o.describeMedia(h)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	a := &ready{second: now.Unix(), age: int64(max(0, now.Sub(o.born)) / time.Second), body: body}
	if before != nil && before.sheet.alive() {
		a.sheet = before.sheet
	}
	if a.passage.meter = e.meters.stream(o.target.stream); before != nil {
		a.passage.meter = before.meter
	}
	a.passage.kind = o.target.kind.shown()
	a.head = append(make([]byte, 0, 1<<10+len(o.pieces)), "HTTP/1.1 200 OK\r\n"...)
	a.head = http1.AppendDate(a.head, now)
	a.head = append(http1.AppendFields(a.head, h), "\r\n"...)
	return a
}
