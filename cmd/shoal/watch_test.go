package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shoal-live/shoal/swarm/viewer"
)

// TestWatchEndsWhereAllAreRefused: the report is there, and an error says how many were refused, why, and what to do. Who did not want to
// join has no error.
func TestWatchEndsWhereAllAreRefused(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "bring a token", http.StatusUnauthorized)
	}))
	defer refusing.Close()
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	live := make(chan struct{})
	banner := &until{text: "Watch ", then: sync.OnceFunc(func() { close(live) })}
	ended := make(chan error, 1)
	go func() {
		ended <- dispatch(ctx, []string{"up", "-data", t.TempDir(), "-http", "127.0.0.1:0", "-admin", "127.0.0.1:0",
			"-rtmp", "127.0.0.1:0", "-webrtc", "127.0.0.1:0", "-stun", "127.0.0.1:0", "-log", "error"}, banner)
	}()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	select {
	case <-live:
	case <-ctx.Done():
		t.Fatal("shoal up says nothing")
	}
	_, page, _ := strings.Cut(banner.said.String(), "Watch ")
	args := []string{"-n", "2", "-seconds", "3", "-log", "error", "-tracker", "ws" + strings.TrimPrefix(refusing.URL, "http"), strings.Fields(page)[0]}
	var out bytes.Buffer
	run := func(more ...string) (err error) {
		for ctx.Err() == nil {
			err = watch(ctx, append(more, args...), &out)
			if !errors.Is(err, viewer.ErrNoStream) && !errors.Is(err, viewer.ErrNobody) { // the demo is live, and the machine fast enough
				break
			}
		}
		return err
	}
	err := run()
	if !errors.Is(err, viewer.ErrRefused) || !strings.Contains(out.String(), "2 refused by the tracker") {
		t.Errorf("%v, says\n%s", err, out.String())
	}
	for _, want := range []string{"2 refused", "bring a token", "-token TOKEN", "-no-p2p"} {
		if err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %s", err, want)
		}
	}
	if err := run("-no-p2p"); err != nil {
		t.Error("without the swarm:", err)
	}
}

func TestAdvice(t *testing.T) {
	for _, c := range []struct{ token, why, says string }{
		{"", "401 Unauthorized: this tracker wants a viewer token", "-token TOKEN gives"},
		{"T", "403 Forbidden: token expired", "-token needs one"},
		{"T", "another viewer is here with this token; each viewer needs its own", "-token-viewers"},
		{"T", "503 Service Unavailable: the tracker is full or stopping", "-no-p2p"},
	} {
		if s := advice(c.token, c.why); !strings.HasPrefix(s, c.says) || !strings.Contains(s, "-no-p2p") {
			t.Errorf("%s: %s", c.why, s)
		}
	}
}

func TestLetIn(t *testing.T) {
	for token, want := range map[string]string{"": "this stream is for viewers with a token: -token TOKEN ", "T": "the edge takes no such token: -token needs one "} {
		if s := letIn(token); !strings.HasPrefix(s, want) {
			t.Errorf("with %q: %s", token, s)
		}
	}
}

// TestWatchSaysWhatOneTokenAdmits: who watches with several viewers and one token is told what that needs, once.
func TestWatchSaysWhatOneTokenAdmits(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	for args, want := range map[string]int{
		"-n 3 -token T": 1, "-n 1 -token T": 0, "-n 3": 0, "-n 3 -token T -no-p2p": 0, "-n 3 -token T -json": 0,
	} {
		var out bytes.Buffer
		watch(ended, append(strings.Fields(args), "http://127.0.0.1:1/watch/demo"), &out) // it ends at once, with whatever
		if n := strings.Count(out.String(), "-token-viewers 3"); n != want {
			t.Errorf("%s: said %d times: %s", args, n, out.String())
		}
	}
}
