package whip

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/shoal-live/shoal/origin/stream"
)

// post makes a session of an offer, or answers why not; then nothing of it is left.
func (e *Endpoint) post(w http.ResponseWriter, r *http.Request, name string) {
	text, status, why := body(r, typeSDP)
	if status != 0 {
		e.fail(w, status, why)
		return
	}
	o, err := parseOffer(text)
	if err != nil {
		e.config.Metrics.Refusals.WithLabelValues(stream.RefusedFormat).Inc()
		status := http.StatusUnprocessableEntity
		if errors.Is(err, errOffer) {
			status = http.StatusBadRequest
		}
		e.fail(w, status, err.Error())
		return
	}
	ctx, done := e.enter()
	if ctx == nil {
		w.Header().Set("Retry-After", "2")
		e.config.Metrics.Refusals.WithLabelValues(stream.RefusedLimit).Inc()
		e.fail(w, http.StatusServiceUnavailable, "whip: no more broadcasts are taken now")
		return
	}
	publish, err := e.config.Streams.Publish(name, "whip")
	if err != nil {
		done()
		status := http.StatusInternalServerError
		if errors.Is(err, stream.ErrBusy) {
			status = http.StatusConflict
			e.config.Metrics.Refusals.WithLabelValues(stream.RefusedBusy).Inc()
		}
		e.fail(w, status, err.Error())
		return
	}
	publish.OpenedBy(tokenOf(r))
	s, answer, err := e.answer(r.Context(), rand.Text(), name, text, o, publish)
	if err != nil {
		publish.Close()
		done()
		status := http.StatusInternalServerError
		if errors.Is(err, errOffer) {
			status = http.StatusBadRequest
		}
		e.fail(w, status, err.Error())
		return
	}
	e.keep(ctx, s, done)
	h := w.Header()
	h.Set("Content-Type", typeSDP)
	h.Set("Location", "/whip/"+name+"/"+s.id)
	h.Set("ETag", s.tag())
	for _, server := range e.links {
		h.Add("Link", server)
	}
	h.Set("Accept-Patch", typeFragment)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer)
}

// keep runs a session until it ends.
func (e *Endpoint) keep(ctx context.Context, s *session, done func()) {
	e.mu.Lock()
	e.sessions[s.id] = s
	e.mu.Unlock()
	go func() {
		defer done()
		defer close(s.closed)
		err := s.run(ctx, e.config.Keyframes)
		e.mu.Lock()
		delete(e.sessions, s.id)
		e.mu.Unlock()
		e.config.Log.Info("whip: session ended", "stream", s.name, "cause", err)
	}()
}

// body reads a body of the wanted type, or returns with what status to answer, and why.
func body(r *http.Request, kind string) (string, int, string) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != kind {
		return "", http.StatusUnsupportedMediaType, "whip: Content-Type must be " + kind
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, maxOffer+1))
	if err != nil {
		return "", http.StatusBadRequest, "whip: the body broke off"
	}
	if len(b) > maxOffer {
		return "", http.StatusRequestEntityTooLarge, "whip: the body is too long"
	}
	return string(b), 0, ""
}
