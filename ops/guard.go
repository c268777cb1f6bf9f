package ops

import (
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// A page of another site that knows this address can have it asked, but not read the answer, and a change that it asks for bears its Origin. One that
// has got hold of this address under a name of its own (DNS rebinding) is of the same origin to the browser, and could read all, but then that name
// is in the header Host: so names count that nobody else can have. Frames are forbidden by the page's policy.

// named keeps those away from a handler who ask under the name of another.
func (b *Board) named(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !b.known(r.Host) {
			http.Error(w, "not by this name: ask by an address or localhost, or have the service allow it with -ops-host "+hostname(r.Host), http.StatusMisdirectedRequest)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

// ours keeps web pages of others from a change, which the browser of an operator would ask for on their behalf.
func ours(change http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !own(r) {
			http.Error(w, "other web pages may not change this", http.StatusForbidden)
			return
		}
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			http.Error(w, "want Content-Type: application/json", http.StatusUnsupportedMediaType)
			return
		}
		change(w, r)
	}
}

// known tells whether a Host is one that no other site can be under. Browsers send one with all they ask; health checks by HTTP/1.0 may not.
func (b *Board) known(host string) bool {
	name := hostname(host)
	_, err := netip.ParseAddr(name)
	return err == nil || host == "" || name == "localhost" || slices.ContainsFunc(b.config.Hosts, func(allowed string) bool { return strings.EqualFold(allowed, name) })
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
