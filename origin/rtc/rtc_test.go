package rtc

import (
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestPort: it can be opened again after it was closed, and has settings only while it is open.
func TestPort(t *testing.T) {
	p := New(Config{Addr: "127.0.0.1:0", PublicIPs: []string{"203.0.113.7"}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if _, err := p.Settings(); !errors.Is(err, ErrClosed) || p.Addresses() != nil {
		t.Errorf("before Listen: %v, %v", err, p.Addresses())
	}
	for range 2 {
		if err := p.Listen(); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Settings(); err != nil {
			t.Error(err)
		}
		if a := p.Addresses(); len(a) != 2 || !strings.HasPrefix(a[0], "127.0.0.1:") || a[1] != "203.0.113.7" {
			t.Errorf("open on %v", a)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}

func FuzzParseFragment(f *testing.F) {
	f.Add("a=ice-ufrag:x\r\na=mid:0\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		if fragment, err := ParseFragment(s); err == nil && len(fragment.Candidates) > MaxCandidates {
			t.Fatal(len(fragment.Candidates))
		}
	})
}
