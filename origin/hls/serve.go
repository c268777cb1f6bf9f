package hls

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// How long an answer may be kept: media never changes under its name, which holds the epoch; a playlist and what is
// missing may change with the next part. The edge goes by these headers.
const (
	CacheForever = "public, max-age=31536000, immutable"
	cacheSecond  = "public, max-age=1"
	cacheNot     = "no-store"
)

// TypePlaylist is the type of playlists.
const TypePlaylist = "application/vnd.apple.mpegurl"

// Fail answers with an error a person can read. A missing thing may be asked for again in a second; a wrong question
// is not kept.
func Fail(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Cache-Control", cacheNot)
	if status == http.StatusNotFound {
		h.Set("Cache-Control", cacheSecond)
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}

// LetGo answers who waited until the context of the request ended. He has gone and reads nothing, or the server ends: then he must not
// take nothing for an answer.
func LetGo(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	Fail(w, http.StatusServiceUnavailable, "hls: the origin is stopping; try again soon")
}

// ServePlaylist answers for the media playlist, holding the request if it is a blocking reload. Reports, which may be nil,
// returns the other renditions; it is asked when the answer is written.
func (w *Window) ServePlaylist(rw http.ResponseWriter, r *http.Request, reports func() []Report) {
	reload, err := ParseReload(r.URL.Query())
	if err != nil {
		Fail(rw, http.StatusBadRequest, err.Error())
		return
	}
	v, err := w.Wait(r.Context(), reload)
	if err == nil && !v.Playable() {
		v, err = w.WaitPlayable(r.Context())
	}
	switch {
	case errors.Is(err, ErrFuture):
		Fail(rw, http.StatusBadRequest, err.Error())
		return
	case errors.Is(err, ErrTimeout):
		rw.Header().Set("Retry-After", "1")
		Fail(rw, http.StatusServiceUnavailable, err.Error())
		return
	case err != nil:
		LetGo(rw)
		return
	case !v.Playable():
		Fail(rw, http.StatusNotFound, "hls: this stream is not live now")
		return
	}
	writePlaylist(rw, r, w.cache(reload), v.playlistWith(reload, reports))
}

// cache returns for how long the answer to a reload may be kept.
func (w *Window) cache(reload Reload) string {
	if !reload.Set {
		return cacheSecond
	}
	return "public, max-age=" + strconv.Itoa(int(w.config.Target/time.Second))
}

// playlistWith returns the playlist that answers a reload. Reports may be nil.
func (v *View) playlistWith(reload Reload, reports func() []Report) *written {
	if reports == nil {
		return v.playlist(reload.Skip, "")
	}
	return v.playlist(reload.Skip, report(reports()))
}

// Tag returns the ETag of media.
func (w *Window) Tag(n Name) string {
	return `"` + strconv.FormatUint(uint64(w.config.Epoch), 36) + "-" + n.String() + `"`
}

// WritePlaylist writes a playlist, gzipped where that is accepted.
func WritePlaylist(rw http.ResponseWriter, r *http.Request, cache string, plain []byte) {
	writePlaylist(rw, r, cache, &written{plain: plain})
}

func writePlaylist(rw http.ResponseWriter, r *http.Request, cache string, w *written) {
	h := rw.Header()
	h.Set("Content-Type", TypePlaylist)
	h.Set("Cache-Control", cache)
	h.Set("Vary", "Accept-Encoding")
	body := w.plain
	if acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body = w.pack()
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = rw.Write(body) // the asker may have gone
	}
}

func acceptsGzip(r *http.Request) bool {
	for _, part := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(name, "gzip") {
			q = strings.ReplaceAll(q, " ", "")
			return q != "q=0" && q != "q=0.0"
		}
	}
	return false
}

// ServeMedia answers for a part, a segment or an init segment. A part that is hinted at is held until it is whole.
func (w *Window) ServeMedia(rw http.ResponseWriter, r *http.Request, n Name) {
	m, err := w.WaitFor(r.Context(), n)
	switch {
	case errors.Is(err, ErrTimeout):
		rw.Header().Set("Retry-After", "1")
		Fail(rw, http.StatusServiceUnavailable, err.Error())
		return
	case err != nil:
		LetGo(rw)
		return
	}
	body, err := m.open()
	if err != nil {
		Fail(rw, http.StatusNotFound, "hls: "+n.String()+" is not here: "+err.Error())
		return
	}
	h := rw.Header()
	h.Set("Cache-Control", CacheForever)
	h.Set("Content-Type", n.Type())
	h.Set("ETag", w.Tag(n))
	if m.Pieces != "" {
		h.Set(wire.PiecesHeader, m.Pieces)
	}
	if m.Slices != nil && plain(r) {
		m.send(rw)
		return
	}
	http.ServeContent(rw, r, "", time.Time{}, body)
}

// plain tells whether all is asked for, whatever one has.
func plain(r *http.Request) bool {
	for _, name := range []string{"Range", "If-None-Match", "If-Match", "If-Range", "If-Modified-Since", "If-Unmodified-Since"} {
		if r.Header[name] != nil {
			return false
		}
	}
	return r.Method == http.MethodGet
}

// send writes what is in memory from where it is: ServeContent would copy it, 32 KiB at a time.
func (m Media) send(rw http.ResponseWriter) {
	size := 0
	for _, b := range m.Slices {
		size += len(b)
	}
	rw.Header().Set("Accept-Ranges", "bytes")
	rw.Header().Set("Content-Length", strconv.Itoa(size))
	for _, b := range m.Slices {
		if _, err := rw.Write(b); err != nil {
			return // the asker has gone
		}
	}
}
