package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shoal-live/shoal/tracker"
)

// TestStatusOfEveryCommand: what is the same for all commands ends all of them with the same status.
func TestStatusOfEveryCommand(t *testing.T) {
	for _, c := range commands() {
		for args, want := range map[string]int{"-h": 0, "--help": 0, "x -h": 0, "-nosuch": 2, "-nosuch -h": 2, "one two three": 2} {
			err := dispatch(t.Context(), append([]string{c.name}, strings.Fields(args)...), io.Discard)
			if s := status(err); s != want {
				t.Errorf("shoal %s %s: status %d, want %d: %v", c.name, args, s, want, err)
			}
		}
	}
	for args, want := range map[string]int{"": 0, "help": 0, "-h": 0, "help help": 0, "-version": 0, "--version x": 2, "help up extra": 2, "help -nosuch": 2, "--help help": 0, "nosuch": 2, "-nosuch": 2, "help nosuch": 2} {
		if s := status(dispatch(t.Context(), strings.Fields(args), io.Discard)); s != want {
			t.Errorf("shoal %s: status %d, want %d", args, s, want)
		}
	}
	t.Setenv("SHOAL_ADMIN", "nonsense")
	for _, name := range []string{"up", "origin", "edge", "tracker", "check", "control"} {
		if s := status(dispatch(t.Context(), []string{name}, io.Discard)); s != 2 {
			t.Errorf("shoal %s, with nonsense in the environment: status %d", name, s)
		}
	}
}

// TestStatus: 2 for what can be on no machine, 1 for what fails on this one, whichever command it is.
func TestStatus(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	service, err := tracker.New(tracker.Config{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	controls := httptest.NewServer(service.Controls())
	defer controls.Close()
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	secret := filepath.Join(dir, "secret.json")
	if err := dispatch(t.Context(), []string{"token", "key", "-key", secret, "-alg", "HS256"}, io.Discard); err != nil {
		t.Fatal(err)
	}
	names := strings.NewReplacer(
		"FILE", write("file", "x"), "SEED", write("seed", strings.Repeat("x", 32)), "NONE", filepath.Join(dir, "none"), "DATA", filepath.Join(dir, "data"),
		"SECRET", secret, "TAKEN", taken.Addr().String(), "GONE", gone.Addr().String(), "TRACKER", controls.Listener.Addr().String(),
		"OTHER", other.Listener.Addr().String(), "LONG", strings.Repeat("x", 3000), "STORAGE", "-s3-endpoint https://s3.example.com -s3-bucket b",
		"OWN", "-http 127.0.0.1:0 -admin 127.0.0.1:0", "PORTS", "-rtmp 127.0.0.1:0 -webrtc 127.0.0.1:0", // so that nothing else is taken, nor met
	)
	for _, c := range []struct {
		status int
		all    string // commands, one to a line; of status 1 with what is said of each
	}{
		{0, `
			key list -data NONE
			key add show -data DATA
			token make -key SECRET -stream show
			control -admin TRACKER
			control nosuch -admin TRACKER
			control show -share 0.5 -admin TRACKER
			version`},
		{2, `
			up -http nonsense
			origin -http nonsense
			edge -http nonsense
			tracker -http nonsense
			check -admin nonsense
			control -admin nonsense
			origin -seed-file SEED -twin nonsense -data DATA OWN PORTS
			up -stream a.b
			edge -origins nonsense
			tracker -redis nonsense
			tracker -roots 0
			control show -share nonsense -admin GONE
			control show -share 2 -admin TRACKER
			control a.b -admin GONE
			control -p2p off
			key
			key add
			key nosuch
			key add a.b -data DATA
			key add show -expires -1h -data DATA
			key list -expires nonsense
			token
			token nosuch -key SECRET
			token key
			token key -key SECRET -alg nosuch
			token make -key SECRET
			token make -key SECRET -stream a.b
			token make -key SECRET -stream show -for -1h
			token make -key SECRET -stream show -audience LONG
			watch
			watch nonsense
			watch ftp://GONE/watch/show
			watch -tracker nonsense http://GONE/watch/show
			watch -join -1s http://GONE/watch/show
			watch -n 0 http://GONE/watch/show
			sim -scenario nosuch
			sim -seconds 1
			sim -viewers 0
			sim -viewers 1000000`},
		{1, `
			up -http TAKEN -admin 127.0.0.1:0 PORTS -stun= -data DATA -> TAKEN (tcp) is taken by another program; stop that or choose another with -http
			origin -http TAKEN -admin 127.0.0.1:0 PORTS -data DATA -> TAKEN (tcp) is taken by another program; stop that or choose another with -http
			edge -http TAKEN -admin 127.0.0.1:0 -> TAKEN (tcp) is taken by another program; stop that or choose another with -http
			tracker -http TAKEN -admin 127.0.0.1:0 -stun= -> TAKEN (tcp) is taken by another program; stop that or choose another with -http
			edge -http 127.0.0.1:0 -admin TAKEN -> TAKEN (tcp) is taken by another program; stop that or choose another with -admin
			tracker -http 127.0.0.1:0 -admin TAKEN -stun= -> TAKEN (tcp) is taken by another program; stop that or choose another with -admin
			origin -http 127.0.0.1:0 -admin 127.0.0.1:0 -rtmp TAKEN -webrtc 127.0.0.1:0 -data DATA -> TAKEN (tcp) is taken by another program; stop that or choose another with -rtmp
			up -data FILE OWN PORTS -stun= -> up: -data FILE: FILE is a file: choose a folder, which is made if need be
			origin -data FILE/x OWN PORTS -> origin: -data FILE/x: FILE is a file: choose a folder, which is made if need be
			key list -data FILE -> key: -data FILE: FILE is a file: choose a folder, which is made if need be
			edge -disk FILE OWN -> edge: -disk FILE cannot be made
			up -viewer-key NONE OWN PORTS -stun= -data DATA -> open NONE: no such file or directory; shoal token key -key NONE makes it
			edge -viewer-key NONE OWN -> open NONE: no such file or directory; shoal token key -key NONE makes it
			tracker -token-keys NONE OWN -stun= -> open NONE: no such file or directory; shoal token key -key NONE makes it
			tracker -token-keys FILE OWN -stun= -> FILE: token: keys: want a JWK Set
			token make -key NONE -stream show -> open NONE: no such file or directory; shoal token key -key NONE makes it
			token public -key FILE -> FILE: token: keys: want a JWK Set
			token public -key SECRET -> an HS256 key has no public half
			token key -key NONE/keys.json -> token key: -key NONE/keys.json: there is no folder NONE; make it first
			origin -seed-file NONE OWN PORTS -data DATA -> origin: -seed-file NONE: open NONE: no such file
			origin -seed-file FILE OWN PORTS -data DATA -> origin: -seed-file FILE: FILE holds 1 bytes; make one of at least 16
			up -record STORAGE -s3-keys NONE OWN PORTS -stun= -data DATA -> up: -s3-keys NONE: open NONE: no such file
			origin -record STORAGE -s3-keys NONE OWN PORTS -data DATA -> origin: -s3-keys NONE: open NONE: no such file
			origin -record STORAGE -s3-keys FILE OWN PORTS -data DATA -> origin: -s3-keys FILE: FILE should hold two lines
			origin -webhook https://hooks.example/x -webhook-secret @/no/such/file OWN PORTS -data DATA -> origin: -webhook-secret: open /no/such/file: no such file
			origin -webhook https://hooks.example/x -webhook-secret @FILE OWN PORTS -data DATA -> origin: -webhook-secret: webhook: a secret has 16 bytes or more
			edge -access-log NONE/log OWN -> edge: -access-log NONE/log: open NONE/log: no such file
			edge -https 127.0.0.1:0 -tls-cert NONE -tls-key NONE OWN -> the certificate (-tls-cert NONE, -tls-key NONE): open NONE: no such file
			key remove nosuch -data DATA -> key remove: there is no publish key for "nosuch" in DATA
			key revoke nosuch -data DATA -> key revoke: there is no publish key with the ID "nosuch" in DATA
			check -admin GONE -> is the service's admin listener there? -admin names it
			control -admin GONE -> is the tracker's admin listener there? -admin names it
			control show -admin GONE -> is the tracker's admin listener there? -admin names it
			control show -p2p=off -admin GONE -> is the tracker's admin listener there? -admin names it
			control show -admin OTHER -> OTHER is no tracker's admin listener: -admin names it`},
	} {
		for line := range strings.Lines(c.all) {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			line, says, _ := strings.Cut(line, " -> ")
			limit, cancel := context.WithTimeout(t.Context(), time.Minute) // of what ought to have ended with an error, and runs
			err := dispatch(limit, strings.Fields(names.Replace(line)), io.Discard)
			cancel()
			if s := status(err); s != c.status || !strings.Contains(fmt.Sprint(err), names.Replace(says)) || (says == "") != (c.status != 1) {
				t.Errorf("shoal %s: status %d, want %d, and %q: %.300s", line, s, c.status, says, fmt.Sprint(err))
			}
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if s := status(dispatch(ended, strings.Fields(names.Replace("watch http://GONE/watch/show")), io.Discard)); s != 1 {
		t.Errorf("shoal watch of a server that does not answer: status %d", s)
	}
}
