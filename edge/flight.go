package edge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// How long an origin may take.
const (
	livePatience  = 30 * time.Second // for a head: origins hold reloads and hinted parts for three target durations
	apiPatience   = 5 * time.Second  // for a head that nothing holds
	stalePatience = time.Second      // for a head, while there is something older that is of use
	bodyPatience  = 30 * time.Second // for the rest
	bodyPause     = 5 * time.Second  // between two bytes of it: an origin holds before the first one only
	heldMargin    = time.Second      // that an origin may take to say that a reload was held for too long
	heldRetry     = brokenLife       // between two requests for a held reload that nobody answers
)

// stopping is what who still waits is told when the edge ends.
const stopping = "the edge is stopping; try again soon"

// errRoom is why an answer is not taken that another origin would give as well.
var errRoom = errors.New("larger than there is room for")

// flight fetches one object. It serves all who wait for the object, and depends on none of them.
type flight struct {
	*Edge
	o, stale *object
	began    time.Time
	patience time.Duration // for a head
	hold     time.Duration // of a held reload, until nothing will come of it
	usual    time.Duration // that it takes while the stream goes on: a segment, and half of one for what may come late; 0: not known

	body    []byte // what has come, and room for the rest
	good    int    // bytes of it that are as they should be: shown, of media
	size    int64  // that there must be; -1 while it is not known
	life    time.Duration
	tag     string // strong ETag, as it was sent
	proof   *proof // nil: it cannot be told what bytes there should be
	avoid   *upstream
	showing bool // bytes are shown as they come
}

// outcome is what became of an attempt.
type outcome int

const (
	ended outcome = iota // the object is done
	again                // at once: another may do better
	later                // nobody answers now
)

// open returns the object for t: a fresh one, one in flight, or one whose flight it starts. began tells the latter.
func (e *Edge) open(t target) (o *object, began bool) {
	o, began = e.start(t)
	o.want()
	return o, began
}

// start is open for what no viewer has asked for.
func (e *Edge) start(t target) (o *object, began bool) {
	o, stale, fly := e.cache.join(t, t.uri(), time.Now())
	if !fly {
		return o, false
	}
	if !e.takeOff() {
		e.fail(o, stale, http.StatusServiceUnavailable, "the edge is busy or stopping; try again soon")
		return o, true
	}
	go func() {
		defer e.landed()
		e.fly(o, stale)
	}()
	return o, true
}

// takeOff claims one of the flights there may be at once.
func (e *Edge) takeOff() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopped || e.flying >= e.config.MaxFlights {
		return false
	}
	e.flying++
	e.flights.Add(1)
	return true
}

func (e *Edge) landed() {
	e.mu.Lock()
	e.flying--
	e.mu.Unlock()
	e.flights.Done()
}

// fly fetches o. An answer that breaks off is asked for anew, from the byte that was reached, once for each further
// upstream and once more. A held reload that nobody answers is asked for until it has been held for long enough: who waits
// for it is released when an origin is back.
func (e *Edge) fly(o, stale *object) {
	f := &flight{Edge: e, o: o, stale: stale, began: time.Now(), patience: livePatience}
	switch {
	case stale != nil && stale.useful(f.began):
		f.patience = stalePatience
	case o.target.kind == api:
		f.patience = apiPatience
	}
	all, under := len(e.origins.all()), e.ctx
	limit := time.Duration(all)*f.patience + bodyPatience
	if o.target.reload.held {
		f.hold, f.usual = e.heldLimit(o.target)
		limit, under = f.hold+heldMargin, e.holding
	}
	ctx, cancel := context.WithTimeout(under, limit)
	defer cancel()
	if e.disk.fill(f) {
		return
	}
	for left := all; ; {
		switch f.try(ctx, left > 0) {
		case ended:
			return
		case again:
			left--
			if f.good == 0 {
				e.cache.giveBack(o)
			}
		case later:
			select {
			case <-time.After(heldRetry):
			case <-ctx.Done():
			}
		}
	}
}

// heldLimit is how long a reload is held, and how long it usually takes.
func (e *Edge) heldLimit(t target) (limit, usual time.Duration) {
	if newest := e.cache.look(t.unheld().uri()); newest != nil && closed(newest.done) && newest.position.target > 0 {
		return newest.position.hold(), newest.position.target * 3 / 2
	}
	return livePatience, 0
}

// try asks for o once. It tells whether it must be tried again, which happens only if more allows it.
func (f *flight) try(ctx context.Context, more bool) outcome {
	t := f.o.target
	resp, err := f.origins.send(ctx, request{
		method: http.MethodGet, uri: f.o.uri, patience: f.patience, stream: t.stream, spread: t.stream != "",
		listing: t.kind == multivariant || t.kind == mediaPlaylist, hold: f.usual,
		header: f.from(), avoid: f.avoid, chain: t.chain,
	})
	if err != nil {
		f.meters.stream(t.stream).fills.Inc()
		f.log.Debug("edge: fill failed", "uri", f.o.uri, "error", err)
		return f.unanswered(ctx, err, more)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK && t.stream != "" {
		f.meters.learn(t.stream)
	}
	f.meters.stream(t.stream).fills.Inc()
	if a, ok := resp.Body.(*arriving); ok {
		f.avoid = a.from
	}
	switch {
	case f.good > 0:
		return f.resume(resp, more)
	case resp.StatusCode >= 500 && t.reload.held && time.Since(f.began) < f.hold*2/3:
		return later // it was not held: who answers so cannot now
	case resp.StatusCode >= 500 && f.adopt(f.o, f.stale):
		return ended
	case resp.StatusCode == http.StatusOK || resp.StatusCode >= 400:
		return f.take(ctx, resp, more)
	}
	f.fail(f.o, f.stale, http.StatusBadGateway, fmt.Sprintf("the origin answered %d, which an edge does not understand", resp.StatusCode))
	return ended
}

// unanswered ends o, or has it asked for later, when nobody has answered.
func (f *flight) unanswered(ctx context.Context, err error, more bool) outcome {
	switch {
	case more && ctx.Err() == nil && errors.Is(err, errSilent) && f.origins.out() < len(f.origins.all()):
		return again // one has come back that was asked in vain before
	case f.good > 0:
		f.cache.land(f.o, false)
		f.o.finish(err)
	case f.ctx.Err() != nil || errors.Is(err, errStopping):
		f.fail(f.o, nil, http.StatusServiceUnavailable, stopping)
	case errors.Is(err, errLoop) && f.origins.circle():
		f.fail(f.o, f.stale, http.StatusBadGateway, "all that this edge asks lead back to it: its operator has to name others, with -parents or -origins")
	case f.o.target.reload.held && ctx.Err() == nil:
		return later
	case f.o.target.reload.held:
		f.fail(f.o, nil, http.StatusServiceUnavailable, "nothing new has come in three target durations; reload the playlist")
	case errors.Is(err, errFiles):
		f.lackFiles(err)
		f.fail(f.o, f.stale, http.StatusServiceUnavailable, noFile)
	default:
		f.fail(f.o, f.stale, http.StatusBadGateway, "the edge cannot reach its origin; the stream will be back when the origin is")
	}
	return ended
}

// take takes an answer into o from its beginning.
func (f *flight) take(ctx context.Context, resp *http.Response, more bool) outcome {
	o := f.o
	f.describe(resp)
	if coding := resp.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		f.fail(o, f.stale, http.StatusBadGateway, "the origin's answer is packed ("+strconv.Quote(coding)+"), which was not asked for")
		return ended
	}
	if resp.ContentLength > f.config.ObjectBytes {
		f.fail(o, nil, http.StatusBadGateway, fmt.Sprintf("the origin's answer of %d bytes is larger than this edge takes (%d)",
			resp.ContentLength, f.config.ObjectBytes))
		return ended
	}
	if n := room(max(0, resp.ContentLength)) + int64(len(o.pieces)); n > 0 && !f.cache.reserveSoon(ctx, o, n) {
		if errors.Is(ctx.Err(), context.Canceled) {
			f.fail(o, nil, http.StatusServiceUnavailable, stopping)
			return ended
		}
		f.fail(o, nil, http.StatusServiceUnavailable, "the edge's memory is full of objects under way; try again soon")
		return ended
	}
	f.showing = o.target.kind == media && o.status == http.StatusOK // an error goes out whole: nothing goes on with it
	f.body, f.proof = nil, nil
	if f.showing {
		var err error
		if f.proof, err = f.ledger.proof(o.target, o.size, o.pieces); err != nil {
			return f.breakOff(err, more)
		}
	}
	if o.size > 0 {
		f.body = make([]byte, 0, o.size)
	}
	if err := f.gather(resp.Body); err != nil {
		return f.breakOff(err, more)
	}
	f.complete()
	return ended
}

// describe sets o's head by an answer's.
func (f *flight) describe(resp *http.Response) {
	o := f.o
	o.status = resp.StatusCode
	o.typ = contentType(o.target, resp)
	now := time.Now()
	o.born = birth(o.target, resp, o.asked, now)
	f.life, o.strict, o.control = lifetime(o.target, resp, now)
	o.control, o.vary = f.admission.shown(o.target, o.control), f.admission.varies(o.target)
	o.expires = o.born.Add(f.life)
	if least := now.Add(brokenLife); f.life > 0 && o.target.kind.text() && o.expires.Before(least) {
		o.expires = least // a parent that serves what is stale has nothing newer a moment later
	}
	o.retry = retryAfter(resp)
	o.etag = strings.Trim(resp.Header.Get("ETag"), `"`)
	if strings.HasPrefix(resp.Header.Get("ETag"), "W/") || !plainTag(o.etag) {
		o.etag = ""
	}
	f.tag = o.etag
	if o.etag == "" && o.target.kind == media && o.status == http.StatusOK {
		o.etag = mediaTag(o.target.path)
	}
	o.pieces = pieceHashes(o.target, resp)
	o.size, f.size = resp.ContentLength, resp.ContentLength
}

// breakOff ends o whose answer is not whole or not true, unless it may be asked for again.
func (f *flight) breakOff(err error, more bool) outcome {
	f.log.Debug("edge: fill broke off", "uri", f.o.uri, "at", f.good, "error", err)
	if errors.Is(err, errFalse) {
		f.tally.mismatches.Inc()
		f.log.Warn("edge: an answer is not what its stream's record says", "uri", f.o.uri, "error", err)
		if f.avoid != nil {
			f.avoid.distrust(falseTime)
		}
		more = more && (f.good == 0 || !f.proof.blind()) // what was shown unproved may be what is wrong
	}
	if more && !errors.Is(err, errRoom) && f.ctx.Err() == nil {
		return again
	}
	if closed(f.o.head) {
		f.cache.land(f.o, false)
		f.o.finish(err)
		return ended
	}
	f.cache.giveBack(f.o)
	f.fail(f.o, f.stale, http.StatusBadGateway, "the origin's answer broke off; try again")
	return ended
}

// complete ends o, whole.
func (f *flight) complete() {
	o, now := f.o, time.Now()
	if !closed(o.head) {
		close(o.head)
	}
	f.trim(o, f.body)
	f.cache.land(o, f.life > 0)
	if o.target.reload.held && o.position.present && f.life > 0 {
		newest := o.asUnheld(now)
		newest.control = f.admission.shown(newest.target, newest.control)
		f.cache.put(newest, int64(len(f.body))+o.packed.room(), now) // before anybody acts on what o says
	}
	o.finish(nil)
	switch {
	case o.position.present:
		if o.target.reload.held {
			f.ahead(o)
		}
		f.learnRecords(o.target.stream, f.body)
	case o.target.kind == media && o.status == http.StatusOK && f.proof == nil:
		f.audit(o) // its record may have come meanwhile
	}
}
