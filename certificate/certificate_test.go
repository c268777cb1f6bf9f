package certificate

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/shoal-live/shoal/certificate/certificatetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func put(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestCertificate replaces files while they are in use: by better ones, by broken ones, by nothing.
//
// Clause: rtmps, edge-tls
func TestCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		put2 := func(name string, when time.Time) {
			cert, key := certificatetest.Pair(t, name)
			put(t, certFile, cert)
			put(t, keyFile, key)
			if err := os.Chtimes(certFile, when, when); err != nil {
				t.Fatal(err)
			}
		}
		put2("one.example", time.Unix(1, 0))
		var log strings.Builder
		c, err := Open(certFile, keyFile, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		name := func() string {
			time.Sleep(check)
			got, err := c.Get(nil)
			if err != nil {
				t.Fatal(err)
			}
			return got.Leaf.Subject.CommonName
		}
		if got := name(); got != "one.example" {
			t.Fatal(got)
		}
		put2("two.example", time.Unix(2, 0))
		if got := name(); got != "two.example" {
			t.Fatal(got)
		}
		put(t, keyFile, []byte("half a ke"))
		for range 3 {
			if got := name(); got != "two.example" {
				t.Fatal(got)
			}
		}
		if n := strings.Count(log.String(), "the one before stays"); n != 1 {
			t.Errorf("said %d times", n)
		}
		if err := os.Remove(certFile); err != nil {
			t.Fatal(err)
		}
		if got := name(); got != "two.example" {
			t.Fatal(got)
		}
		put2("three.example", time.Unix(3, 0))
		if got := name(); got != "three.example" {
			t.Fatal(got)
		}
	})
}
