package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/shoal-live/shoal/edge"
	"github.com/shoal-live/shoal/origin"
)

// TestAhead has connections end in all ways at a front behind a lobby: plain, handed on, and by the end of all, while a request is held.
func TestAhead(t *testing.T) {
	t.Run("plain", func(t *testing.T) { testAhead(t, nil, false) })
	t.Run("prompt", func(t *testing.T) { testAhead(t, nil, true) })
	t.Run("TLS", func(t *testing.T) {
		cert, key, _ := keyPair(t, t.TempDir(), "one")
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		testAhead(t, &tls.Config{Certificates: []tls.Certificate{pair}}, false)
	})
}

func testAhead(t *testing.T, secure *tls.Config, prompt bool) {
	t.Parallel() // it is mostly waiting
	listener, err := door{"http", "127.0.0.1:0"}.listen()
	if err != nil {
		t.Fatal(err)
	}
	bounded, err := newLobby(listener, bounds{all: 100, idle: idleTime, minRate: 1}, prometheus.NewRegistry(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	cache, err := edge.New(edge.Config{Origins: []string{"http://127.0.0.1:1"}, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	held := make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/held" {
			close(held)
			<-r.Context().Done()
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		io.WriteString(w, r.Method+string(body))
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	serve := aheadBy(secure, nil, cache)
	if prompt {
		serve = vanguard{cache: cache, held: heldTime, prompt: true}.serve
	}
	go func() { ended <- together(ctx, serve(bounded, handler, quiet)) }()
	ask := func(text string) (*bufio.Reader, net.Conn) {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if secure != nil {
			conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
		}
		io.WriteString(conn, text)
		return bufio.NewReader(conn), conn
	}
	read := func(r *bufio.Reader, status int, want string) {
		t.Helper()
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); resp.StatusCode != status || err != nil || want != "" && string(body) != want {
			t.Errorf("%d %q %v", resp.StatusCode, body, err)
		}
	}
	plain, first := ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	read(plain, 200, "GET")
	handed, second := ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab")
	read(handed, 200, "POSTab")
	waits, third := ask("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
	<-held
	if n := testutil.ToFloat64(bounded.open); n != 3 {
		t.Errorf("%v connections are counted, want 3", n)
	}
	began := time.Now()
	cancel()
	read(waits, 503, "")
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
	if d := time.Since(began); d > drainTime {
		t.Errorf("ended after %v", d)
	}
	if n := testutil.ToFloat64(bounded.open); n != 0 {
		t.Errorf("%v connections are counted after the end", n)
	}
	if len(bounded.paces) != 0 {
		t.Errorf("%d connections are looked after that have ended", len(bounded.paces))
	}
	for _, conn := range []net.Conn{first, second, third} {
		conn.Close()
	}
}

// TestPlainWhereTLSIs: a link of http:// to the port of TLS is answered with what to write, though its head is long, and its place is free then.
//
// Clause: http-bad-requests
func TestPlainWhereTLSIs(t *testing.T) {
	r := runEdgeHere(t, roomy, edge.Config{}, nil)
	for _, long := range []int{0, 20 << 10} {
		conn, err := net.Dial("tcp", r.https)
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		go io.WriteString(conn, "GET /watch/demo HTTP/1.1\r\nHost: a\r\nCookie: "+strings.Repeat("a", long)+"\r\n\r\n")
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("with %d bytes: %v", long, err)
		}
		text, err := io.ReadAll(answer.Body)
		if answer.StatusCode != http.StatusBadRequest || !strings.Contains(string(text), "https://") || err != nil || !answer.Close {
			t.Errorf("with %d bytes: %s %q %v", long, answer.Status, text, err)
		}
		conn.Close()
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	families, err := r.desk.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "shoal_http_connections" && f.Metric[0].Gauge.GetValue() != 0 {
			t.Errorf("%v connections are counted at the end", f.Metric[0].Gauge.GetValue())
		}
	}
}

// TestRefusedByAnOrigin: an origin refuses what is malformed in the words that an edge has, since pages and tools ask it too.
//
// Clause: http-bad-requests
func TestRefusedByAnOrigin(t *testing.T) {
	source, err := origin.New(origin.Config{Data: t.TempDir(), Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := door{"http", "127.0.0.1:0"}.listen()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- aheadOf(source)(listener, source, quiet)(ctx) }()
	for said, want := range map[string]int{
		"GET /live/a/index.m3u8 HTTP/1.1\r\n\r\n": 400, "GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n": 417, "GET / HTTP/3.0\r\nHost: a\r\n\r\n": 505,
		"POST /whip/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n": 501, "POST /whip/a HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("a", maxHeader) + "\r\n\r\n": 431,
	} {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, said)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%.80q: %v", said, err)
		}
		text, _ := io.ReadAll(answer.Body)
		if answer.StatusCode != want || answer.Header.Get("Access-Control-Allow-Origin") != "*" || answer.Header.Get("Cache-Control") != "no-store" || len(text) < 30 || !answer.Close {
			t.Errorf("%.80q: %s %v %q, want %d", said, answer.Status, answer.Header, text, want)
		}
		conn.Close()
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
