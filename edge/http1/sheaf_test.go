package http1

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func certified(t *testing.T) *tls.Config {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{signed}, PrivateKey: private}}, NextProtos: []string{"h2", "http/1.1"}}
}

func TestTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		secure := make(chan bool, 10)
		s := start(t, Config{TLS: certified(t), Cache: &cacheOf{}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			secure <- r.TLS != nil
			plainHandler(w, r)
		})})
		c := tls.Client(s.connect(t), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
		r := bufio.NewReader(c)
		for _, q := range []struct{ uri, body string }{{"/hit", strings.Repeat("hit", 1<<18)}, {"/text", "text"}, {"/chunks", "onetwo"}, {"/sleep", "slept"}, {"/hit", strings.Repeat("hit", 1<<18)}} {
			say(t, c, ask(q.uri))
			if _, body := answered(t, r, "GET"); body != q.body {
				t.Errorf("%s: %d bytes that are wrong", q.uri, len(body))
			}
			if !strings.HasPrefix(q.uri, "/hit") && !<-secure {
				t.Errorf("%s: the handler is not told of TLS", q.uri)
			}
		}
		say(t, c, "POST /whip HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab")
		if _, body := answered(t, r, "POST"); body != "handed on: POST /whip ab by TLS" {
			t.Errorf("%q", body)
		}
	})
}

// TestUnsealed: who speaks plain HTTP where TLS is spoken is told so, whatever he asks; who says anything else, or does not take the answer, has no more
// time than any other.
//
// Clause: http-bad-requests
func TestUnsealed(t *testing.T) {
	for says, told := range map[string]bool{
		ask("/"): true, "HEAD / HTTP/1.1\r\n\r\n": true, "POST /whip/demo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab": true, "PUT / HTTP/1.1\r\n\r\n": true,
		"PATCH / HTTP/1.1\r\n\r\n": true, "DELETE / HTTP/1.1\r\n\r\n": true, "OPTIONS * HTTP/1.1\r\n\r\n": true, "GET /": true,
		"GET": false, "SSH-2.0-OpenSSH_9.2\r\n": false, "\x16\x03\x01\x00\x05hello": false,
	} {
		for _, reads := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				s := start(t, Config{TLS: certified(t), Handler: plainHandler})
				c := s.connect(t)
				began := time.Now()
				say(t, c, says)
				if !reads {
					time.Sleep(11 * time.Second)
				} else if got, _ := io.ReadAll(c); told != (strings.HasPrefix(string(got), "HTTP/1.1 400 ") && strings.Contains(string(got), "https://")) {
					t.Errorf("%q is told %q", says, got)
				}
				synctest.Wait()
				s.mu.Lock()
				if took := time.Since(began); took > 11*time.Second || s.gone != 1 {
					t.Errorf("%q, reads %v: after %v %d have ended", says, reads, took, s.gone)
				}
				s.mu.Unlock()
			})
		}
	}
}

// TestUnsealedLate: in the midst of a handshake by TLS nothing is answered in plain, whatever comes.
func TestUnsealedLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, Config{TLS: certified(t), Handler: plainHandler})
		c := s.connect(t)
		hello := make(chan []byte, 1)
		there, here := net.Pipe()
		go tls.Client(there, &tls.Config{InsecureSkipVerify: true}).Handshake()
		go func() {
			b := make([]byte, 1<<12)
			n, _ := here.Read(b)
			here.Close()
			hello <- b[:n]
		}()
		begins := <-hello
		say(t, c, string(begins)+ask("/"))
		if got, _ := io.ReadAll(c); len(got) == 0 || strings.Contains(string(got), "HTTP/1.1") {
			t.Errorf("%q", got)
		}
	})
}

// TestUnsealedWhole: who says more than is looked at, as a body, gets the answer whole all the same: the connection ends, and is not reset.
//
// Clause: http-bad-requests
func TestUnsealedWhole(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := New(listener, Config{TLS: certified(t), Handler: plainHandler, MaxHead: 64 << 10})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { front.Run(ctx); close(ended) }()
	for range 10 {
		viewer, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(viewer, "POST /whip/demo HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n"+strings.Repeat("a", 40000))
		viewer.(*net.TCPConn).CloseWrite()
		if got, err := io.ReadAll(viewer); err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 400 ") || !strings.HasSuffix(string(got), "http://\n") {
			t.Errorf("%q, %v", got, err)
		}
		viewer.Close()
	}
	cancel()
	<-ended
	front.Close()
}

// TestHTTP2: who chooses h2 is handed on, and served by net/http.
func TestHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, Config{TLS: certified(t), Handler: plainHandler})
		transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
			DialContext: func(context.Context, string, string) (net.Conn, error) { return s.connect(t), nil }}
		defer transport.CloseIdleConnections()
		resp, err := (&http.Client{Transport: transport}).Get("https://a.example/b")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); resp.ProtoMajor != 2 || string(body) != "handed on: GET /b  by TLS" || err != nil {
			t.Errorf("HTTP/%d %q %v", resp.ProtoMajor, body, err)
		}
	})
}

// recorded keeps what a viewer reads.
type recorded struct {
	net.Conn
	bytes []byte
}

func (r *recorded) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.bytes = append(r.bytes, b[:n]...)
	return n, err
}

// TestTLSEnds: who closes says so first (RFC 8446 6.1), else a viewer that is strict takes it for an attack.
func TestTLSEnds(t *testing.T) {
	for name, said := range map[string]string{"asked": "GET /text HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "idle": ask("/text"), "told": ask("/close")} {
		synctest.Test(t, func(t *testing.T) {
			raw := &recorded{Conn: start(t, Config{TLS: certified(t), Handler: plainHandler}).connect(t)}
			c := tls.Client(raw, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}) // shows what a record is
			say(t, c, said)
			if _, err := io.Copy(io.Discard, c); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			last := byte(0)
			for b := raw.bytes; len(b) >= 5; b = b[min(len(b), 5+int(b[3])<<8+int(b[4])):] {
				last = b[0]
			}
			if last != 21 {
				t.Errorf("%s: the last record is of type %d, want an alert", name, last)
			}
		})
	}
}

// written counts calls.
type written struct {
	net.Conn
	calls atomic.Int64
	bytes atomic.Int64
}

func (w *written) Write(b []byte) (int, error) {
	w.calls.Add(1)
	w.bytes.Add(int64(len(b)))
	return len(b), nil
}

func TestSheaf(t *testing.T) {
	w := &written{}
	s := &sheaf{Conn: w}
	s.Write(make([]byte, 100))
	if w.calls.Load() != 1 {
		t.Error("kept while it is not bound")
	}
	s.bind()
	for range 16 {
		s.Write(make([]byte, 16<<10))
	}
	s.Write(make([]byte, 2*sheafSize))
	s.Write(make([]byte, 100))
	if err := s.release(); err != nil || s.buffer != nil {
		t.Error(err, "something is left")
	}
	if calls, bytes := w.calls.Load(), w.bytes.Load(); calls != 7 || bytes != 100+16*16<<10+2*sheafSize+100 {
		t.Errorf("%d calls, %d bytes", calls, bytes)
	}
}

// TestSheafShared: who reads from a connection by TLS may have to write to it, an alert or a new key, while another sends an answer.
func TestSheafShared(t *testing.T) {
	w := &written{}
	s := &sheaf{Conn: w}
	var reader sync.WaitGroup
	reader.Go(func() {
		for range 1000 {
			s.Write(make([]byte, 10))
		}
	})
	for range 1000 {
		s.bind()
		s.Write(make([]byte, 100))
		s.release()
	}
	reader.Wait()
	if n := w.bytes.Load(); n != 1000*110 {
		t.Errorf("%d bytes, want %d", n, 1000*110)
	}
}

// TestShakeTime: who does not get to the end of a handshake is not waited for.
func TestShakeTime(t *testing.T) {
	for _, said := range []string{"", "\x16\x03\x01\x02\x00\x01"} {
		synctest.Test(t, func(t *testing.T) {
			c := start(t, Config{TLS: certified(t), Handler: plainHandler}).connect(t)
			began := time.Now()
			say(t, c, said)
			io.Copy(io.Discard, c)
			if d := time.Since(began); d != 10*time.Second {
				t.Errorf("after %q ended after %v", said, d)
			}
		})
	}
}
