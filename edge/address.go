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
	from, _ := e.whence(r)
	return from
}

// whence is addressOf, and tells whether that is sure: where a proxy writes what is no address it is the proxy's, and whose the request is nobody knows.
func (e *Edge) whence(r *http.Request) (from netip.Addr, sure bool) {
	from, sure = remote(r), true
	if !e.trusts(from) {
		return from, true
	}
	for _, line := range slices.Backward(r.Header.Values("X-Forwarded-For")) {
		var more bool
		if from, more, sure = e.behind(from, line); !more {
			break
		}
	}
	return from, sure
}

// whenceAhead is whence for what a front was asked, which has one line of that field at most.
func (e *Edge) whenceAhead(from netip.Addr, h *http1.Head) (at netip.Addr, sure bool) {
	if h.ForwardedFor == nil || !e.trusts(from) {
		return from, true
	}
	at, _, sure = e.behind(from, string(h.ForwardedFor))
	return at, sure
}

// behind returns who stands behind a trusted proxy by one line of X-Forwarded-For; more: only trusted ones do, so the line before it is to be looked at.
func (e *Edge) behind(from netip.Addr, line string) (at netip.Addr, more, sure bool) {
	sure = line != ""
	for line != "" {
		cut := strings.LastIndexByte(line, ',')
		said, err := parseSaid(strings.TrimSpace(line[cut+1:]))
		if err != nil {
			return from, false, false
		}
		if from = said.Unmap().WithZone(""); !e.trusts(from) { // a zone is any text, and no other place
			return from, false, true
		}
		line = line[:max(cut, 0)]
	}
	return from, true, sure
}

// parseSaid reads an address as proxies write it: some with the port.
func parseSaid(said string) (netip.Addr, error) {
	at, err := netip.ParseAddr(said)
	if err == nil {
		return at, nil
	}
	ported, err := netip.ParseAddrPort(said)
	return ported.Addr(), err
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
