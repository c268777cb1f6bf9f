package edge

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// addressOf returns where a viewer is. Of a request that a trusted proxy brings that is what the proxy says, in X-Forwarded-For: the last address that
// is no trusted proxy's, since what stands before it anybody may have written.
func (e *Edge) addressOf(r *http.Request) netip.Addr {
	from := remote(r)
	if len(e.config.TrustedProxies) == 0 || !e.trusts(from) {
		return from
	}
	lines := r.Header.Values("X-Forwarded-For")
	for _, line := range slices.Backward(lines) {
		for line != "" {
			cut := strings.LastIndexByte(line, ',')
			said, err := netip.ParseAddr(strings.TrimSpace(line[cut+1:]))
			if err != nil {
				return from
			}
			if from = said.Unmap().WithZone(""); !e.trusts(from) { // a zone is any text, and no other place
				return from
			}
			line = line[:max(cut, 0)]
		}
	}
	return from
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
