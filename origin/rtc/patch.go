package rtc

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// Fail answers a request that is refused.
type Fail func(w http.ResponseWriter, status int, text string)

// servePatch answers the PATCH of a session, by fail where it is refused. It tells whether ICE began anew.
func (s *Session) servePatch(w http.ResponseWriter, r *http.Request, fail Fail) (anew bool) {
	text, status, why := Body(r, TypeFragment)
	if status != 0 {
		fail(w, status, "webrtc: "+why)
		return false
	}
	f, err := ParseFragment(text)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return false
	}
	answer, etag, err := s.Negotiation.patch(r.Context(), r.Header.Get("If-Match"), f)
	if err != nil {
		fail(w, patchStatus(err), err.Error())
		return false
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if answer == "" {
		w.WriteHeader(http.StatusNoContent)
		return false
	}
	s.Hear(time.Now()) // its peer is given time to come back
	h.Set("Content-Type", TypeFragment)
	h.Set("ETag", etag)
	_, _ = io.WriteString(w, answer) // who asked may have gone
	return true
}

// patchStatus is what an error of patch is answered with.
func patchStatus(err error) int {
	for of, status := range map[error]int{
		errUnconditional: http.StatusPreconditionRequired, errStale: http.StatusPreconditionFailed,
		errHalfRestart: http.StatusUnprocessableEntity, errTooMany: http.StatusUnprocessableEntity, errGone: http.StatusNotFound,
		ErrOffer: http.StatusUnprocessableEntity, // a restart that cannot be
	} {
		if errors.Is(err, of) {
			return status
		}
	}
	return http.StatusInternalServerError
}
