package whip

import (
	"net/http"
	"time"
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
	if s.negotiation.ServePatch(w, r, e.fail) {
		s.heard.Store(time.Now().UnixNano()) // it is given time to come back
		e.config.Log.Info("whip: ICE restarted", "stream", name)
	}
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
