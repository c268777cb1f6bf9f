package http1

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// passed are refusals of the front's that net/http's server leaves to its handler, where that has the connection.
var passed = []string{"a fragment", "a fragment of a URL", "a URL of TLS", "a URL of another scheme", "a URL without slashes", "a URL without a host",
	"a URL with a port alone", "one with another behind it"}

// TestRefusedWhereHandedOn: what the server behind the front refuses by itself can be read on any page too, and says what to do, by TLS and without, whether it
// comes after the answer to what was before it or together with that.
//
// Clause: http-bad-requests, http-cors
func TestRefusedWhereHandedOn(t *testing.T) {
	const put = "PUT /whip HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab" // behind POST the server overlooks an empty line
	refused := 0
	for name, c := range refusals {
		for way := range 4 {
			secure, together := way&1 > 0, way&2 > 0
			synctest.Test(t, func(t *testing.T) {
				config := Config{Handler: plainHandler, Fields: http.Header{"Alt-Svc": {`h3=":443"`}}}
				if secure {
					config.TLS = certified(t)
				}
				viewer := start(t, config).connect(t)
				if secure {
					viewer = tls.Client(viewer, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
				}
				r := bufio.NewReader(viewer)
				if together {
					say(t, viewer, put+c.said)
				} else {
					say(t, viewer, put)
				}
				if _, body := answered(t, r, "PUT"); !strings.HasPrefix(body, "handed on") {
					t.Fatal(body)
				}
				if !together {
					say(t, viewer, c.said)
				}
				resp, body := answered(t, r, "GET")
				if resp.StatusCode == http.StatusOK && slices.Contains(passed, name) {
					return
				}
				refused++
				if status := map[int]int{414: 431}[c.status]; resp.StatusCode != c.status && resp.StatusCode != status {
					t.Errorf("%s: %s, want %d", name, resp.Status, c.status)
				}
				h := resp.Header
				if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" ||
					h.Get("Alt-Svc") == "" || h.Get("Date") == "" || !resp.Close || !strings.Contains(body, ": ") {
					t.Errorf("%s: %s, %v, close %v: %q", name, resp.Status, h, resp.Close, body)
				}
				if more, err := io.ReadAll(r); len(more) > 0 || err != nil {
					t.Errorf("%s: then %q %v", name, more, err)
				}
				time.Sleep(time.Second) // the server gives who is refused half of one
			})
		}
	}
	if refused < 4*(len(refusals)-len(passed)) {
		t.Errorf("%d were refused", refused)
	}
}

// TestBare: what a handler writes is left alone, though it be what the server itself would say.
func TestBare(t *testing.T) {
	const own = "HTTP/1.1 400 Bad Request" + bareFields + "400 Bad Request"
	for said, want := range map[string]*refusal{
		own: badHead,
		"HTTP/1.1 400 Bad Request: missing required Host header" + bareFields + "400 Bad Request: missing required Host header": badHost,
		"HTTP/1.1 400 Bad Request: invalid header name" + bareFields + "400 Bad Request: invalid header name":                   badField,
		"HTTP/1.1 431 Request Header Fields Too Large" + bareFields + "431 Request Header Fields Too Large":                     longHead,
		"HTTP/1.1 501 Not Implemented" + bareFields + "Unsupported transfer encoding":                                           noCoding,
		bareExpect + "Date: now\r\nContent-Length: 0\r\n\r\n":                                                                   noExpect,
		own + own:  nil,
		"\n" + own: nil,
		"\x00\x00\x9f\x00\x01\x00\x00\x00\x01" + own: nil, // a frame of HTTP/2
		"HTTP/1.1 ":                                               nil,
		"HTTP/1.1 200 OK" + bareFields:                            nil,
		"HTTP/1.1 404 Not Found" + bareFields + "x":               nil,
		"HTTP/1.1 400 Bad Request\r\nDate: now" + bareFields:      nil,
		bareExpect + "Content-Length: 0\r\n\r\nHTTP/1.1 200 OK\r": nil,
	} {
		if got := bare([]byte(said)); got != want {
			t.Errorf("%q: %v, want %v", said, got, want)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		s := &stand{pipes: newPipes(), ended: make(chan struct{})}
		s.front = New(s.pipes, Config{Handler: plainHandler, Log: slog.New(slog.DiscardHandler)})
		var ctx context.Context
		ctx, s.end = context.WithCancel(t.Context())
		go func() { s.front.Run(ctx); close(s.ended) }()
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			io.WriteString(w, own)
			w.(http.Flusher).Flush()
			io.ReadAll(r.Body)
			http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute))
			io.WriteString(w, own)
		})}
		served := make(chan struct{})
		go func() { server.Serve(s.front); close(served) }()
		viewer := s.connect(t)
		say(t, viewer, "POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\n\r\nab")
		if _, body := answered(t, bufio.NewReader(viewer), "POST"); body != own+own {
			t.Errorf("%q", body)
		}
		viewer.Close()
		s.end()
		<-s.ended
		server.Close()
		<-served
	})
}
