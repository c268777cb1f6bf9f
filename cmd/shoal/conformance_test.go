package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/shoal-live/shoal/edge"
)

const (
	partPath  = "/live/demo/v0/1700000000/s12.3.m4s"
	listPath  = "/live/demo/v0/index.m3u8"
	partBytes = 64 << 10
)

// An asking is one request of the table, and what must come back.
type asking struct {
	what   string // and the clause
	method string // GET
	target string // the part
	head   string // lines Name: value, with \n
	body   string
	raw    string // instead of all this, over HTTP/1.1 alone; \n stands for CRLF
	status int
	secure int      // by TLS, where that is another
	two    int      // by HTTP/2, where that is another; reset: the stream is
	has    []string // headers of the answer, Name: value; Name: with nothing behind it is there; !Name is not
	length int      // of the body, -1 for any; of HEAD and 304 it is 0
}

const reset = -1

// conformance is what HTTP asks of a server and a cache, and what is sent to break them.
var conformance = []asking{
	// What there is.
	{what: "GET", status: 200, length: partBytes, has: []string{"ETag: \"v0-1700000000-s12.3.m4s\"", "Age:", "Date:", "Content-Type: video/mp4",
		"Content-Length: 65536", "Accept-Ranges: bytes", "Cache-Control: public, max-age=31536000, immutable", "!Vary", "!Last-Modified", "!Set-Cookie"}},
	{what: "HEAD has the header of GET and no body (RFC 9110 9.3.2)", method: "HEAD", status: 200, has: []string{"Content-Length: 65536", "ETag:", "Age:"}},
	{what: "a body of GET has no meaning (9.3.1)", head: "Content-Length: 5", body: "hello", status: 200, length: partBytes},
	{what: "a query is dropped", target: partPath + "?a=b&token=x", status: 200, length: partBytes},
	{what: "a playlist varies by coding (12.5.5)", target: listPath, status: 200, length: -1, has: []string{"Vary: Accept-Encoding", "!Content-Encoding", "Age:"}},
	{what: "brotli", target: listPath, head: "Accept-Encoding: gzip, br", status: 200, length: -1, has: []string{"Content-Encoding: br", "Vary: Accept-Encoding"}},
	{what: "gzip", target: listPath, head: "Accept-Encoding: gzip;q=0.5", status: 200, length: -1, has: []string{"Content-Encoding: gzip"}},
	{what: "what weighs more", target: listPath, head: "Accept-Encoding: br;q=0.4, gzip;q=0.5", status: 200, length: -1, has: []string{"Content-Encoding: gzip"}},
	{what: "no weight behind a tab (5.6.3)", target: listPath, head: "Accept-Encoding: gzip;\tq=0", status: 200, length: -1, has: []string{"!Content-Encoding"}},
	{what: "a coding of no weight is refused (12.4.2)", target: listPath, head: "Accept-Encoding: br;q=0, gzip;q=0.0", status: 200, length: -1, has: []string{"!Content-Encoding"}},
	{what: "what nobody knows", target: "/live/demo/v0/1700000000/s99.m4s", status: 404, has: []string{"Cache-Control: public, max-age=1"}},
	{what: "health", target: "/healthz", status: 200, length: 3},

	// Conditions (RFC 9110 13).
	{what: "If-None-Match", head: `If-None-Match: "v0-1700000000-s12.3.m4s"`, status: 304, has: []string{"ETag:", "Cache-Control:", "Age:", "Date:", "!Content-Type", "!Content-Length"}},
	{what: "compared weakly (13.1.2)", head: `If-None-Match: "x", W/"v0-1700000000-s12.3.m4s"`, status: 304},
	{what: "of anything", head: "If-None-Match: *", status: 304},
	{what: "of another", head: `If-None-Match: "other"`, status: 200, length: partBytes},
	{what: "HEAD too", method: "HEAD", head: "If-None-Match: *", status: 304},
	{what: "a playlist", target: listPath, head: "If-None-Match: *", status: 304, has: []string{"Vary: Accept-Encoding", "ETag:", "!Content-Encoding"}},
	{what: "If-Modified-Since is ignored where there is no date (13.1.3)", head: "If-Modified-Since: Sun, 29 Nov 2099 00:00:00 GMT", status: 200, length: partBytes},
	{what: "If-None-Match goes before it (13.2.2)", head: "If-None-Match: \"other\"\nIf-Modified-Since: Sun, 29 Nov 2099 00:00:00 GMT", status: 200, length: partBytes},
	{what: "If-Match is no matter of a cache (RFC 9111 4.3.2)", head: `If-Match: "other"`, status: 200, length: partBytes},

	// Ranges (RFC 9110 14).
	{what: "one range", head: "Range: bytes=0-99", status: 206, length: 100, has: []string{"Content-Range: bytes 0-99/65536", "Content-Length: 100", "ETag:", "Cache-Control:"}},
	{what: "the end", head: "Range: bytes=-10", status: 206, length: 10, has: []string{"Content-Range: bytes 65526-65535/65536"}},
	{what: "from there on", head: "Range: bytes=65530-", status: 206, length: 6},
	{what: "longer than it is", head: "Range: bytes=65530-99999999", status: 206, length: 6},
	{what: "units are case-insensitive (14.1)", head: "Range: BYTES=0-0", status: 206, length: 1},
	{what: "outside", head: "Range: bytes=65536-", status: 416, length: -1, has: []string{"Content-Range: bytes */65536", "!ETag"}},
	{what: "several: the whole instead (14.2)", head: "Range: bytes=0-1,5-9", status: 200, length: partBytes, has: []string{"!Content-Range"}},
	{what: "past all numbers", head: "Range: bytes=9223372036854775809-", status: 416, length: -1, has: []string{"Content-Range: bytes */65536"}},
	{what: "two lines are one list (5.3)", head: "Range: bytes=0-1\nRange: bytes=5-9", status: 200, length: partBytes, has: []string{"!Content-Range"}},
	{what: "malformed: ignored (14.2)", head: "Range: bytes=5-1", status: 200, length: partBytes},
	{what: "of HEAD: ignored (14.2)", method: "HEAD", head: "Range: bytes=0-99", status: 200, has: []string{"Content-Length: 65536", "!Content-Range"}},
	{what: "If-Range that holds", head: "Range: bytes=0-0\nIf-Range: \"v0-1700000000-s12.3.m4s\"", status: 206, length: 1},
	{what: "If-Range that does not", head: "Range: bytes=0-0\nIf-Range: \"other\"", status: 200, length: partBytes},
	{what: "If-Range compares strongly (13.1.5)", head: "Range: bytes=0-0\nIf-Range: W/\"v0-1700000000-s12.3.m4s\"", status: 200, length: partBytes},
	{what: "If-Range by a date that there is not", head: "Range: bytes=0-0\nIf-Range: Sun, 29 Nov 2026 00:00:00 GMT", status: 200, length: partBytes},
	{what: "If-None-Match goes before Range (13.2.2)", head: "Range: bytes=0-0\nIf-None-Match: *", status: 304},
	{what: "a playlist has none", target: listPath, head: "Range: bytes=0-0", status: 200, length: -1, has: []string{"!Accept-Ranges"}},

	// Methods (RFC 9110 9).
	{what: "OPTIONS", method: "OPTIONS", status: 204, has: []string{"Allow: GET, HEAD, OPTIONS", "Access-Control-Allow-Methods:", "Access-Control-Max-Age:"}},
	{what: "OPTIONS of all", method: "OPTIONS", target: "*", status: 204, has: []string{"Allow:"}},
	{what: "POST", method: "POST", head: "Content-Length: 2", body: "hi", status: 405, length: -1, has: []string{"Allow: GET, HEAD, OPTIONS"}},
	{what: "PUT", method: "PUT", status: 405, length: -1, has: []string{"Allow:"}},
	{what: "DELETE", method: "DELETE", status: 405, length: -1, has: []string{"Allow:"}},
	{what: "TRACE tells nobody what was sent (9.3.8)", method: "TRACE", head: "Cookie: secret", status: 405, length: -1, has: []string{"Allow:"}},
	{what: "PROPFIND", method: "PROPFIND", status: 501, length: -1},
	{what: "methods are case-sensitive (9.1)", method: "get", status: 501, length: -1},
	{what: "a method that is no token", raw: "G@T / HTTP/1.1\nHost: x\n\n", status: 400, length: -1},
	{what: "CONNECT", raw: "CONNECT other:443 HTTP/1.1\nHost: other:443\n\n", status: 405, length: -1},
	{what: "PURGE empties no cache", method: "PURGE", status: 501, length: -1},

	// Targets (RFC 9112 3.2, RFC 3986).
	{what: "dots", target: "/live/demo/../demo/v0/index.m3u8", status: 404, length: -1, has: []string{"!Location"}},
	{what: "dots that are hidden", target: "/live/%2e%2e/index.m3u8", status: 404, length: -1},
	{what: "two slashes", target: "//live/demo/v0/index.m3u8", status: 404, length: -1, has: []string{"!Location"}},
	{what: "two slashes that look like a host", target: "//other.example/..", status: 404, length: -1, has: []string{"!Location"}},
	{what: "a letter that is hidden", target: "/live/d%65mo/v0/index.m3u8", status: 404, length: -1},
	{what: "a slash that is hidden", target: "/live%2fdemo/v0/index.m3u8", status: 404, length: -1},
	{what: "a null that is hidden", target: listPath + "%00", status: 404, length: -1},
	{what: "a line that is hidden", target: "/live/demo%0d%0aX:y/index.m3u8", status: 404, length: -1},
	{what: "no hexadecimal", target: "/live/%zz", status: 400, two: reset, length: -1},
	{what: "a semicolon", target: listPath + ";a=b", status: 404, length: -1},
	{what: "a null", raw: "GET /\x00 HTTP/1.1\nHost: x\n\n", status: 400, length: -1},
	{what: "a space", raw: "GET /live/demo /x HTTP/1.1\nHost: x\n\n", status: 400, length: -1},
	{what: "no slash", raw: "GET live HTTP/1.1\nHost: x\n\n", status: 400, length: -1},
	{what: "too long (RFC 9110 15.5.15)", target: "/live/" + strings.Repeat("a", 25_000), status: 414, length: -1},
	{what: "a query that is too long", target: partPath + "?" + strings.Repeat("a", 25_000), status: 414, length: -1},
	{what: "absolute (RFC 9112 3.2.2)", raw: "GET http://other.example" + partPath + " HTTP/1.1\nHost: x\n\n", status: 200, length: partBytes},
	{what: "absolute, of another scheme (RFC 9110 7.4)", raw: "GET ftp://other.example" + partPath + " HTTP/1.1\nHost: x\n\n", status: 421, length: -1},
	{what: "absolute, of TLS (RFC 9110 7.4)", raw: "GET https://other.example" + partPath + " HTTP/1.1\nHost: x\n\n", status: 421, secure: 200, length: partBytes},
	{what: "absolute, of no host (RFC 9110 4.2.1)", raw: "GET http://" + partPath + " HTTP/1.1\nHost: x\n\n", status: 400, length: -1},
	{what: "a fragment (RFC 9112 3.2)", raw: "GET " + partPath + "#t=1 HTTP/1.1\nHost: x\n\n", status: 400, length: -1},
	{what: "an empty line before it (RFC 9112 2.2)", raw: "\nGET " + partPath + " HTTP/1.1\nHost: x\n\n", status: 200, length: partBytes},

	// Headers (RFC 9112 3.2, 5, 6).
	{what: "no Host (3.2)", raw: "GET / HTTP/1.1\n\n", status: 400, length: -1},
	{what: "two", raw: "GET / HTTP/1.1\nHost: a\nHost: b\n\n", status: 400, length: -1},
	{what: "one that is none", raw: "GET / HTTP/1.1\nHost: a b\n\n", status: 400, length: -1},
	{what: "one that lies is asked upstream of nobody", raw: "GET " + partPath + " HTTP/1.1\nHost: evil.example\nX-Forwarded-Host: evil.example\n\n", status: 200, length: partBytes},
	{what: "two lengths (6.3)", raw: "GET / HTTP/1.1\nHost: x\nContent-Length: 5\nContent-Length: 6\n\nhello", status: 400, length: -1},
	{what: "a length that is none", raw: "GET / HTTP/1.1\nHost: x\nContent-Length: +5\n\nhello", status: 400, length: -1},
	{what: "a negative one", raw: "GET / HTTP/1.1\nHost: x\nContent-Length: -5\n\n", status: 400, length: -1},
	{what: "a length and chunks: chunks count, and the connection ends (6.1, 6.3)", status: 200, length: partBytes, has: []string{"Connection: close"},
		raw: "GET " + partPath + " HTTP/1.1\nHost: x\nContent-Length: 4\nTransfer-Encoding: chunked\n\n0\n\nGET /smuggled HTTP/1.1\nHost: x\n\n"},
	{what: "chunks in another coding (6.1)", raw: "GET / HTTP/1.1\nHost: x\nTransfer-Encoding: gzip, chunked\n\n0\n\n", status: 501, length: -1},
	{what: "chunks of a size that is none", raw: "POST /whip/demo HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\nzz\nhello\n0\n\n", status: 400, length: -1},
	{what: "a space before the colon (5.1)", raw: "GET / HTTP/1.1\nHost: x\nA : b\n\n", status: 400, length: -1},
	{what: "a folded line is a space (5.2)", raw: "GET " + partPath + " HTTP/1.1\nHost: x\nX: a\n b\n\n", status: 200, length: partBytes},
	{what: "a first line that is folded", raw: "GET / HTTP/1.1\n Host: x\n\n", status: 400, length: -1},
	{what: "a null in a value", raw: "GET / HTTP/1.1\nHost: x\nX: a\x00b\n\n", status: 400, length: -1},
	{what: "too large (RFC 6585 5)", head: strings.TrimSpace(strings.Repeat("X: "+strings.Repeat("a", 4<<10)+"\n", 12)), status: 431, length: -1},
	{what: "Expect (RFC 9110 10.1.1)", head: "Expect: something", status: 417, two: 200, length: -1}, // HTTP/2's server takes no notice
	{what: "Expect that can be met", raw: "GET " + partPath + " HTTP/1.1\nHost: x\nExpect: 100-continue\nContent-Length: 0\n\n", status: 200, length: partBytes},
	{what: "Upgrade is nothing that must be done (7.8)", raw: "GET " + partPath + " HTTP/1.1\nHost: x\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABk\n\n", status: 200, length: partBytes},
	{what: "a viewer's directives make no fill (RFC 9111 5.2.1)", head: "Cache-Control: no-cache, no-store\nPragma: no-cache\nAuthorization: Bearer x\nCookie: a=b\nForwarded: for=1.2.3.4", status: 200, length: partBytes},

	// Versions (RFC 9112 2.3).
	{what: "HTTP/1.0 ends the connection", raw: "GET " + partPath + " HTTP/1.0\n\n", status: 200, length: partBytes, has: []string{"Connection: close"}},
	{what: "HTTP/1.0 that does not want that", raw: "GET " + partPath + " HTTP/1.0\nConnection: keep-alive\n\n", status: 200, length: partBytes, has: []string{"Connection: keep-alive"}},
	{what: "HTTP/0.9", raw: "GET /index.html\n", status: 400, length: -1},
	{what: "HTTP/3.0 in letters", raw: "GET / HTTP/3.0\nHost: x\n\n", status: 505, length: -1},

	// Of HTTP/2 alone (RFC 9113 8).
	{what: "capitals in a name (8.2.1)", head: "2X-Large: y", two: reset},
	{what: "a header of the connection (8.2.2)", head: "2connection: keep-alive", two: 400, length: -1},
	{what: "a pseudo-header nobody knows (8.3)", head: "2:other: y", two: reset},
	{what: "a path that is none", target: "live", two: reset, status: 400, length: -1},
}

// TestConformance asks all of it over HTTP/1.1 and HTTP/2, by TLS and without, of an edge as the program serves it.
//
// Clause: http-methods, http-range, http-conditional, http-head, http-bad-requests, http-coding, http-cors, edge-own-request, edge-queries, hls-same-urls
func TestConformance(t *testing.T) {
	r := runEdgeHere(t, roomy, edge.Config{}, nil)
	for _, proto := range []string{"HTTP/1.1", "HTTP/1.1 by TLS", "HTTP/2", "HTTP/2 by TLS"} {
		t.Run(proto, func(t *testing.T) {
			for _, c := range conformance {
				two := strings.HasPrefix(proto, "HTTP/2")
				if two && c.raw != "" || !two && strings.HasPrefix(c.head, "2") {
					continue
				}
				t.Run(c.what, func(t *testing.T) { c.check(t, r, two, strings.HasSuffix(proto, "TLS")) })
			}
		})
	}
	if n := r.asked.Load(); n > 20 { // the part, what is not there, and the playlist each second
		t.Errorf("the origin was asked %d times", n)
	}
}

func (c asking) check(t *testing.T, r *running, two, secure bool) {
	if c.method == "" {
		c.method = "GET"
	}
	if c.target == "" {
		c.target = partPath
	}
	want := c.status
	if secure && c.secure != 0 {
		want = c.secure
	}
	var status int
	var head http.Header
	var body []byte
	if two {
		if c.two != 0 {
			want = c.two
		}
		status, head, body = c.askTwo(t, r.dial(t, secure, "h2"))
	} else {
		status, head, body = c.askOne(t, r.dial(t, secure, "http/1.1"))
	}
	if status != want {
		t.Fatalf("%d, want %d: %v %.200q", status, want, head, body)
	}
	if status <= 0 {
		return
	}
	if c.length >= 0 && status < 400 && len(body) != c.length {
		t.Errorf("a body of %d bytes, want %d", len(body), c.length)
	}
	for _, line := range c.has {
		name, value, _ := strings.Cut(line, ": ")
		gone, absent := strings.CutPrefix(strings.TrimSuffix(name, ":"), "!")
		got := head.Values(gone)
		switch {
		case two && gone == "Connection":
		case absent && len(got) > 0, !absent && len(got) != 1, !absent && value != "" && got[0] != value:
			t.Errorf("want %s, got %q", line, got)
		}
	}
	switch ours := head.Get("Access-Control-Allow-Origin") != ""; {
	case !ours && two && (status == 400 || status == 431): // HTTP/2's server answers so by itself
	case !ours, head.Get("Access-Control-Expose-Headers") == "" && !slices.Contains([]int{400, 417, 421, 431, 501, 505}, status): // these of a front have none
		t.Errorf("%d without CORS: %v", status, head)
	default:
		if !two && status >= 400 && status != 404 && c.method != "HEAD" && len(body) < 30 {
			t.Errorf("%d does not say what to do: %q", status, body)
		}
		for name, want := range map[string]string{"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff", "Timing-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"} {
			if head.Get(name) != want {
				t.Errorf("%s: %q", name, head.Get(name))
			}
		}
		if control := head.Get("Cache-Control"); status >= 400 && control != "no-store" && (status != 404 || control != "public, max-age=1") {
			t.Errorf("an error is to be kept: %q", control)
		}
	}
}
