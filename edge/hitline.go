package edge

import (
	"net/http"
	"net/netip"
	"time"

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
	l := &loggedHit{Tally: tally, access: a, line: a.lineAhead(o, status, from, h.Came)}
	l.line.Cache = "hit"
	return l
}

// lineAhead returns the line of a request that a front has.
func (a *access) lineAhead(o *object, status int, from netip.Addr, came time.Time) line {
	l := line{Time: came.UTC(), Method: http.MethodGet, Path: shown(o.target.path), Status: status, Protocol: "HTTP/1.1"}
	if a.addresses != nil {
		l.Address = written(from)
	}
	return l
}

// Count implements http1.Tally.
func (l *loggedHit) Count(body int) {
	l.Tally.Count(body)
	l.line.Bytes = int64(body)
	l.access.put(l.line)
}
