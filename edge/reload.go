package edge

import (
	"net/http"
	"time"
)

// serveReload answers a blocking playlist reload. Only what the origin would truly hold goes to it; the rest is answered
// from the newest playlist, so that no choice of numbers makes more than a handful of upstream requests.
func (e *Edge) serveReload(w http.ResponseWriter, r *http.Request, t target) {
	if o := e.cache.hit(t.uri(), time.Now()); o != nil {
		e.hold(w, r, o, false)
		return
	}
	newest := e.cache.look(t.unheld().uri())
	known := newest != nil && closed(newest.done) && newest.position.present
	if !known || !newest.fresh(time.Now()) && newest.position.settles(t.reload) {
		plain, began := e.open(t.unheld())
		if plain.wait(r.Context()) != nil {
			e.left(w, r, plain)
			return
		}
		if !plain.position.present {
			e.answer(w, r, plain, began) // unknown, gone, or not to be had: there is nothing to wait for
			return
		}
		newest = plain
	}
	t.reload = newest.position.settle(t.reload)
	switch {
	case newest.position.has(t.reload):
		e.answer(w, r, newest, false)
	case newest.position.ahead(t.reload):
		e.refuse(w, r, t.stream, http.StatusBadRequest, "_HLS_msn is too far ahead of the playlist; reload it without _HLS_msn")
	default:
		o, began := e.open(t)
		e.hold(w, r, o, began)
	}
}

// hold answers with o, and counts the viewer as held until o has come.
func (e *Edge) hold(w http.ResponseWriter, r *http.Request, o *object, began bool) {
	if !closed(o.done) {
		if e.draining.Load() {
			e.left(w, r, o)
			return
		}
		defer e.held.Add(-1)
		if e.held.Add(1) > int64(e.config.MaxHeld) {
			w.Header().Set("Retry-After", retryJitter())
			e.refuse(w, r, o.target.stream, http.StatusServiceUnavailable, "too many viewers wait for playlists here; try again soon")
			return
		}
		e.meters.held.Inc()
		err := o.wait(r.Context())
		e.meters.held.Dec()
		if e.draining.Load() {
			w.Header().Set("Connection", "close") // it was not when the request came
		}
		if err != nil {
			e.left(w, r, o)
			return
		}
	}
	e.answer(w, r, o, began)
}
