package edge

import (
	"net/http"
	"time"
)

// serveReload answers a blocking playlist reload. Only what the origin would truly hold goes to it, and of that what comes next: who asks for what
// is further on waits for one after the other. The rest is answered from the newest playlist, so that no choice of numbers makes more than a
// handful of upstream requests.
func (e *Edge) serveReload(w http.ResponseWriter, r *http.Request, t target) {
	now := time.Now()
	if o := e.cache.hit(t.uri(), now); o != nil {
		e.hold(w, r, o, false)
		return
	}
	newest := e.cache.look(t.unheld().uri())
	known := newest != nil && closed(newest.done) && newest.position.present
	if !known || !newest.fresh(now) && newest.position.settles(t.reload) {
		plain, began := e.open(t.unheld())
		if plain.wait(r.Context()) != nil {
			e.left(w, r, plain)
			return
		}
		if old := e.cache.look(t.uri()); plain.status >= http.StatusInternalServerError && old.keeps(time.Now()) {
			e.answer(w, r, old, false) // nobody tells of more, and this may be used
			return
		}
		if !plain.position.present {
			e.answer(w, r, plain, began) // unknown, gone, or not to be had: there is nothing to wait for
			return
		}
		newest = plain
	}
	for asked, waited := time.Now(), false; ; {
		t.reload = newest.position.settle(t.reload)
		switch {
		case newest.position.has(t.reload) && newest.position.omits(t.reload):
			t.reload.skip = false // an answer that is whole may come to who would take a delta
			e.serveReload(w, r, t)
			return
		case newest.position.has(t.reload):
			if !waited {
				e.watcherOf(r, newest).served(newest)
			}
			e.answer(w, r, newest, false)
			return
		case newest.position.ahead(t.reload):
			e.refuse(w, r, t.stream, http.StatusBadRequest, "_HLS_msn is too far ahead of the playlist; reload it without _HLS_msn")
			return
		case time.Since(asked) >= newest.position.hold():
			w.Header().Set("Retry-After", retryJitter())
			e.refuse(w, r, t.stream, http.StatusServiceUnavailable, "what was asked for has not come in three target durations; reload the playlist")
			return
		}
		step := t
		step.reload = newest.position.next(t.reload)
		o, began := e.open(step)
		if step.reload == t.reload {
			e.hold(w, r, o, began)
			return
		}
		if !e.await(w, r, o) {
			return
		}
		e.watcherOf(r, o).served(o)
		waited = true
		if o.status != http.StatusOK || !o.position.further(newest.position) {
			e.answer(w, r, o, began)
			return
		}
		newest = o
	}
}

// hold answers with o once it has come.
func (e *Edge) hold(w http.ResponseWriter, r *http.Request, o *object, began bool) {
	if e.await(w, r, o) {
		e.watcherOf(r, o).served(o)
		e.answer(w, r, o, began)
	}
}

// await waits for o, and counts the viewer as held until then. It tells whether o has come; if not, the viewer has been told.
func (e *Edge) await(w http.ResponseWriter, r *http.Request, o *object) bool {
	if closed(o.done) {
		return true
	}
	if e.draining.Load() {
		e.left(w, r, o)
		return false
	}
	defer e.held.Add(-1)
	if e.held.Add(1) > int64(e.config.MaxHeld) {
		w.Header().Set("Retry-After", retryJitter())
		e.refuse(w, r, o.target.stream, http.StatusServiceUnavailable, "too many viewers wait for playlists here; try again soon")
		return false
	}
	watcher := e.watcherOf(r, o)
	watcher.hold()
	e.meters.held.Inc()
	err := o.wait(r.Context())
	e.meters.held.Dec()
	watcher.leave()
	if err != nil {
		e.left(w, r, o)
		return false
	}
	return true
}
