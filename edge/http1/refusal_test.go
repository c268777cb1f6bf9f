package http1

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// refusals are requests that are refused before anybody else sees them.
var refusals = map[string]struct {
	said   string
	status int
	says   string
}{
	"a first line that is none":  {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, "first line"},
	"HTTP/0.9":                   {"GET /index.html\r\n", 400, "first line"},
	"no hexadecimal":             {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400, "%XX"},
	"letters of TLS":             {"\x16\x03\x01\n", 400, "first line"},
	"no Host":                    {"GET / HTTP/1.1\r\n\r\n", 400, "field Host"},
	"two Hosts":                  {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "one Host"},
	"a Host that is none":        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "field Host"},
	"a space before the colon":   {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n", 400, "Name: value"},
	"a bare CR":                  {"GET / HTTP/1.1\r\nHost: a\r\nX: a\rContent-Length: 3\r\n\r\n", 400, "Name: value"},
	"a null":                     {"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00\r\n\r\n", 400, "Name: value"},
	"two lengths":                {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, "one number"},
	"a length below zero":        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400, "one number"},
	"another coding":             {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, "Content-Length"},
	"chunks twice":               {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501, "alone"},
	"a version in letters":       {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505, "HTTP/1.1"},
	"a preface with more to it":  {"PRI * HTTP/2.0\r\nX: y\r\n\r\nSM\r\n\r\n", 400, "Host"},
	"a fragment":                 {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "leave out #"},
	"a fragment of a URL":        {"GET http://a/b#c HTTP/1.1\r\nHost: a\r\n\r\n", 400, "leave out #"},
	"a URL of TLS":               {"GET https://a/text HTTP/1.1\r\nHost: a\r\n\r\n", 421, "the path alone"},
	"a URL of another scheme":    {"GET ftp://a/text HTTP/1.1\r\nHost: a\r\n\r\n", 421, "the path alone"},
	"a URL without slashes":      {"GET http:text HTTP/1.1\r\nHost: a\r\n\r\n", 400, "behind //"},
	"a URL without a host":       {"GET http:///text HTTP/1.1\r\nHost: a\r\n\r\n", 400, "behind //"},
	"a URL with a port alone":    {"GET http://:80/text HTTP/1.1\r\nHost: a\r\n\r\n", 400, "behind //"},
	"two empty lines":            {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "first line"},
	"a bare LF before a request": {"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "first line"},
	"a bare CR before a request": {"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "first line"},
	"an expectation":             {"GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417, "leave out"},
	"one with another behind it": {"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue, x\r\n\r\n", 417, "leave out"},
	"a target without end":       {"GET /" + strings.Repeat("a", 40<<10), 414, "32768 bytes"},
	"a header without end":       {"GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: y\r\n", 8<<10), 431, "32768 bytes"},
	"one large field":            {"POST / HTTP/1.1\r\nHost: a\r\nCookie: " + strings.Repeat("c", 40<<10) + "\r\n\r\n", 431, "cookies"},
}

// TestRefused: who is refused can read it on any page, is told what to do, and has his connection ended, though something plain came before; and nobody
// is asked anything.
//
// Clause: http-bad-requests, http-cors
func TestRefused(t *testing.T) {
	for name, c := range refusals {
		for _, before := range []string{"", ask("/text")} {
			synctest.Test(t, func(t *testing.T) {
				viewer := start(t, Config{Handler: plainHandler, Fields: http.Header{"Alt-Svc": {`h3=":443"`}}}).connect(t)
				say(t, viewer, before+c.said)
				r := bufio.NewReader(viewer)
				if before != "" {
					answered(t, r, "GET")
				}
				resp, body := answered(t, r, "GET")
				h := resp.Header
				if resp.StatusCode != c.status || !strings.Contains(body, c.says) || !strings.HasSuffix(body, "\n") {
					t.Errorf("%s: %s %q, want %d and %q", name, resp.Status, body, c.status, c.says)
				}
				if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" ||
					h.Get("Alt-Svc") == "" || h.Get("Date") == "" || !resp.Close {
					t.Errorf("%s: %v, close %v", name, h, resp.Close)
				}
				if more, err := io.ReadAll(r); len(more) > 0 || err != nil {
					t.Errorf("%s: then %q %v", name, more, err)
				}
			})
		}
	}
}

// TestRefusedOfHEAD: HEAD has the header of a refusal alone.
func TestRefusedOfHEAD(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		viewer := start(t, Config{Handler: plainHandler}).connect(t)
		say(t, viewer, "HEAD / HTTP/1.1\r\n\r\n")
		if all, err := io.ReadAll(viewer); !strings.HasSuffix(string(all), "\r\n\r\n") || !strings.HasPrefix(string(all), "HTTP/1.1 400 ") || err != nil {
			t.Errorf("%q %v", all, err)
		}
	})
}

// TestRefusedLate: a head that is no request and comes bit by bit is refused once it can be seen, one that ends in the middle too, and one that does not
// go on is left when its time is over.
func TestRefusedLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, Config{Handler: plainHandler})
		viewer := s.connect(t)
		for _, text := range []string{"POST / HTTP/1.1\r", "\nHost: a\r\nExp", "ect: x\r\n", "\r"} {
			io.WriteString(viewer, text)
			synctest.Wait()
		}
		say(t, viewer, "\n")
		if resp, _ := answered(t, bufio.NewReader(viewer), "GET"); resp.StatusCode != 417 {
			t.Error(resp.Status)
		}
		slow := s.connect(t)
		io.WriteString(slow, "POST / HTTP/1.1\r\nHost: a\r\n")
		began := time.Now()
		if all, err := io.ReadAll(slow); len(all) > 0 || err != nil || time.Since(began) != 10*time.Second {
			t.Errorf("%q %v after %v", all, err, time.Since(began))
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := New(listener, Config{Handler: plainHandler})
	ended := make(chan error)
	go func() { ended <- front.Run(t.Context()) }()
	viewer, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(viewer, "POST / HTTP/1.1\r\nHost: a\r\n")
	viewer.(*net.TCPConn).CloseWrite()
	if resp, body := answered(t, bufio.NewReader(viewer), "GET"); resp.StatusCode != 400 || !strings.Contains(body, "empty line") {
		t.Errorf("%s %q", resp.Status, body)
	}
	viewer.Close()
	front.Close()
	<-ended
}

// TestEndOfHead: a head ends where net/http says so, however many bytes of it have been looked at before.
func TestEndOfHead(t *testing.T) {
	for text, want := range map[string]int{"": -1, "a\r\n": -1, "a\r\n\r": -1, "a\r\n\r\nb": 5, "a\n\nb": 3, "a\n\r\n": 4, "a\r\nb\n \r\nc\r\n\r\n": 13, "\r\n\r\n": 4} {
		for seen := range len(text) + 1 {
			if endOfHead([]byte(text[:seen]), 0) >= 0 {
				break
			}
			if got := endOfHead([]byte(text), seen); got != want {
				t.Errorf("%q, %d seen: %d, want %d", text, seen, got, want)
			}
		}
	}
}

// TestEmptyLine: one empty line before a request is none, before the first and between two, whoever answers them, and bit by bit; and it does not
// make who rests after his answer hurry.
func TestEmptyLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, Config{Handler: plainHandler})
		c := s.connect(t)
		r := bufio.NewReader(c)
		for _, text := range []string{"\r\n" + ask("/text"), "\r\n" + ask("/text")} {
			say(t, c, text)
			if _, body := answered(t, r, "GET"); body != "text" {
				t.Errorf("%q", body)
			}
		}
		for _, text := range []string{"\r", "\n"} {
			io.WriteString(c, text)
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		say(t, c, ask("/text")+"\r\nPOST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab")
		for _, want := range []string{"text", "handed on: POST /a ab"} {
			if _, body := answered(t, r, "GET"); body != want {
				t.Errorf("%q, want %q", body, want)
			}
		}
	})
}

// TestURLOfTLS: by TLS a URL of https:// is a target as any other.
func TestURLOfTLS(t *testing.T) {
	for target, want := range map[string]*refusal{"https://a/b": nil, "HTTPS://a:443/b": nil, "http://a/b": nil, "https:///b": noHost, "ftp://a/b": misled} {
		if got := judge([]byte("GET "+target+" HTTP/1.1\r\nHost: a\r\n\r\n"), true); got != want {
			t.Errorf("%s: %+v", target, got)
		}
	}
}
