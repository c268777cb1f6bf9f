package rtmp

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shoal-live/shoal/certificate/certificatetest"
)

func put(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// openSecure is open with RTMPS alone, and how to reach it.
func openSecure(t *testing.T) (h *house, dial func() net.Conn) {
	t.Helper()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	cert, key := certificatetest.Pair(t, "origin.example")
	put(t, certFile, cert)
	put(t, keyFile, key)
	h = newHouse(t, Config{Secure: "127.0.0.1:0", CertFile: certFile, KeyFile: keyFile})
	ln, err := h.ListenSecure(t.Context())
	h.run(t, ln, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cert)
	return h, func() net.Conn {
		c, err := tls.Dial("tcp", h.addr, &tls.Config{RootCAs: roots, ServerName: "origin.example"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
}

// TestSecure broadcasts through TLS: a whole stream, a wrong key, and what is no TLS.
//
// Clause: rtmps
func TestSecure(t *testing.T) {
	h, dial := openSecure(t)
	if _, code := h.greet(t, dial(), "live", "wrong"); !strings.HasPrefix(code, "NetStream.Publish.BadName") {
		t.Error(code)
	}
	c, code := h.greet(t, dial(), "live", "secret")
	if code != "NetStream.Publish.Start" {
		t.Fatal(code)
	}
	c.begin(clipDress())
	c.play(clipDress(), 0, 5*time.Second)
	h.described(t, "live", isLive)

	open, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	_ = open.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = open.Write(hello)
	if b, err := io.ReadAll(open); len(b) > 100 {
		t.Errorf("without TLS it is answered %d bytes, %v", len(b), err)
	}
	c.send(typeAudio, 5*time.Second, raw(0x90, "ac-3"))
	if got := c.status(); !strings.Contains(got, "Rejected: ") || !strings.Contains(got, "AC-3 audio") {
		t.Error(got)
	}
}

// TestNoCertificate says what is missing.
//
// Clause: rtmps
func TestNoCertificate(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there.pem")
	cert, _ := certificatetest.Pair(t, "a.example")
	put(t, there, cert)
	for _, c := range []struct{ cert, key, says string }{
		{"", "", "name its file, with the chain, by -tls-cert"},
		{there, "", "name its file by -tls-key"},
		{filepath.Join(dir, "gone.pem"), there, "gone.pem: no such file"},
		{there, filepath.Join(dir, "gone.pem"), "gone.pem: no such file"},
		{there, there, "there.pem"},
	} {
		if _, err := New(Config{Secure: ":1936", CertFile: c.cert, KeyFile: c.key}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q, %q: %v", c.cert, c.key, err)
		}
	}
}
