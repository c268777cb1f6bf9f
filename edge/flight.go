package edge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// How long an origin may take.
const (
	livePatience = 30 * time.Second // for a head: origins hold reloads and hinted parts for three target durations
	apiPatience  = 5 * time.Second  // for a head that nothing holds
	bodyPatience = 30 * time.Second // for the rest
	bodyPause    = 5 * time.Second  // between two bytes of it: an origin holds before the first one only
)

// errRoom is why an answer is not taken that another origin would give as well.
var errRoom = errors.New("larger than there is room for")

// open returns the object for t: a fresh one, one in flight, or one whose flight it starts. began tells the latter.
func (e *Edge) open(t target) (o *object, began bool) {
	o, stale, fly := e.cache.join(t, t.uri(), time.Now())
	if !fly {
		return o, false
	}
	if !e.takeOff() {
		e.fail(o, nil, http.StatusServiceUnavailable, "the edge is busy or stopping; try again soon")
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

// fly fetches o from an origin. It serves all who wait for o, and depends on none of them. An answer that breaks off
// before anything of it was shown is asked for anew, once for each further origin.
func (e *Edge) fly(o, stale *object) {
	wait := livePatience
	if o.target.kind == api {
		wait = apiPatience
	}
	all := e.ctx
	if o.target.reload.held {
		all = e.holding
	}
	ctx, cancel := context.WithTimeout(all, time.Duration(len(e.origins.bases))*wait+bodyPatience)
	defer cancel()
	for left := len(e.origins.bases) - 1; e.try(ctx, o, stale, wait, left > 0); left-- {
		e.cache.giveBack(o)
	}
}

// try asks for o once. It tells whether it must be tried again, which happens only if again allows it.
func (e *Edge) try(ctx context.Context, o, stale *object, wait time.Duration, again bool) bool {
	resp, err := e.origins.send(ctx, request{
		method: http.MethodGet, uri: o.uri, patience: wait, stream: o.target.stream, spread: o.target.stream != "",
		listing: o.target.kind == multivariant || o.target.kind == mediaPlaylist, hold: e.usual(o.target),
	})
	if err != nil {
		e.meters.stream(o.target.stream).fills.Inc()
		e.log.Debug("edge: fill failed", "uri", o.uri, "error", err)
		if errors.Is(err, errStopping) {
			e.fail(o, nil, http.StatusServiceUnavailable, "the edge is stopping; try again soon")
			return false
		}
		e.fail(o, stale, http.StatusBadGateway, "the edge cannot reach its origin; the stream will be back when the origin is")
		return false
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK && o.target.stream != "" {
		e.meters.learn(o.target.stream)
	}
	e.meters.stream(o.target.stream).fills.Inc()
	switch {
	case resp.StatusCode >= 500:
		if e.adopt(o, stale) {
			return false
		}
		return e.pass(o, stale, resp, again)
	case resp.StatusCode == http.StatusOK || resp.StatusCode >= 400:
		return e.pass(o, stale, resp, again)
	default:
		e.fail(o, stale, http.StatusBadGateway, fmt.Sprintf("the origin answered %d, which an edge does not understand", resp.StatusCode))
		return false
	}
}

// usual is how long a held reload may take while the stream goes on: a segment, and half of one for what may come late.
func (e *Edge) usual(t target) time.Duration {
	if !t.reload.held {
		return 0
	}
	if newest := e.cache.look(t.unheld().uri()); newest != nil && closed(newest.done) {
		return newest.position.target * 3 / 2
	}
	return 0
}

// pass takes an origin's answer into o. It tells whether the answer broke off before anything of it was shown, if it
// may be asked for again; if it may not, o ends there, or with the stale object while that has some use.
func (e *Edge) pass(o, stale *object, resp *http.Response, again bool) bool {
	now := time.Now()
	o.status = resp.StatusCode
	o.typ = contentType(o.target, resp)
	o.born = birth(o.target, resp, o.asked, now)
	var life time.Duration
	life, o.strict, o.control = lifetime(o.target, resp, now)
	o.control = e.admission.shown(o.target, o.control)
	o.expires = o.born.Add(life)
	o.retry = retryAfter(resp)
	if coding := resp.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		e.fail(o, stale, http.StatusBadGateway, "the origin's answer is packed ("+strconv.Quote(coding)+"), which was not asked for")
		return false
	}
	o.etag = strings.Trim(resp.Header.Get("ETag"), `"`)
	if strings.HasPrefix(resp.Header.Get("ETag"), "W/") || !plainTag(o.etag) {
		o.etag = ""
	}
	if o.etag == "" && o.target.kind == media && o.status == http.StatusOK {
		o.etag = mediaTag(o.target.path)
	}
	if resp.ContentLength > e.config.ObjectBytes {
		e.fail(o, nil, http.StatusBadGateway, fmt.Sprintf("the origin's answer of %d bytes is larger than this edge takes (%d)",
			resp.ContentLength, e.config.ObjectBytes))
		return false
	}
	o.pieces = pieceHashes(o.target, resp)
	if n := max(0, resp.ContentLength) + int64(len(o.pieces)); n > 0 && !e.cache.reserve(o, n) {
		e.fail(o, nil, http.StatusServiceUnavailable, "the edge's memory is full of objects under way; try again soon")
		return false
	}
	o.size = resp.ContentLength
	body, err := e.gather(o, resp.Body)
	if err != nil {
		e.log.Debug("edge: fill broke off", "uri", o.uri, "error", err)
		return e.breakOff(o, stale, err, again)
	}
	if !closed(o.head) {
		close(o.head)
	}
	e.trim(o, body)
	e.cache.land(o, life > 0)
	if o.target.reload.held && o.position.present && life > 0 {
		newest := o.asUnheld(now)
		newest.control = e.admission.shown(newest.target, newest.control)
		e.cache.put(newest, int64(len(body))+o.packed.room(), now) // before anybody acts on what o says
	}
	o.finish(nil)
	return false
}

// breakOff ends o whose answer is not whole, unless it may be asked for again and nothing of it was shown.
func (e *Edge) breakOff(o, stale *object, err error, again bool) bool {
	if closed(o.head) {
		e.cache.land(o, false)
		o.finish(err)
		return false
	}
	if again && !errors.Is(err, errRoom) && e.ctx.Err() == nil {
		return true
	}
	e.cache.giveBack(o)
	e.fail(o, stale, http.StatusBadGateway, "the origin's answer broke off; try again")
	return false
}

// gather reads the body into o. Media is shown as it comes, its head with the first byte; all else once it is whole.
// The buffer moves only if the origin did not tell the size.
func (e *Edge) gather(o *object, from io.Reader) ([]byte, error) {
	var body []byte
	if o.size > 0 {
		body = make([]byte, 0, o.size)
	}
	for {
		if len(body) == cap(body) {
			if int64(len(body)) == o.size {
				return body, nil
			}
			more := max(16<<10, int64(cap(body)))
			if int64(cap(body))+more > e.config.ObjectBytes {
				more = e.config.ObjectBytes - int64(cap(body))
			}
			if more <= 0 || !e.cache.reserve(o, more) {
				return nil, fmt.Errorf("fill %s: %w", o.uri, errRoom)
			}
			grown := make([]byte, len(body), int64(cap(body))+more)
			copy(grown, body)
			body = grown
		}
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if n > 0 {
			o.publish(body)
			if !o.target.kind.text() && !closed(o.head) {
				close(o.head)
			}
		}
		if err == io.EOF {
			if o.size >= 0 && int64(len(body)) != o.size {
				return nil, io.ErrUnexpectedEOF
			}
			return body, nil
		}
		if err != nil {
			return nil, fmt.Errorf("fill %s: %w", o.uri, err)
		}
	}
}

// trim completes a whole object: its tag, its position, what it is packed as.
func (e *Edge) trim(o *object, body []byte) {
	if !o.target.kind.text() || o.status != http.StatusOK {
		return
	}
	if o.etag == "" {
		sum := sha256.Sum256(body)
		o.etag = hex.EncodeToString(sum[:12])
	}
	if o.target.kind == mediaPlaylist {
		o.position = readPosition(body)
	}
	if p := newPacked(body); p != nil && e.cache.reserve(o, p.room()) {
		o.packed = p
	}
}

// fail answers all who wait for o with an error of the edge's own, or with the stale object while that has some use.
func (e *Edge) fail(o, stale *object, status int, text string) {
	if e.adopt(o, stale) {
		return
	}
	o.status, o.typ, o.control = status, "text/plain; charset=utf-8", "no-store"
	o.etag, o.pieces = "", ""
	o.retry = retryJitter()
	o.size = int64(len(text) + 1)
	o.expires = time.Now().Add(brokenLife)
	e.cache.land(o, status == http.StatusBadGateway)
	close(o.head)
	o.publish([]byte(text + "\n"))
	o.finish(nil)
}

// adopt makes o the stale playlist's double if that is not too old.
func (e *Edge) adopt(o, stale *object) bool {
	if stale == nil || stale.strict || stale.status != http.StatusOK || !o.target.kind.text() || o.target.reload.held ||
		time.Since(stale.born) > staleLife {
		return false
	}
	body, err := stale.whole()
	if err != nil || !e.cache.reserve(o, int64(len(body))+stale.packed.room()) {
		return false
	}
	o.status, o.typ, o.etag, o.control = stale.status, stale.typ, stale.etag, stale.control
	o.size, o.born, o.expires = stale.size, stale.born, time.Now().Add(brokenLife)
	o.packed, o.position = stale.packed, stale.position
	e.cache.land(o, true)
	close(o.head)
	o.publish(body)
	o.finish(nil)
	return true
}

// asUnheld returns a held reload's answer as what it is too: the newest playlist.
func (o *object) asUnheld(now time.Time) *object {
	newest := newObject(o.target.unheld(), o.target.unheld().uri())
	newest.status, newest.typ, newest.etag = o.status, o.typ, o.etag
	newest.control = "public, max-age=1"
	newest.born, newest.expires, newest.strict = o.born, now.Add(plainLife), o.strict
	newest.packed, newest.position = o.packed, o.position
	newest.body, _ = o.whole()
	newest.size = int64(len(newest.body))
	close(newest.head)
	close(newest.done)
	return newest
}
