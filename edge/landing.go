package edge

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"
)

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
	o.status, o.typ, o.control, o.vary = status, "text/plain; charset=utf-8", "no-store", ""
	o.etag, o.pieces = "", ""
	o.retry = retryJitter()
	o.size = int64(len(text) + 1)
	o.expires = time.Now().Add(brokenLife)
	e.cache.land(o, status == http.StatusBadGateway)
	close(o.head)
	o.publish([]byte(text + "\n"))
	o.finish(nil)
}

// adopt makes o the double of what was there before, if that is of use still.
func (e *Edge) adopt(o, stale *object) bool {
	if stale == nil || !stale.useful(time.Now()) {
		return false
	}
	body, err := stale.whole()
	if err != nil || !e.cache.reserve(o, int64(len(body))+stale.packed.room()) {
		return false
	}
	o.status, o.typ, o.etag, o.control, o.vary, o.retry = stale.status, stale.typ, stale.etag, stale.control, stale.vary, stale.retry
	o.size, o.born, o.expires, o.strict = stale.size, stale.born, time.Now().Add(brokenLife), stale.strict
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
	newest.control, newest.vary = "public, max-age=1", o.vary
	newest.born, newest.expires, newest.strict = o.born, now.Add(plainLife), o.strict
	newest.packed, newest.position = o.packed, o.position
	newest.body, _ = o.whole()
	newest.size = int64(len(newest.body))
	close(newest.head)
	close(newest.done)
	return newest
}
