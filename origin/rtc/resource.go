package rtc

import (
	"errors"
	"io"
	"net/http"
)

var errNoSession = errors.New("webrtc: no such session")

// ServeOptions tells what an endpoint takes.
func ServeOptions(w http.ResponseWriter) {
	w.Header().Set("Accept-Post", TypeSDP)
	w.Header().Set("Access-Control-Allow-Methods", "POST, PATCH, DELETE, GET, OPTIONS")
	w.WriteHeader(http.StatusNoContent)
}

// ServeAnswer answers an offer that has become a session, with its address beneath the endpoint's path and the ICE servers there are.
func (s *Session) ServeAnswer(w http.ResponseWriter, path string, links []string, answer string) {
	h := w.Header()
	h.Set("Content-Type", TypeSDP)
	h.Set("Location", path+"/"+s.Name+"/"+s.ID)
	h.Set("ETag", s.Negotiation.ETag())
	for _, server := range links {
		h.Add("Link", server)
	}
	h.Set("Accept-Patch", TypeFragment)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer) // who asked may have gone
}

// ServePatch takes trickled candidates of a session, or restarts its ICE; where it is refused fail answers. It tells whether ICE began anew.
func (e *Sessions[S]) ServePatch(w http.ResponseWriter, r *http.Request, name, id string, fail Fail) (anew bool) {
	s, ok := e.Find(name, id)
	if !ok {
		fail(w, http.StatusNotFound, errNoSession.Error())
		return false
	}
	return s.session().servePatch(w, r, fail)
}

// ServeDelete ends a session.
func (e *Sessions[S]) ServeDelete(w http.ResponseWriter, r *http.Request, name, id string, cause error, fail Fail) {
	s, ok := e.Find(name, id)
	if !ok {
		fail(w, http.StatusNotFound, errNoSession.Error())
		return
	}
	s.session().End(cause)
	select {
	case <-s.session().closed: // the stream, or the place, is free again when the answer comes
	case <-r.Context().Done():
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}
