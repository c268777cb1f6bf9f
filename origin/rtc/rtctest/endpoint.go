// Package rtctest has what tests of WHIP and of WHEP share: an endpoint behind a server on this machine, who may use it, and
// peer connections that stay here. Only tests import it.
//
//	endpoint.go  an endpoint, and requests to it
//	peer.go      a broadcaster's or a viewer's peer connection
package rtctest

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/stream"
)

// Bearer is what who may use the stream "demo" sends as Authorization.
const Bearer = "Bearer secret"

// Authorize knows the keys "secret" of "demo" and "other" of "other".
func Authorize(key string) (name string, ok bool) {
	name, ok = map[string]string{"secret": "demo", "other": "other"}[key]
	return name, ok
}

// Streams is a config of streams, with parts and segments as they are by default.
func Streams(t testing.TB) stream.Config {
	return stream.Config{
		Dir: t.TempDir(), PartDuration: 333 * time.Millisecond, SegmentDuration: 2 * time.Second, Grace: time.Minute, WindowSegments: 10,
	}
}

// Open opens a port on this machine until the test is over and all that came after has ended.
func Open(t testing.TB, log *slog.Logger) *rtc.Port {
	t.Helper()
	port := rtc.New(rtc.Config{Addr: "127.0.0.1:0", Log: log})
	if err := port.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := port.Close(); err != nil {
			t.Error(err)
		}
	})
	return port
}

// Run runs services until the test is over.
func Run(t testing.TB, services ...func(context.Context)) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for _, run := range services {
		all.Go(func() { run(ctx) })
	}
	t.Cleanup(func() { cancel(); all.Wait() })
	return ctx
}

// Server has an endpoint under a path.
type Server struct{ server *httptest.Server }

// Serve serves an endpoint until the test is over.
func Serve(t testing.TB, path string, endpoint http.Handler) Server {
	m := http.NewServeMux()
	m.Handle(path+"/{name}", endpoint)
	m.Handle(path+"/{name}/{session}", endpoint)
	s := Server{httptest.NewServer(m)}
	t.Cleanup(func() {
		s.server.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return s
}

// Do sends a request; headers are pairs.
func (s Server) Do(t testing.TB, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(b)
}
