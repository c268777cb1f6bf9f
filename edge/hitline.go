package edge

import (
	"net/http"
	"net/netip"

	"github.com/shoal-live/shoal/edge/http1"
)

// loggedHit is an answer from a front, as the log sees it.
type loggedHit struct {
	http1.Tally
	access *access
	line   line
}

// beginHit begins the line of an answer that is sent as it is.
func (a *access) beginHit(tally http1.Tally, o *object, status int, from netip.Addr, h *http1.Head) http1.Tally {
	l := &loggedHit{Tally: tally, access: a, line: line{Time: h.Came.UTC(), Method: http.MethodGet, Path: shown(o.target.path),
		Status: status, Cache: "hit", Protocol: "HTTP/1.1"}}
	if a.addresses != nil {
		l.line.Address = from.String()
	}
	return l
}

// Count implements http1.Tally.
func (l *loggedHit) Count(body int) {
	l.Tally.Count(body)
	l.line.Bytes = int64(body)
	l.access.put(l.line)
}
