package edge

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/shoal-live/shoal/edge/http1"
)

// addressOf returns where a viewer is. Of a request that a trusted proxy brings that is what the proxy says, in X-Forwarded-For: the last address that
// is no trusted proxy's, since what stands before it anybody may have written.
func (e *Edge) addressOf(r *http.Request) netip.Addr {
	from := remote(r)
	if !e.trusts(from) {
		return from
	}
	for _, line := range slices.Backward(r.Header.Values("X-Forwarded-For")) {
		var more bool
		if from, more = e.behind(from, line); !more {
			break
		}
	}
	return from
}

// addressAhead is addressOf for what a front was asked, which has one line of that field at most.
func (e *Edge) addressAhead(from netip.Addr, h *http1.Head) netip.Addr {
	if h.ForwardedFor != nil && e.trusts(from) {
		from, _ = e.behind(from, string(h.ForwardedFor))
	}
	return from
}

// behind returns who stands behind a trusted proxy by one line of X-Forwarded-For; more: only trusted ones do, so the line before it is to be looked at.
func (e *Edge) behind(from netip.Addr, line string) (at netip.Addr, more bool) {
	for line != "" {
		cut := strings.LastIndexByte(line, ',')
		said, err := netip.ParseAddr(strings.TrimSpace(line[cut+1:]))
		if err != nil {
			return from, false
		}
		if from = said.Unmap().WithZone(""); !e.trusts(from) { // a zone is any text, and no other place
			return from, false
		}
		line = line[:max(cut, 0)]
	}
	return from, true
}

func (e *Edge) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(e.config.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// remote returns the other end of a request's connection.
func remote(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}
