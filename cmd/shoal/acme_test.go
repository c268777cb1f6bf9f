package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"go.uber.org/zap"

	"github.com/shoal-live/shoal/edge"
)

// freePorts returns ports that nobody has now.
func freePorts(t *testing.T, n int) (ports []int) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// TestACME has a CA of its own, Pebble, give an edge a certificate for localhost: once because port 80 leads to -http, once because 443 leads to -https. An
// edge that starts again with the same folder has it already.
//
// Clause: edge-acme
func TestACME(t *testing.T) {
	for _, way := range []string{"http-01", "tls-alpn-01"} {
		t.Run(way, func(t *testing.T) {
			ports := freePorts(t, 3)
			open, own, nobody := ports[0], ports[1], ports[2]
			led := map[string][2]int{"http-01": {open, nobody}, "tls-alpn-01": {nobody, own}}[way]
			t.Setenv("PEBBLE_VA_NOSLEEP", "1")
			t.Setenv("PEBBLE_WFE_NONCEREJECT", "0")
			logger := log.New(io.Discard, "", 0)
			store := db.NewMemoryStore()
			authority := ca.New(logger, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "any"}})
			front := wfe.New(logger, store, va.New(logger, led[0], led[1], false, "", store), authority, []string{"ca.example"}, false, false, 0, 0)
			issuer := httptest.NewTLSServer((&front).Handler())
			t.Cleanup(issuer.Close)
			dir := t.TempDir()
			root := filepath.Join(dir, "root.pem")
			if err := os.WriteFile(root, pemOf(issuer.Certificate()), 0o600); err != nil {
				t.Fatal(err)
			}
			roots := x509.NewCertPool()
			roots.AddCert(authority.GetRootCert(0).Cert)

			begin := func() *running {
				r := runEdgeHere(t, roomy, edge.Config{}, func(s *secure, d *desk) {
					s.door.address = "127.0.0.1:" + strconv.Itoa(own)
					s.acme = acme{domains: list{"localhost"}, email: "a@example.com", ca: issuer.URL + wfe.DirectoryPath, root: root, data: dir}
					d.bounds = &bounds{all: 100, idle: idleTime}
				}, "127.0.0.1:"+strconv.Itoa(open))
				return r
			}
			shown := func() (serial string) {
				for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
					c, err := tls.Dial("tcp", "127.0.0.1:"+strconv.Itoa(own), &tls.Config{RootCAs: roots, ServerName: "localhost", NextProtos: []string{"h2"}})
					if err == nil {
						defer c.Close()
						if got := c.ConnectionState(); got.NegotiatedProtocol != "h2" {
							t.Errorf("%q is spoken", got.NegotiatedProtocol)
						}
						return fmt.Sprint(c.ConnectionState().PeerCertificates[0].SerialNumber)
					}
					if time.Now().After(deadline) {
						t.Fatal("no certificate: ", err)
					}
				}
			}
			r := begin()
			first := shown()
			if !strings.Contains(r.log.String(), "a certificate has come from the CA") {
				t.Errorf("the log says\n%s", r.log)
			}
			if resp, err := http.Get("http://127.0.0.1:" + strconv.Itoa(open) + "/healthz"); err != nil || resp.StatusCode != http.StatusOK {
				t.Error("the plain address: ", err)
			} else {
				resp.Body.Close()
			}
			http.DefaultClient.CloseIdleConnections()
			if err := r.stop(); err != nil {
				t.Fatal(err)
			}
			again := begin()
			if got := shown(); got != first {
				t.Error("another certificate was asked for")
			}
			if err := again.stop(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestACMEFolder: an edge that could keep no certificate says so at once.
func TestACMEFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	a := acme{domains: list{"localhost"}, ca: "https://127.0.0.1:1/dir", data: file}
	if _, err := a.begin(door{"http", ":80"}, door{"https", ":443"}, quiet); err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "-data") {
		t.Error(err)
	}
}

// TestFaults: what goes wrong in the library is in our log, and nothing else of it.
func TestFaults(t *testing.T) {
	log := new(said)
	z := faults(slog.New(slog.NewTextHandler(log, nil))).Named("maintenance").With(zap.String("domain", "a.example"))
	z.Info("looking")
	z.Warn("slow")
	z.Error("job failed", zap.Error(io.ErrUnexpectedEOF))
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `msg="maintenance: job failed" domain=a.example error="unexpected EOF"`) {
		t.Error(got)
	}
}
