package edge

import (
	"net/http"
	"net/netip"
	"strconv"
	"time"
)

// maxURI is the longest request target that is looked at: paths have 150 bytes at most, and queries carry a viewer's token.
const maxURI = 24 << 10

// ServeHTTP answers viewers. What holds for all requests is here; what is asked for is in serve.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.access != nil {
		l := e.access.begin(w, r)
		defer l.end()
		w = l
	}
	h := w.Header()
	share(h)
	if len(r.TransferEncoding) > 0 {
		// After a body in chunks what follows may be another's, if somebody on the way read its length otherwise (RFC 9112 6.1).
		h.Set("Connection", "close")
	}
	e.lastly(h)
	if e.rates != nil {
		if wait := e.take(e.addressOf(r), time.Now()); wait > 0 {
			h.Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
			e.refuse(w, r, "", http.StatusTooManyRequests, "too many requests from this address; try again soon")
			return
		}
	}
	if len(r.RequestURI) > maxURI {
		e.refuse(w, r, "", http.StatusRequestURITooLong, "no path here is as long; leave out of the query what is not needed")
		return
	}
	if e.origins.cameBack(r) {
		e.refuse(w, r, "", http.StatusLoopDetected, "this edge has asked for that itself: edges that are parents of each other ask in a circle; mend -parents or -origins")
		return
	}
	e.serve(w, r)
}

// Drain says that the edge ends soon: Ready fails from now on, who is held is told to go elsewhere, and each answer is the last one of its connection. All
// else is answered as before, until Run ends.
func (e *Edge) Drain() {
	e.draining.Store(true)
	e.release(errStopping)
}

// lastly says that an answer is the last one of its connection, where the edge ends soon. Who had to wait for what to answer says it then: it may not
// have been so when the request came.
func (e *Edge) lastly(h http.Header) {
	if e.draining.Load() {
		h.Set("Connection", "close")
	}
}

// left ends a request that waits for what does not come in time: its viewer is gone, unless the edge ends. One that is only silent from now on must not take
// nothing for an answer.
func (e *Edge) left(w http.ResponseWriter, r *http.Request, o *object) {
	if !e.draining.Load() {
		noteGone(w)
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Retry-After", retryJitter())
	e.refuse(w, r, o.target.stream, http.StatusServiceUnavailable, stopping)
}

// plainly tells whether a request that the front has can be answered there: who it is from may ask, and its connection goes on.
func (e *Edge) plainly(from netip.Addr, now time.Time) bool {
	return !e.draining.Load() && e.take(from, now) == 0
}

// take counts a request, unless a trusted proxy asks for itself, and returns how long it is to wait.
func (e *Edge) take(from netip.Addr, now time.Time) time.Duration {
	if e.rates == nil || e.trusts(from) {
		return 0
	}
	return e.rates.take(now, from)
}

// giveBack takes back what take has counted.
func (e *Edge) giveBack(from netip.Addr) {
	if !e.trusts(from) {
		e.rates.giveBack(from)
	}
}
