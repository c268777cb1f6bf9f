package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSecureFlags: what is asked of TLS and of viewers has to go together, and is refused with what to do before a port is taken.
//
// Clause: errors
func TestSecureFlags(t *testing.T) {
	dir := t.TempDir()
	cert, key, _ := keyPair(t, dir, "one")
	for args, want := range map[string]string{
		"-https :0":                     "-tls-cert",
		"-https :0 -tls-cert " + cert:   "private key",
		"-http3":                        "-https",
		"-acme-domain live.example.com": "add -https",
		"-https nowhere -acme-domain a.example.com":                                   "-https",
		"-https :0 -acme-domain a.example.com -tls-cert " + cert + " -tls-key " + key: "choose one",
		"-https :0 -acme-domain localhost":                                            "names that a CA can reach",
		"-https :0 -acme-domain *.example.com":                                        "names that a CA can reach",
		"-https :0 -acme-domain a.example.com -acme-dir http://ca.example":            "https://CA/directory",
		"-https :0 -acme-domain a.example.com -acme-root " + key:                      "no certificate in it",
		"-https :0 -acme-domain a.example.com -acme-root /none":                       "/none",
		"-https :0 -tls-cert " + cert + " -tls-key /none":                             "/none",
		"-trusted-proxies everybody":                                                  "-trusted-proxies",
		"-requests-per-address -1":                                                    "choose",
		"-requests-per-address NaN":                                                   "choose",
		"-drain 1h":                                                                   "choose",
		"-min-rate lots":                                                              "-min-rate",
		"-access-log-addresses":                                                       "-access-log",
		"-access-log /none/there":                                                     "/none/there",
	} {
		for name, run := range map[string]func(context.Context, []string, io.Writer) error{"edge": runEdge, "up": up} {
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
			all := append(strings.Fields(args), "-http", "127.0.0.1:0", "-admin", "127.0.0.1:0", "-data", dir)
			if name == "up" { // which opens more before it reads a certificate
				all = append(all, "-rtmp", "127.0.0.1:0", "-webrtc", "127.0.0.1:0", "-stun", "127.0.0.1:0")
			}
			err := run(ctx, all, io.Discard)
			stop()
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s %s: %v, want %s", name, args, err, want)
			}
			ends := 2
			if strings.HasSuffix(args, "-acme-root "+key) || strings.Contains(args, " /none") { // it is the file that is wrong
				ends = 1
			}
			if s := status(err); s != ends {
				t.Errorf("%s %s: %v: status %d, want %d", name, args, err, s, ends)
			}
		}
	}
}

// TestLogFile moves a log away while it is written, as logrotate does.
//
// Clause: edge-log
func TestLogFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "access.log")
	l, err := openLog(name)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	write := func(text string) {
		l.checked = time.Time{} // as if a second had gone
		if _, err := io.WriteString(l, text); err != nil {
			t.Fatal(err)
		}
	}
	write("one\n")
	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	write("two\n")
	for file, want := range map[string]string{name + ".1": "one\n", name: "two\n"} {
		if b, err := os.ReadFile(file); err != nil || !bytes.Equal(b, []byte(want)) {
			t.Errorf("%s: %q, %v", file, b, err)
		}
	}
}
