package edge

import (
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// answer writes o to a viewer. began tells that this request was the one that started its flight.
func (e *Edge) answer(w http.ResponseWriter, r *http.Request, o *object, began bool) {
	if o.wait(r.Context()) != nil {
		e.left(w, r, o)
		return
	}
	by := e.readers.enter(w, o)
	defer by.Leave()
	e.lastly(w.Header())
	note(w, began)
	if closed(o.done) {
		if _, err := o.whole(); err != nil {
			w.Header().Set("Retry-After", retryJitter())
			e.refuse(w, r, o.target.stream, http.StatusBadGateway, "the origin's answer broke off; try again")
			return
		}
	}
	if e.sendReady(w, r, o, began) {
		return
	}
	h := w.Header()
	if o.status != http.StatusOK {
		o.describeError(h, time.Now())
		e.write(w, r, o, o.status, 0, -1, passage{e.meters.stream(o.target.stream), kindPage, began}, by)
		return
	}
	o.describe(h)
	h.Set("Age", seconds(time.Since(o.born)))
	if o.target.kind == media {
		e.answerMedia(w, r, o, began, by)
	} else {
		e.answerText(w, r, o, began, by)
	}
}

// describe says what o is, but for its age.
func (o *object) describe(h http.Header) {
	h.Set("Content-Type", o.typ)
	h.Set("Cache-Control", o.control)
	if o.vary != "" {
		h.Set("Vary", o.vary)
	}
	if o.retry != "" {
		h.Set("Retry-After", o.retry)
	}
}

// byEdge says of an error that it is an edge's, which could not get or do what was asked for, and not of something in front that does not reach the edge (RFC 9211).
var byEdge = []string{"shoal; fwd=miss"}

// describeError is describe of what is an error, with its age if it is kept.
func (o *object) describeError(h http.Header, now time.Time) {
	o.describe(h)
	if o.status >= http.StatusInternalServerError {
		h["Cache-Status"] = byEdge
	}
	if !o.born.IsZero() && o.control != "no-store" {
		h.Set("Age", seconds(now.Sub(o.born)))
	}
}

// answerText answers with a playlist or an API object, both done.
func (e *Edge) answerText(w http.ResponseWriter, r *http.Request, o *object, began bool, by *reading) {
	p := passage{e.meters.stream(o.target.stream), o.target.kind.shown(), began}
	body, tag := o.code(w.Header(), o.coding(listed(r, "Accept-Encoding")))
	answerTagged(w, r, body, tag, p, by)
}

// coding returns how o's text goes to who accepts so much; empty: as it is.
func (o *object) coding(accepted string) string {
	name, _ := o.packed.choose(accepted)
	return name
}

// code returns the body of o's text in a coding, with the tag of that, and says so in the head.
func (o *object) code(h http.Header, coding string) (body []byte, tag string) {
	if o.packed != nil {
		h.Set("Vary", strings.TrimSuffix("Accept-Encoding, "+o.vary, ", "))
	}
	if coding != "" {
		h.Set("Content-Encoding", coding)
		_, body = o.packed.choose(coding)
		return body, o.etag + "-" + coding
	}
	body, _ = o.whole()
	return body, o.etag
}

// answerTagged answers with a body, or with 304 to who has the one of that tag. The other headers are set already.
func answerTagged(w http.ResponseWriter, r *http.Request, body []byte, tag string, p passage, by *reading) {
	h := w.Header()
	h.Set("ETag", `"`+tag+`"`)
	if matches(listed(r, "If-None-Match"), tag) {
		h.Del("Content-Encoding")
		h.Del("Content-Type")
		w.WriteHeader(http.StatusNotModified)
		p.count(http.StatusNotModified, 0)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	n := 0
	if r.Method != http.MethodHead {
		n, _ = sendTo(by, w, body)
	}
	p.count(http.StatusOK, int64(n))
}

// describeMedia says what o is as media.
func (o *object) describeMedia(h http.Header) {
	h.Set("ETag", `"`+o.etag+`"`)
	h.Set("Accept-Ranges", "bytes")
	if o.pieces != "" {
		h.Set(wire.PiecesHeader, o.pieces)
	}
}

// answerMedia answers with media, or a range of it, that may still be arriving.
func (e *Edge) answerMedia(w http.ResponseWriter, r *http.Request, o *object, began bool, by *reading) {
	h := w.Header()
	p := passage{e.meters.stream(o.target.stream), kindMedia, began}
	o.describeMedia(h)
	if matches(listed(r, "If-None-Match"), o.etag) {
		h.Del("Content-Type")
		h.Del(wire.PiecesHeader)
		w.WriteHeader(http.StatusNotModified)
		p.count(http.StatusNotModified, 0)
		return
	}
	asked := listed(r, "Range")
	if condition := listed(r, "If-Range"); condition != "" && condition != `"`+o.etag+`"` {
		asked = ""
	}
	span, ranged := parseRange(asked)
	ranged = ranged && r.Method == http.MethodGet // of no other method are there ranges (RFC 9110 14.2)
	if !ranged {
		e.write(w, r, o, http.StatusOK, 0, o.size, p, by)
		return
	}
	size := o.size
	if size < 0 { // a range needs the size
		select {
		case <-o.done:
		case <-r.Context().Done():
			e.left(w, r, o)
			return
		}
		body, err := o.whole()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		size = int64(len(body))
	}
	from, to, ok := span.within(size)
	if !ok {
		h.Set("Content-Range", "bytes */"+strconv.FormatInt(size, 10))
		h.Del("ETag")
		h.Del(wire.PiecesHeader)
		h.Set("Cache-Control", "no-store")
		e.refuse(w, r, o.target.stream, http.StatusRequestedRangeNotSatisfiable,
			"the range lies outside the object of "+strconv.FormatInt(size, 10)+" bytes")
		return
	}
	h.Set("Content-Range", "bytes "+strconv.FormatInt(from, 10)+"-"+strconv.FormatInt(to-1, 10)+"/"+strconv.FormatInt(size, 10))
	e.write(w, r, o, http.StatusPartialContent, from, to, p, by)
}

// write sends bytes from up to to of o's body while they come; to is -1 where the size is not known. An answer that
// cannot be completed ends its connection, so that nobody takes it for whole.
func (e *Edge) write(w http.ResponseWriter, r *http.Request, o *object, status int, from, to int64, p passage, by *reading) {
	if to < 0 && closed(o.done) {
		body, err := o.whole()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		to = int64(len(body))
	}
	if to >= 0 {
		w.Header().Set("Content-Length", strconv.FormatInt(to-from, 10))
	}
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		p.count(status, 0)
		return
	}
	start := from
	for to < 0 || from < to {
		b, more, err := o.ready(from)
		if err == io.EOF {
			break
		}
		if err != nil {
			p.count(status, from-start)
			panic(http.ErrAbortHandler)
		}
		if len(b) == 0 {
			if from == start {
				_, _ = send(w, nil) // what is asked for is yet to come; the head need not wait for it
			}
			select {
			case <-more:
				continue
			case <-r.Context().Done():
				p.count(status, from-start)
				panic(http.ErrAbortHandler)
			}
		}
		if to >= 0 && int64(len(b)) > to-from {
			b = b[:to-from]
		}
		n, err := sendTo(by, w, b)
		from += int64(n)
		if err == errCut {
			p.count(status, from-start)
			panic(http.ErrAbortHandler)
		}
		if err != nil {
			break
		}
	}
	p.count(status, from-start)
}

// refuse answers with an error of the edge's own: what is wrong and what to do.
func (e *Edge) refuse(w http.ResponseWriter, r *http.Request, stream string, status int, text string) {
	h := w.Header()
	e.lastly(h)
	h.Set("Content-Type", "text/plain; charset=utf-8")
	if status == http.StatusNotFound {
		h.Set("Cache-Control", "public, max-age=1")
	} else {
		h.Set("Cache-Control", "no-store")
	}
	if status >= http.StatusInternalServerError {
		h["Cache-Status"] = byEdge
	}
	h.Set("Content-Length", strconv.Itoa(len(text)+1))
	w.WriteHeader(status)
	n := 0
	if r.Method != http.MethodHead {
		n, _ = send(w, []byte(text+"\n"))
	}
	passage{e.meters.stream(stream), kindPage, true}.count(status, int64(n))
}

func (e *Edge) serveText(w http.ResponseWriter, r *http.Request, status int, text string) {
	h := w.Header()
	e.lastly(h)
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = send(w, []byte(text+"\n"))
	}
}

// listed returns a field that is a list, which may stand in several lines (RFC 9110 5.3).
func listed(r *http.Request, name string) string { return strings.Join(r.Header.Values(name), ",") }

// matches tells whether an If-None-Match header names the tag.
func matches(header, tag string) bool {
	if tag == "" || header == "" {
		return false
	}
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == "*" || candidate == `"`+tag+`"` {
			return true
		}
	}
	return false
}

func seconds(d time.Duration) string {
	return strconv.FormatInt(max(0, int64(d/time.Second)), 10)
}

// retryJitter spreads those who are turned away over some seconds.
func retryJitter() string { return strconv.Itoa(1 + rand.IntN(3)) }
