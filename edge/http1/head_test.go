package http1

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/shoal-live/shoal/headcount"
)

func TestHead(t *testing.T) {
	browser := "GET /live/a/v0/index.m3u8?_HLS_msn=1 HTTP/1.1\r\nHost: edge.example:8080\r\nConnection: keep-alive\r\nsec-ch-ua: \"x\";v=\"1\"\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: */*\r\nOrigin: http://a.example\r\nAccept-Encoding: gzip, deflate, br\r\n\r\n"
	for name, c := range map[string]struct {
		text string
		want verdict
	}{
		"a browser's":         {browser, plain},
		"curl's":              {"HEAD / HTTP/1.1\r\nHost: a\r\nUser-Agent: curl/8\r\nAccept: */*\r\n\r\n", plain},
		"close":               {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n", plain},
		"IPv6":                {"GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", plain},
		"more after it":       {"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET", plain},
		"nothing":             {"", short},
		"part of a word":      {"HEA", short},
		"part of a target":    {"GET /li", short},
		"no empty line":       {"GET / HTTP/1.1\r\nHost: a\r\n", short},
		"another method":      {"POST / HTTP/1.1\r\nHost: a\r\n\r\n", foreign},
		"part of one":         {"DEL", foreign},
		"HTTP/2":              {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", foreign},
		"HTTP/1.0":            {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", foreign},
		"HTTP/0.9":            {"GET /\r\n", foreign},
		"TLS":                 {"\x16\x03\x01", foreign},
		"two spaces":          {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", foreign},
		"space in the target": {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", foreign},
		"a fragment":          {"GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", foreign},
		"a whole URL":         {"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", foreign},
		"long target":         {"GET /" + strings.Repeat("a", maxTarget) + " HTTP/1.1\r\nHost: a\r\n\r\n", foreign},
		"endless target":      {"GET /" + strings.Repeat("a", maxTarget), foreign},
		"bare LF":             {"GET / HTTP/1.1\nHost: a\n\n", foreign},
		"bare LF in fields":   {"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", foreign},
		"bare CR":             {"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", foreign},
		"no Host":             {"GET / HTTP/1.1\r\nX: a\r\n\r\n", foreign},
		"two Hosts":           {"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", foreign},
		"empty Host":          {"GET / HTTP/1.1\r\nHost:\r\n\r\n", foreign},
		"odd Host":            {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", foreign},
		"a length":            {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", foreign},
		"chunks":              {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", foreign},
		"an upgrade":          {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", foreign},
		"a trailer":           {"GET / HTTP/1.1\r\nHost: a\r\nTrailer: X\r\n\r\n", foreign},
		"TE":                  {"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n", foreign},
		"h2c":                 {"GET / HTTP/1.1\r\nHost: a\r\nHTTP2-Settings: AAMAAABk\r\n\r\n", foreign},
		"a byte for the CR":   {"GET / HTTP/1.1\r\nHost: a\r\nX: y/\n\r\n", foreign},
		"an upgrade alone":    {"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n", foreign},
		"an expectation":      {"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", foreign},
		"a folded line":       {"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", foreign},
		"space before colon":  {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", foreign},
		"no colon":            {"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", foreign},
		"no name":             {"GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", foreign},
		"a control":           {"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00\r\n\r\n", foreign},
		"beyond ASCII":        {"GET / HTTP/1.1\r\nHost: a\r\nX: \xff\r\n\r\n", foreign},
		"two codings":         {"GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: a\r\nAccept-Encoding: b\r\n\r\n", foreign},
		"many fields":         {"GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: y\r\n", maxFields) + "\r\n", foreign},
	} {
		var h Head
		if got := h.parse([]byte(c.text)); got != c.want {
			t.Errorf("%s: verdict %d, want %d", name, got, c.want)
		}
	}
	var h Head
	h.parse([]byte(browser))
	if string(h.Target) != "/live/a/v0/index.m3u8?_HLS_msn=1" || string(h.AcceptEncoding) != "gzip, deflate, br" || !h.Whole || h.Close || h.size != len(browser) {
		t.Errorf("%q %q %+v", h.Target, h.AcceptEncoding, h)
	}
}

// TestNames: what the cache is handed of a head is what came under each name, whatever the case of its letters.
func TestNames(t *testing.T) {
	for field, of := range map[string]func(Head) []byte{
		"Accept":            func(h Head) []byte { return h.Accept },
		"Accept-Encoding":   func(h Head) []byte { return h.AcceptEncoding },
		"Authorization":     func(h Head) []byte { return h.Authorization },
		"Cookie":            func(h Head) []byte { return h.Cookie },
		"X-Forwarded-Proto": func(h Head) []byte { return h.ForwardedProto },
		"X-Forwarded-For":   func(h Head) []byte { return h.ForwardedFor },
		headcount.Field:     func(h Head) []byte { return h.Headcount },
	} {
		for _, name := range []string{field, strings.ToLower(field), strings.ToUpper(field)} {
			var h Head
			const said = "shoal-3f9ac02b7d115e64;12"
			if h.parse([]byte("GET / HTTP/1.1\r\nHost: a\r\n"+name+": "+said+"\r\n\r\n")) != plain || string(of(h)) != said {
				t.Errorf("%s: %q", name, of(h))
			}
		}
	}
}

// TestWhole: whoever asks for less than the whole, or on a condition, is not answered from the cache as it is.
func TestWhole(t *testing.T) {
	for field, whole := range map[string]bool{"Range: bytes=0-1": false, "range: x": false, "If-None-Match: *": false, "IF-RANGE: a": false,
		"If-Match: a": false, "if-modified-since: a": false, "Accept: a": true, "Iffy: a": true, "Cookie: a\r\nAuthorization: b": true,
		"Cookie: a\r\ncookie: b": false, "Authorization: a\r\nauthorization: a": false, "X-Forwarded-Proto: https\r\nx-forwarded-proto:": false,
		"X-Forwarded-For: 192.0.2.1": true, "X-Forwarded-For: 192.0.2.1\r\nx-forwarded-for: 192.0.2.1": false} {
		var h Head
		if h.parse([]byte("GET / HTTP/1.1\r\nHost: a\r\n"+field+"\r\n\r\n")) != plain || h.Whole != whole {
			t.Errorf("%s: whole %v", field, h.Whole)
		}
	}
	var h Head
	if h.parse([]byte("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")) != plain || h.Whole {
		t.Error("HEAD: whole")
	}
}

// FuzzHead: what is plain to the front is the same to net/http, ends at the same byte, and has no body; and no beginning of it is
// anything but short.
func FuzzHead(f *testing.F) {
	for _, text := range []string{
		"GET /a?b=c HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nRange: bytes=0-1\r\n\r\nGET",
		"HEAD / HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\nAuthorization: Bearer c\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 192.0.2.1, ::1\r\n\r\n",
		"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "GET //a HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var h Head
		if h.parse(b) != plain {
			return
		}
		size := h.size
		text := bytes.NewReader(b)
		reader := bufio.NewReaderSize(text, 16)
		r, err := http.ReadRequest(reader)
		if err != nil {
			if !bytes.Contains(h.Target, []byte("%")) && !bytes.Contains(h.Target, []byte(":")) {
				t.Fatalf("net/http: %v", err)
			}
			return // such a request is handed on: see conn.handle
		}
		if r.RequestURI != string(h.Target) || r.Body != http.NoBody || r.Host == "" || r.ContentLength != 0 || r.Close != h.Close ||
			r.ProtoMajor != 1 || r.ProtoMinor != 1 || r.Header.Get("Accept-Encoding") != string(h.AcceptEncoding) {
			t.Fatalf("%+v is not %+v", h, r)
		}
		if h.Whole && (r.Header.Get("Cookie") != string(h.Cookie) || r.Header.Get("Authorization") != string(h.Authorization) ||
			r.Header.Get("X-Forwarded-Proto") != string(h.ForwardedProto) || r.Header.Get("X-Forwarded-For") != string(h.ForwardedFor)) {
			t.Fatalf("%+v has not the fields of %+v", h, r)
		}
		if read := len(b) - text.Len() - reader.Buffered(); read != size {
			t.Fatalf("%d bytes, to net/http %d", size, read)
		}
		if h.Whole && (r.Method != "GET" || r.Header.Get("Range") != "" || r.Header.Get("If-Range") != "" || r.Header.Get("If-None-Match") != "") {
			t.Fatalf("%+v is not whole", r)
		}
		for i := range size {
			if v := h.parse(b[:i]); v != short {
				t.Fatalf("the first %d bytes are %d", i, v)
			}
		}
	})
}

// TestChained: who asks by way of others is known by that, however he writes it.
func TestChained(t *testing.T) {
	for fields, want := range map[string]bool{"": false, "CDN-Loop: a\r\n": true, "cdn-loop:\r\n": true, "CDN-Loops: a\r\n": false, "CDN-Loop: a\r\nCDN-Loop: b\r\n": true} {
		var h Head
		if v := h.parse([]byte("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n")); v != plain || h.Chained != want || !h.Whole {
			t.Errorf("%q: %v, chained %v", fields, v, h.Chained)
		}
	}
}
