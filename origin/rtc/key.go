package rtc

import (
	"errors"
	"net/http"
	"strings"
	"time"
)

const wrongKeyDelay = time.Second

// Why Authorize lets nobody in.
var (
	ErrNoKey    = errors.New("no publish key is sent as Bearer token")
	ErrWrongKey = errors.New("wrong publish key")
	ErrOtherKey = errors.New("this publish key belongs to another stream")
)

// Bearer returns the Bearer token of a request, empty if it has none.
func Bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// Authorize checks the Bearer token of a request for a stream; owner tells which stream a key belongs to. Where it lets nobody in it
// returns a status to answer with, of which the headers are set, and why; after a wrong key not at once.
func Authorize(w http.ResponseWriter, r *http.Request, name string, owner func(key string) (name string, ok bool)) (status int, err error) {
	key := Bearer(r)
	if key == "" {
		w.Header().Set("WWW-Authenticate", "Bearer")
		return http.StatusUnauthorized, ErrNoKey
	}
	of, ok := owner(key)
	if ok && of == name {
		return 0, nil
	}
	select {
	case <-time.After(wrongKeyDelay):
	case <-r.Context().Done():
	}
	if ok {
		return http.StatusForbidden, ErrOtherKey
	}
	w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	return http.StatusUnauthorized, ErrWrongKey
}
