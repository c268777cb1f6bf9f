package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

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
	config := r.tls.Clone()
	config.NextProtos = []string{"http/1.1"}
	one := &http.Transport{TLSClientConfig: config}
	defer one.CloseIdleConnections()
	said := `h3=":` + port + `"; ma=86400`
	for _, c := range []struct {
		way  http.RoundTripper
		base string
		want []string // of Alt-Svc
	}{{plain, "http://" + r.http, nil}, {tcp, "https://localhost:" + port, []string{said}}, {one, "https://localhost:" + port, []string{said}}} {
		for _, q := range [][2]string{{"GET", "/healthz"}, {"GET", partPath}, {"GET", partPath}, {"HEAD", partPath}, {"PUT", partPath}, {"GET", "/nowhere"}} { // the second time it is at hand
			r, _ := http.NewRequest(q[0], c.base+q[1], nil)
			resp, err := c.way.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if got := resp.Header["Alt-Svc"]; !slices.Equal(got, c.want) {
				t.Errorf("%s%s: Alt-Svc %q, want %q", c.base, q, got, c.want)
			}
			if q == [2]string{"GET", partPath} && (len(body) != partBytes || err != nil) {
				t.Errorf("%s%s: %d bytes, %v", c.base, q, len(body), err)
			}
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

// TestHTTP3Bounds has connections by QUIC be among those of -connections, by TCP and by QUIC together.
func TestHTTP3Bounds(t *testing.T) {
	r := runEdgeHere(t, bounds{all: 2, idle: idleTime, tells: true}, edge.Config{}, func(s *secure, _ *desk) { s.quic = true })
	_, port, _ := strings.Cut(r.https, ":")
	ask := func() (*http3.Transport, error) {
		way := &http3.Transport{TLSClientConfig: r.tls}
		t.Cleanup(func() { way.Close() })
		q, _ := http.NewRequest(http.MethodGet, "https://localhost:"+port+"/healthz", nil)
		resp, err := way.RoundTrip(q)
		if err == nil {
			resp.Body.Close()
		}
		return way, err
	}
	first, err := ask()
	if err != nil {
		t.Fatal(err)
	}
	other := r.dial(t, false, "") // which stays
	exchange(t, other, bufio.NewReader(other), "/healthz")
	if _, err := ask(); err == nil || !strings.Contains(err.Error(), "CONNECTION_REFUSED") {
		t.Fatalf("one too many: %v", err)
	}
	if got := r.log.find(t, regexp.MustCompile("too many connections: more are closed")); got == nil {
		t.Error("nobody is told")
	}
	first.Close()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err = ask(); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a place that is free again: %v", err)
		}
	}
}
