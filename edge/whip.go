package edge

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Bounds of what passes between a browser and the origin.
const (
	maxSDP       = 256 << 10
	whipPatience = 15 * time.Second // the origin gathers for up to 8 s
)

// Headers that WHIP (RFC 9725) and WHEP need, each way. Nothing else of a request goes upstream.
var (
	whipAsks    = []string{"Authorization", "Content-Type", "If-Match"}
	whipAnswers = []string{"Accept-Patch", "Accept-Post", "Allow", "Content-Type", "ETag", "Link", "Location", "Retry-After", "Shoal-No-Sound", "Www-Authenticate"}
)

// serveWHIP passes the signalling of a broadcaster, or of a viewer by WHEP, on to the origin. Their media do not come this way.
func (e *Edge) serveWHIP(w http.ResponseWriter, r *http.Request) {
	stream, session, inSession := strings.Cut(r.URL.Path[len("/whip/"):], "/") // or /whep/, which is as long
	if r.URL.RawPath != "" || !validName(stream) || inSession && !validSession(session) {
		e.refuse(w, r, "", http.StatusNotFound, "no such path; publish to /whip/NAME, watch by WHEP at /whep/NAME")
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodDelete, http.MethodOptions:
	default:
		w.Header().Set("Allow", "GET, HEAD, POST, PATCH, DELETE, OPTIONS")
		e.refuse(w, r, stream, http.StatusMethodNotAllowed, "WHIP and WHEP have no method "+strconv.Quote(r.Method))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSDP))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		e.refuse(w, r, stream, http.StatusRequestEntityTooLarge, "an offer has at most 256 KiB")
		return
	}
	if err != nil { // the broadcaster has left, or sends what is no body
		e.refuse(w, r, stream, http.StatusBadRequest, "the body cannot be read: send it with its length, or in chunks as HTTP/1.1 has them")
		return
	}
	q := request{method: r.Method, stream: stream, uri: r.URL.Path, header: http.Header{}, body: body, patience: whipPatience, chain: chainOf(r)}
	q.spread = inSession // it is at the origin that made it, wherever the stream is now
	for _, name := range whipAsks {
		if values := r.Header.Values(name); len(values) > 0 {
			q.header[name] = values[:1]
		}
	}
	resp, err := e.origins.send(r.Context(), q)
	if err != nil {
		if r.Context().Err() != nil {
			noteGone(w)
			panic(http.ErrAbortHandler) // nobody is there, or listens only: see left
		}
		w.Header().Set("Retry-After", retryJitter())
		if errors.Is(err, errFiles) {
			e.lackFiles(err)
			e.refuse(w, r, stream, http.StatusServiceUnavailable, noFile)
			return
		}
		e.refuse(w, r, stream, http.StatusBadGateway, "the edge cannot reach its origin; try again soon")
		return
	}
	defer resp.Body.Close()
	h := w.Header()
	for _, name := range whipAnswers {
		for _, value := range resp.Header.Values(name) {
			h.Add(name, value)
		}
	}
	if r.Method == http.MethodOptions {
		preflight(h)
	}
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(resp.StatusCode)
	n, _ := io.Copy(w, io.LimitReader(resp.Body, maxSDP))
	passage{e.meters.stream(stream), kindAPI, true}.count(resp.StatusCode, n)
}

// validSession tells whether s can be the random end of a session's URL.
func validSession(s string) bool {
	for len(s) > 64 && len(s) <= 256 {
		if !validName(s[:64]) {
			return false
		}
		s = s[64:]
	}
	return validName(s)
}
