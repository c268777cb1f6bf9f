package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/shoal-live/shoal/edge"
)

// TestMain allows what certmagic leaves: a lock's file is looked at for five seconds after the lock is given back, and what bounds requests to
// a CA lives as long as the process.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.keepLockfileFresh"),
		goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.(*RingBufferRateLimiter).loop"),
		goleak.IgnoreAnyFunction("github.com/letsencrypt/pebble/v2/va.VAImpl.processTasks")) // the CA that is tested with, which has no end
}

var quiet = slog.New(slog.DiscardHandler)

// TestServeLetsHeldRequestsGo ends a server while a request is held, which must not delay the end for ever.
func TestServeLetsHeldRequestsGo(t *testing.T) {
	listener, err := door{"http", "127.0.0.1:0"}.listen()
	if err != nil {
		t.Fatal(err)
	}
	held := make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(held)
		<-r.Context().Done()
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- together(ctx, serve(listener, handler, quiet)) }()
	go func() { <-held; cancel() }()

	response, err := http.Get("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the held request was answered %s", response.Status)
	}
	if err := <-ended; err != nil {
		t.Errorf("serve ended with %v", err)
	}
	http.DefaultClient.CloseIdleConnections()
}

// broadcast is a service that has something to say of its end, as an origin of a broadcast.
type broadcast struct {
	http.Handler
	log   *slog.Logger
	fails error
}

func (b broadcast) Ready() error { return nil }

func (b broadcast) Run(ctx context.Context) error {
	if b.fails == nil {
		<-ctx.Done()
	}
	b.log.Info("interrupted")
	return b.fails
}

// TestTheLastLineSaysThatItStopped, unless it failed: then the error is the last word.
func TestTheLastLineSaysThatItStopped(t *testing.T) {
	for fails, last := range map[error]string{nil: "msg=stopped", errors.New("broken"): "msg=interrupted"} {
		var said bytes.Buffer
		log := slog.New(slog.NewTextHandler(&said, nil))
		d := &desk{door: door{"admin", "127.0.0.1:0"}, log: log, registry: prometheus.NewRegistry(), paths: http.NewServeMux(), bounds: &bounds{all: 9, idle: idleTime}}
		ctx, stop := context.WithCancel(t.Context())
		if fails == nil {
			stop()
		}
		err := d.run(ctx, door{"http", "127.0.0.1:0"}, broadcast{http.NotFoundHandler(), log, fails})
		stop()
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		if !errors.Is(err, fails) || !strings.Contains(lines[len(lines)-1], last) {
			t.Errorf("%v, says\n%s", err, said.String())
		}
	}
}

func TestTogetherEndsAllWhenOneFails(t *testing.T) {
	broken := errors.New("broken")
	joined := false
	err := together(t.Context(),
		func(context.Context) error { return broken },
		func(ctx context.Context) error { <-ctx.Done(); joined = true; return nil },
	)
	if !errors.Is(err, broken) || !joined {
		t.Errorf("together returned %v, joined %v", err, joined)
	}
}

// Clause: errors
func TestTakenPortIsExplained(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	_, err = door{"http", address}.listen()
	if err == nil || !strings.Contains(err.Error(), address) || !strings.Contains(err.Error(), "-http 127.0.0.1:PORT") {
		t.Errorf("the error says %v, want the address and the flag that changes it", err)
	}

	datagrams, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer datagrams.Close()
	_, err = net.ListenPacket("udp", datagrams.LocalAddr().String())
	err = explain(err, door{"rtmp", ":1"}, door{"stun", datagrams.LocalAddr().String()})
	if err == nil || !strings.Contains(err.Error(), "-stun") {
		t.Errorf("the error says %v, want the flag -stun", err)
	}
}

// Clause: first-minute
func TestBanner(t *testing.T) {
	var out bytes.Buffer
	b := banner{http: ":8080", admin: "127.0.0.1:9090", rtmp: "0.0.0.0:1935", stream: "mystream", key: "KEY", data: "elsewhere", demo: true}
	if err := b.print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"http://localhost:8080/watch/demo", "http://localhost:8080/studio/mystream", "http://127.0.0.1:9090/ops", "http://localhost:8080/ops",
		"rtmp://localhost/live,", "rtmp://localhost/live/KEY", "http://localhost:8080/watch/mystream",
		": shoal key add mystream -data elsewhere\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the banner does not say %s:\n%s", want, out.String())
		}
	}
	const bounded = " -b:v 2M -maxrate 2M -bufsize 2M" // else x264 takes what it likes for a test picture
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"the banner": out.String(), "README.md": string(readme)} {
		for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", "")) {
			if strings.Contains(line, "-c:v libx264") && !strings.Contains(line, bounded) {
				t.Errorf("%s shows an ffmpeg without a bound: %s", name, line)
			}
		}
	}
	out.Reset()
	if err := (banner{http: ":8080", stream: "mystream", program: "/opt/bin/shoal", data: "/my data"}).print(&out); err != nil {
		t.Fatal(err)
	}
	if want := ": /opt/bin/shoal key add mystream -data '/my data'\n"; !strings.Contains(out.String(), want) {
		t.Errorf("the banner does not say %s:\n%s", want, out.String())
	}
	out.Reset()
	if err := (banner{http: "192.0.2.1:80", rtmp: ":1936"}).print(&out); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Contains(got, "Key") || strings.Contains(got, "demo") || !strings.Contains(got, "http://192.0.2.1:80/") {
		t.Errorf("a banner without streams says:\n%s", got)
	}
}

// TestCalled: what the banner tells to type is found by the shell that it is typed into.
func TestCalled(t *testing.T) {
	folder := t.TempDir()
	mine, other := filepath.Join(folder, "mine"), filepath.Join(folder, "an other")
	for _, place := range []string{mine, other} {
		if err := os.Mkdir(place, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(place, "shoal"), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, path, started, want string }{
		{"nothing in PATH", folder, mine + "/shoal", mine + "/shoal"},
		{"another one in PATH", other, mine + "/shoal", mine + "/shoal"},
		{"it is in PATH", mine, mine + "/shoal", "shoal"},
		{"it was found there", mine, "shoal", "shoal"},
		{"a folder with a space", mine, other + "/shoal", "'" + other + "/shoal'"},
	} {
		t.Setenv("PATH", c.path)
		if got := called(c.started); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// Clause: healthz, readyz
func TestProbes(t *testing.T) {
	public, admin := withProbes(http.NotFoundHandler(), unready{}), withReasons(http.NotFoundHandler(), unready{})
	for _, c := range []struct {
		handler http.Handler
		path    string
		code    int
		says    string
		anybody bool // pages of any site may read it
	}{
		{public, "/healthz", 200, "ok\n", true},
		{public, "/readyz", 503, "not ready\n", true},
		{public, "/other", 404, "404 page not found\n", false},
		{admin, "/healthz", 200, "ok\n", false},
		{admin, "/readyz", 503, "/secret/path: not yet\n", false},
		{withProbes(http.NotFoundHandler()), "/readyz", 200, "ready\n", true},
		{withProbes(http.NotFoundHandler(), half{}), "/readyz", 200, "ready\n", true},
		{withReasons(http.NotFoundHandler(), half{}), "/readyz", 200, "ready\n/secret/disk rests\n", false},
		{withReasons(http.NotFoundHandler(), half{}, unready{}), "/readyz", 503, "/secret/path: not yet\n/secret/disk rests\n", false},
	} {
		answer := httptest.NewRecorder()
		c.handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, c.path, nil))
		if answer.Code != c.code || answer.Body.String() != c.says {
			t.Errorf("%s answers %d %q, want %d %q", c.path, answer.Code, answer.Body, c.code, c.says)
		}
		if h := answer.Header(); (h.Get("Access-Control-Allow-Origin") == "*") != c.anybody || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s answers %v", c.path, h)
		}
	}
}

// TestBeside: a mux has its own paths, as they stand. Nobody is sent from one to another.
//
// Clause: http-cors
func TestBeside(t *testing.T) {
	mux := http.NewServeMux()
	for _, path := range []string{"/tracker", "/api/v1/swarm"} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
	}
	rest := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
	h := withProbes(beside(rest, mux))
	for target, want := range map[string]int{
		"/tracker": 202, "/tracker?a=b": 202, "/api/v1/swarm": 202, "/healthz": 200, "/readyz": 200,
		"/": 418, "/watch/demo": 418, "//watch/demo": 418, "/watch/../tracker": 418, "/./tracker": 418, "//tracker": 418, "/tracker/": 418, "//other.example/..": 418,
		"//healthz": 418, "/healthz/": 418, "/api//v1/swarm": 418, "*": 418,
	} {
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST", "CONNECT"} {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(method, "/", nil)
			r.URL.Path, r.RequestURI = strings.TrimSuffix(target, "?a=b"), target
			if h.ServeHTTP(w, r); w.Code != want || w.Header().Get("Location") != "" {
				t.Errorf("%s %s: %d %v", method, target, w.Code, w.Header())
			}
		}
	}
}

type unready struct{ service }

func (unready) Ready() error { return errors.New("/secret/path: not yet") }

var _ resting = (*edge.Edge)(nil)

// half is ready, and does without something.
type half struct{ service }

func (half) Ready() error { return nil }
func (half) Rests() error { return errors.New("/secret/disk rests") }
