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
	send(w, r, b, err, "public, max-age=5")
}

// ServeStill answers with the picture of what does not change, or with why there is none.
func (p *Pictures) ServeStill(w http.ResponseWriter, r *http.Request, name string, frame func() [][]byte) {
	b, err := p.Still(r.Context(), name, frame)
	send(w, r, b, err, "public, max-age=86400")
}

func send(w http.ResponseWriter, r *http.Request, b []byte, err error, control string) {
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
	h.Set("Cache-Control", control)
	h.Set("Content-Length", strconv.Itoa(len(b)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(b) // the asker may have gone
	}
}
