package whip

import (
	"io"
	"net/http"
	"time"

	"github.com/shoal-live/shoal/origin/rtc"
)

func (e *Endpoint) find(name, id string) *session {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.sessions[id]; s != nil && s.name == name {
		return s
	}
	return nil
}

// patch takes trickled candidates, or restarts ICE.
func (e *Endpoint) patch(w http.ResponseWriter, r *http.Request, name, id string) {
	s := e.find(name, id)
	if s == nil {
		e.fail(w, http.StatusNotFound, "whip: no such session")
		return
	}
	text, status, why := rtc.Body(r, rtc.TypeFragment)
	if status != 0 {
		e.fail(w, status, "whip: "+why)
		return
	}
	f, err := rtc.ParseFragment(text)
	if err != nil {
		e.fail(w, http.StatusBadRequest, err.Error())
		return
	}
	answer, etag, err := s.negotiation.Patch(r.Context(), r.Header.Get("If-Match"), f)
	if err != nil {
		e.fail(w, rtc.Status(err), err.Error())
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if answer == "" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	s.heard.Store(time.Now().UnixNano()) // it is given time to come back
	e.config.Log.Info("whip: ICE restarted", "stream", name)
	h.Set("Content-Type", rtc.TypeFragment)
	h.Set("ETag", etag)
	_, _ = io.WriteString(w, answer) // the broadcaster may have gone
}

func (e *Endpoint) delete(w http.ResponseWriter, r *http.Request, name, id string) {
	s := e.find(name, id)
	if s == nil {
		e.fail(w, http.StatusNotFound, "whip: no such session")
		return
	}
	s.end(errDeleted)
	select {
	case <-s.closed: // the stream is free again when the answer comes
	case <-r.Context().Done():
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}
