package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shoal-live/shoal/edge"
)

// exchange asks on a connection that stays.
func exchange(t *testing.T, c net.Conn, r *bufio.Reader, path string) *http.Response {
	t.Helper()
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(path, err)
	}
	return resp
}

// TestDrain ends an edge that has one viewer held, one in the middle of a part, and one between two requests, by TLS and without: it is not ready first, the held
// one is told to come again, the part arrives whole, and connections are asked to end.
//
// Clause: edge-drain, readyz
func TestDrain(t *testing.T) {
	for _, byTLS := range []bool{false, true} {
		t.Run(fmt.Sprintf("secure=%v", byTLS), func(t *testing.T) {
			half, rest := make(chan struct{}), make(chan struct{})
			held := make(chan struct{})
			origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == partPath:
					w.Header().Set("Content-Length", "20")
					io.WriteString(w, "0123456789")
					http.NewResponseController(w).Flush()
					close(half)
					<-rest
					io.WriteString(w, "0123456789")
				case r.URL.RawQuery != "":
					close(held)
					<-r.Context().Done()
				default:
					io.WriteString(w, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:1\n#EXTINF:2.0,\n1700000000/s1.m4s\n")
				}
			}))
			defer origin.Close()
			finish := sync.OnceFunc(func() { close(rest) })
			defer finish() // the origin waits for its requests
			r := &running{log: new(said), asked: new(atomic.Int64)}
			r.serve(t, roomy, edge.Config{Origins: []string{origin.URL}}, func(_ *secure, d *desk) { d.lameTime = 2 * time.Second })

			middle, waiting, idle := r.dial(t, byTLS, "http/1.1"), r.dial(t, byTLS, "http/1.1"), r.dial(t, byTLS, "http/1.1")
			between := bufio.NewReader(idle)
			if resp := exchange(t, idle, between, "/readyz"); resp.StatusCode != http.StatusOK || resp.Close {
				t.Fatal(resp.Status, resp.Close)
			} else {
				io.Copy(io.Discard, resp.Body)
			}
			part := exchange(t, middle, bufio.NewReader(middle), partPath)
			<-half
			answer := make(chan *http.Response)
			go func() {
				fmt.Fprintf(waiting, "GET %s?_HLS_msn=2 HTTP/1.1\r\nHost: localhost\r\n\r\n", listPath)
				resp, _ := http.ReadResponse(bufio.NewReader(waiting), nil)
				answer <- resp
			}()
			<-held

			ended := make(chan error, 1)
			go func() { ended <- r.stop() }()
			if resp := <-answer; resp == nil || resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" || !resp.Close {
				t.Errorf("who was held: %+v", resp)
			}
			resp := exchange(t, idle, between, "/readyz")
			if body, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusServiceUnavailable || !resp.Close || !strings.Contains(string(body), "stopping") {
				t.Errorf("readyz: %s %q, the connection ends %v", resp.Status, body, resp.Close)
			}
			late := r.dial(t, byTLS, "http/1.1") // whoever was not told yet is answered
			if resp := exchange(t, late, bufio.NewReader(late), "/healthz"); resp.StatusCode != http.StatusOK || !resp.Close {
				t.Errorf("who comes late: %s", resp.Status)
			}
			finish()
			if body, err := io.ReadAll(part.Body); string(body) != "01234567890123456789" || err != nil {
				t.Errorf("the part: %q, %v", body, err)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if _, err := net.Dial("tcp", r.http); err == nil {
				t.Error("it listens after its end")
			}
		})
	}
}

// TestUpDrains ends shoal up, which says that it is not ready, answers for as long as -drain says, and ends then. Before that it sends nobody elsewhere.
//
// Clause: http-cors
func TestUpDrains(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	shown := make(chan struct{})
	banner := &until{text: "Watch ", then: sync.OnceFunc(func() { close(shown) })}
	ended := make(chan error, 1)
	go func() {
		ended <- dispatch(ctx, []string{"up", "-demo=false", "-data", t.TempDir(), "-http", "127.0.0.1:0", "-admin", "127.0.0.1:0", "-drain", "1s",
			"-rtmp", "127.0.0.1:0", "-webrtc", "127.0.0.1:0", "-stun", "127.0.0.1:0", "-log", "error"}, banner)
	}()
	select {
	case <-shown:
	case err := <-ended:
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(banner.said.String(), "http://")
	host, _, _ := strings.Cut(rest, "/")
	for target, want := range map[string]int{"//watch/demo": 404, "/live/../watch/demo": 404, "//healthz": 404, "/healthz": 200, "/api/v1/swarm": 200} {
		c, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		resp := exchange(t, c, bufio.NewReader(c), target)
		if h := resp.Header; resp.StatusCode != want || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %s %v", target, resp.Status, h)
		}
		c.Close()
	}
	began := time.Now()
	cancel()
	for deadline := began.Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		resp, err := http.Get("http://" + host + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusServiceUnavailable {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it says that it is ready")
		}
	}
	if err := <-ended; err != nil || time.Since(began) < time.Second {
		t.Errorf("it ended after %v, %v", time.Since(began), err)
	}
}

// TestNewCertificate replaces the files of a certificate while the edge runs.
//
// Clause: edge-tls
func TestNewCertificate(t *testing.T) {
	dir := ""
	r := runEdgeHere(t, roomy, edge.Config{}, func(s *secure, _ *desk) { dir = strings.TrimSuffix(s.cert, "/cert.pem") })
	name := func(protocol string) string {
		c, err := tls.Dial("tcp", r.https, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}}) // who it is is what is looked at
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got := c.ConnectionState(); got.NegotiatedProtocol != protocol || got.Version < tls.VersionTLS12 {
			t.Errorf("%q, %x", got.NegotiatedProtocol, got.Version)
		}
		return c.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	if got := name("h2"); got != "one" {
		t.Fatal(got)
	}
	keyPair(t, dir, "two")
	for deadline := time.Now().Add(10 * time.Second); name("http/1.1") != "two"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the new certificate is not used")
		}
	}
	if _, err := tls.Dial("tcp", r.https, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
}
