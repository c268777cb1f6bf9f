package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/shoal-live/shoal/edge"
)

// inventedName is what a viewer may say in CDN-Loop.
const inventedName = "shoal-0123456789abcdef"

// headersAllowed are those that an edge sends upstream. A viewer's is none of them.
var headersAllowed = map[string]*regexp.Regexp{"User-Agent": regexp.MustCompile("^shoal-edge$"), "Accept-Encoding": regexp.MustCompile("^identity$"),
	"Cdn-Loop":      regexp.MustCompile("^shoal-[0-9a-f]{16}(, shoal-[0-9a-f]{16})*$"),
	"Shoal-Viewers": regexp.MustCompile("^shoal-[0-9a-f]{16};[0-9]+$")}

// source is an origin on the network. It fails the test for whatever of a viewer reaches it.
func source(t *testing.T) (url string, asked *atomic.Int64) {
	asked = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		for name, values := range r.Header {
			if allowed := headersAllowed[name]; len(values) != 1 || allowed == nil || !allowed.MatchString(values[0]) || strings.Contains(values[0], inventedName) {
				t.Errorf("the origin was sent %s: %q", name, values)
			}
		}
		if r.Method != http.MethodGet || strings.ContainsAny(r.RequestURI, "%") || r.URL.RawQuery != "" && !strings.HasPrefix(r.URL.RawQuery, "_HLS_") {
			t.Errorf("the origin was asked %s %s", r.Method, r.RequestURI)
		}
		h := w.Header()
		switch {
		case r.URL.Path == partPath:
			h.Set("Content-Type", "video/mp4")
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
			h.Set("Content-Length", strconv.Itoa(partBytes))
			w.Write(bytes.Repeat([]byte("0123456789abcdef"), partBytes/16))
		case r.URL.Path == listPath:
			h.Set("Content-Type", "application/vnd.apple.mpegurl")
			h.Set("Cache-Control", "public, max-age=1")
			fmt.Fprint(w, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:1\n"+strings.Repeat("#EXTINF:2.0,\n1700000000/s1.m4s\n", 20))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

// said is a log that tests read while it is written.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// find waits until the log says something.
func (s *said) find(t *testing.T, what *regexp.Regexp) []string {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if found := what.FindStringSubmatch(s.String()); found != nil {
			return found
		}
		if time.Now().After(deadline) {
			t.Fatalf("the log does not say %s:\n%s", what, s)
		}
	}
}

// keyPair makes a certificate for localhost and puts it into two files.
func keyPair(t *testing.T, dir, name string) (cert, key string, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost", "test.example"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for file, b := range map[string][]byte{cert: text, key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})} {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return cert, key, roots
}

func pemOf(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// A running edge is one that the program serves, with all of its addresses.
type running struct {
	http, https string
	tls         *tls.Config // of who trusts it
	log         *said
	asked       *atomic.Int64 // requests to the origin
	desk        *desk
	stop        func() error // ends it as SIGTERM does, and waits
}

// runEdgeHere serves an edge as the program does until the test ends.
func runEdgeHere(t *testing.T, b bounds, config edge.Config, change func(*secure, *desk), at ...string) *running {
	t.Helper()
	r := &running{log: new(said)}
	config.Origins = make([]string, 1)
	config.Origins[0], r.asked = source(t)
	return r.serve(t, b, config, change, at...)
}

// serve is runEdgeHere for a config that has origins, at a plain address or any.
func (r *running) serve(t *testing.T, b bounds, config edge.Config, change func(*secure, *desk), at ...string) *running {
	t.Helper()
	cert, key, roots := keyPair(t, t.TempDir(), "one")
	r.tls = &tls.Config{RootCAs: roots, ServerName: "localhost"}
	d := &desk{door: door{"admin", "127.0.0.1:0"}, log: slog.New(slog.NewTextHandler(r.log, nil)), registry: prometheus.NewRegistry(),
		paths: http.NewServeMux(), bounds: &b}
	r.desk = d
	config.Log, config.Registry = d.log, d.registry
	service, err := edge.New(config)
	if err != nil {
		t.Fatal(err)
	}
	s := &secure{door: door{"https", "127.0.0.1:0"}, cert: cert, key: key}
	if change != nil {
		change(s, d)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	public := door{"http", append(at, "127.0.0.1:0")[0]}
	go func() { ended <- d.runEdge(ctx, public, s, service) }()
	r.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	})
	found := r.log.find(t, regexp.MustCompile(`msg=serving http=(\S+) https=(\S+)`))
	r.http, r.https = found[1], found[2]
	return r
}

var roomy = bounds{all: 1000, idle: idleTime, tells: true}

// dial connects to the edge.
func (r *running) dial(t *testing.T, secure bool, protocol string) net.Conn {
	t.Helper()
	var c net.Conn
	var err error
	if secure {
		config := r.tls.Clone()
		config.NextProtos = []string{protocol}
		c, err = tls.Dial("tcp", r.https, config)
	} else {
		c, err = net.Dial("tcp", r.http)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}
