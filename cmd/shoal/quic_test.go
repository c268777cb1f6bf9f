package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/quic-go/quic-go/http3"

	"github.com/shoal-live/shoal/edge"
)

// TestHTTP3 asks over QUIC for some of what TestConformance asks over TCP, where answers say that it may.
//
// Clause: http-three
func TestHTTP3(t *testing.T) {
	r := runEdgeHere(t, roomy, edge.Config{}, func(s *secure, _ *desk) { s.quic = true })
	plain, tcp := &http.Transport{}, &http.Transport{TLSClientConfig: r.tls, ForceAttemptHTTP2: true}
	three := &http3.Transport{TLSClientConfig: r.tls}
	defer plain.CloseIdleConnections()
	defer tcp.CloseIdleConnections()
	defer three.Close()
	_, port, _ := strings.Cut(r.https, ":")
	for _, c := range []struct {
		way  http.RoundTripper
		base string
		want string // of Alt-Svc
	}{{plain, "http://" + r.http, ""}, {tcp, "https://localhost:" + port, `h3=":` + port + `"; ma=86400`}} {
		q, _ := http.NewRequest(http.MethodGet, c.base+"/healthz", nil)
		resp, err := c.way.RoundTrip(q)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Alt-Svc"); got != c.want {
			t.Errorf("%s: Alt-Svc %q, want %q", c.base, got, c.want)
		}
	}
	for _, c := range []struct {
		what, method, path, header, value string
		status, length                    int
	}{
		{"GET", "GET", partPath, "X", "y", 200, partBytes},
		{"HEAD", "HEAD", partPath, "X", "y", 200, 0},
		{"a range", "GET", partPath, "Range", "bytes=0-9", 206, 10},
		{"outside", "GET", partPath, "Range", "bytes=99999999-", 416, -1},
		{"not modified", "GET", partPath, "If-None-Match", "*", 304, 0},
		{"nowhere", "GET", "/live/../x", "X", "y", 404, -1},
		{"POST", "POST", partPath, "X", "y", 405, -1},
		{"an unknown method", "PURGE", partPath, "X", "y", 501, -1},
	} {
		q, err := http.NewRequest(c.method, "https://localhost:"+port+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set(c.header, c.value)
		resp, err := three.RoundTrip(q)
		if err != nil {
			t.Fatal(c.what, err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.status || err != nil || c.length >= 0 && len(body) != c.length || resp.ProtoMajor != 3 ||
			resp.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %s %s, %d bytes, %v, %v", c.what, resp.Proto, resp.Status, len(body), resp.Header, err)
		}
		if c.status == 200 && c.method == "GET" && !bytes.HasPrefix(body, []byte("0123456789abcdef")) {
			t.Errorf("%.40q", body)
		}
	}
}
