package ops

import (
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
)

// guarded keeps web pages of others from a handler, which the browser of an operator would ask on their behalf.
//
// A page of another site that knows this address can have it asked, but not read the answer, and what it asks for bears its Origin. One that has
// got hold of this address under a name of its own (DNS rebinding) is of the same origin to the browser, but then that name is in
// the header Host: so names count that nobody else can have. Frames are forbidden by the page's policy.
func (b *Board) guarded(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !b.known(r.Host) {
			http.Error(w, "ask by an address or localhost, or allow this name: -ops-host "+hostname(r.Host), http.StatusMisdirectedRequest)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			if !own(r) {
				http.Error(w, "other web pages may not change this", http.StatusForbidden)
				return
			}
			if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
				http.Error(w, "want Content-Type: application/json", http.StatusUnsupportedMediaType)
				return
			}
		}
		handler.ServeHTTP(w, r)
	})
}

// known tells whether a Host is one that no other site can be under.
func (b *Board) known(host string) bool {
	name := hostname(host)
	_, err := netip.ParseAddr(name)
	return err == nil || name == "localhost" || slices.Contains(b.config.Hosts, name)
}

func hostname(host string) string {
	u := url.URL{Host: host}
	return u.Hostname()
}

// own tells whether a change comes from the page here, or from no page.
func own(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	text := r.Header.Get("Origin")
	if text == "" {
		return true
	}
	origin, err := url.Parse(text)
	return err == nil && origin.Host != "" && plain(origin.Host, origin.Scheme) == plain(r.Host, origin.Scheme)
}

// plain is a host without the port that its scheme has anyway.
func plain(host, scheme string) string {
	name, port, err := net.SplitHostPort(host)
	if err == nil && (scheme == "http" && port == "80" || scheme == "https" && port == "443") {
		return name
	}
	return host
}
