package thumbnail

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/shoal-live/shoal/origin/hls"
)

// Serve answers with a stream's picture, or with why there is none.
func (p *Pictures) Serve(w http.ResponseWriter, r *http.Request, stream string, window *hls.Window) {
	b, err := p.Get(r.Context(), stream, window)
	switch {
	case r.Context().Err() != nil:
		return
	case errors.Is(err, ErrBusy):
		w.Header().Set("Retry-After", "2")
		hls.Fail(w, http.StatusServiceUnavailable, err.Error())
		return
	case err != nil:
		hls.Fail(w, http.StatusNotFound, err.Error())
		return
	}
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Cache-Control", "public, max-age=5")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(b) // the asker may have gone
	}
}
