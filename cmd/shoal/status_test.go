package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	for args, want := range map[string]int{"": 0, "help": 0, "-h": 0, "help help": 0, "-version": 0, "--version x": 2, "nosuch": 2, "-nosuch": 2, "help nosuch": 2} {
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
	secret := filepath.Join(dir, "secret.json")
	if err := dispatch(t.Context(), []string{"token", "key", "-key", secret, "-alg", "HS256"}, io.Discard); err != nil {
		t.Fatal(err)
	}
	names := strings.NewReplacer(
		"FILE", write("file", "x"), "SEED", write("seed", strings.Repeat("x", 32)), "NONE", filepath.Join(dir, "none"), "DATA", filepath.Join(dir, "data"),
		"SECRET", secret, "TAKEN", taken.Addr().String(), "GONE", gone.Addr().String(), "TRACKER", controls.Listener.Addr().String(),
		"LONG", strings.Repeat("x", 3000),
	)
	const own = " -http 127.0.0.1:0 -admin 127.0.0.1:0"
	for _, c := range []struct {
		status int
		all    string // commands, one to a line
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
			origin -seed-file SEED -twin nonsense -data DATA` + own + `
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
			up -http TAKEN -admin 127.0.0.1:0 -rtmp 127.0.0.1:0 -webrtc 127.0.0.1:0 -stun= -data DATA
			origin -http TAKEN -data DATA
			edge -http TAKEN
			tracker -http TAKEN
			edge -http 127.0.0.1:0 -admin TAKEN
			tracker -http 127.0.0.1:0 -admin TAKEN
			up -data FILE
			origin -data FILE/x
			key list -data FILE
			edge -disk FILE` + own + `
			up -viewer-key NONE
			edge -viewer-key NONE
			tracker -token-keys NONE
			tracker -token-keys FILE
			token make -key NONE -stream show
			token public -key FILE
			token public -key SECRET
			token key -key NONE/keys.json
			origin -seed-file NONE
			origin -seed-file FILE
			up -record -s3-endpoint https://s3.example.com -s3-bucket b -s3-keys NONE
			origin -record -s3-endpoint https://s3.example.com -s3-bucket b -s3-keys FILE
			origin -webhook https://hooks.example/x -webhook-secret @NONE
			origin -webhook https://hooks.example/x -webhook-secret @FILE
			edge -access-log NONE/log` + own + `
			edge -https 127.0.0.1:0 -tls-cert NONE -tls-key NONE` + own + `
			key remove nosuch -data DATA
			key revoke nosuch -data DATA
			check -admin GONE
			control -admin GONE
			control show -admin GONE
			control show -p2p=off -admin GONE`},
	} {
		for line := range strings.Lines(c.all) {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			err := dispatch(t.Context(), strings.Fields(names.Replace(line)), io.Discard)
			if s := status(err); s != c.status {
				t.Errorf("shoal %s: status %d, want %d: %.300s", line, s, c.status, fmt.Sprint(err))
			}
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if s := status(dispatch(ended, strings.Fields(names.Replace("watch http://GONE/watch/show")), io.Discard)); s != 1 {
		t.Errorf("shoal watch of a server that does not answer: status %d", s)
	}
}
