package rtc

import (
	"io"
	"mime"
	"net/http"
)

// What is sent to an endpoint.
const (
	TypeSDP      = "application/sdp"
	TypeFragment = "application/trickle-ice-sdpfrag"
	maxBody      = 64 << 10
)

// Body reads a request's body, which must be of a kind. Where that is not so it returns a status other than 0 and why.
func Body(r *http.Request, kind string) (text string, status int, why string) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != kind {
		return "", http.StatusUnsupportedMediaType, "Content-Type must be " + kind
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return "", http.StatusBadRequest, "the body broke off"
	}
	if len(b) > maxBody {
		return "", http.StatusRequestEntityTooLarge, "the body is too long"
	}
	return string(b), 0, ""
}
