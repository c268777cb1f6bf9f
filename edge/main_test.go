package edge

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// source is an origin in memory: an http.Handler behind a RoundTripper whose bodies stream, so that everything runs
// inside a synctest bubble. It counts what it is asked.
type source struct {
	handler http.HandlerFunc

	mu    sync.Mutex
	asked map[string]int
	seen  []*http.Request
}

func newSource(handler http.HandlerFunc) *source {
	return &source{handler: handler, asked: make(map[string]int)}
}

func (s *source) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.asked[r.URL.RequestURI()]++
	s.seen = append(s.seen, r)
	s.mu.Unlock()
	pr, pw := io.Pipe()
	w := &pipeWriter{header: http.Header{}, body: pw, head: make(chan int, 1)}
	go func() {
		defer func() {
			if err, ok := recover().(error); ok {
				w.WriteHeader(http.StatusOK)
				pw.CloseWithError(err)
				return
			}
			w.WriteHeader(http.StatusOK)
			pw.Close()
		}()
		s.handler(w, r)
	}()
	select {
	case status := <-w.head:
		if status < 0 {
			return nil, fmt.Errorf("connection refused")
		}
		if r.Context().Err() != nil { // both came together: who asked has gone, whatever the handler says to that
			pr.Close()
			return nil, context.Cause(r.Context())
		}
		context.AfterFunc(r.Context(), func() { pr.CloseWithError(context.Cause(r.Context())) })
		resp := &http.Response{StatusCode: status, Header: w.header.Clone(), Body: pr, ContentLength: -1, Request: r}
		if n := w.header.Get("Content-Length"); n != "" {
			fmt.Sscan(n, &resp.ContentLength)
		}
		return resp, nil
	case <-r.Context().Done():
		pr.Close()
		return nil, context.Cause(r.Context())
	}
}

// total returns how many requests came whose URI starts with prefix.
func (s *source) total(prefix string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for uri, count := range s.asked {
		if strings.HasPrefix(uri, prefix) {
			n += count
		}
	}
	return n
}

type pipeWriter struct {
	header http.Header
	body   *io.PipeWriter
	once   sync.Once
	head   chan int
}

func (w *pipeWriter) Header() http.Header { return w.header }
func (w *pipeWriter) WriteHeader(status int) {
	w.once.Do(func() { w.head <- status })
}
func (w *pipeWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

// built is a player in memory.
var built = fstest.MapFS{
	"index.html":         {Data: []byte(`<h1 data-invited="{{invited}}">live now</h1>`)},
	"ops.html":           {Data: []byte("<h1>ops</h1>")},
	"door.html":          {Data: []byte("which")},
	"missing.html":       {Data: []byte(`<p data-say="{{why}}">missing</p>`)},
	"watch.html":         {Data: []byte(`<shoal-player src="{{path}}" name="{{name}}" key="{{key}}" tracker="{{tracker}}" p2p="{{p2p}}"></shoal-player>`)},
	"embed.html":         {Data: []byte(`<shoal-player class="embed" src="{{path}}" p2p="{{p2p}}">`)},
	"studio.html":        {Data: []byte(`<studio name="{{name}}">`)},
	"shoal-player.js":    {Data: []byte("export {}")},
	"shoal-player.js.br": {Data: []byte("br!")},
	"shoal-player.js.gz": {Data: []byte("gz!")},
	"shoal.wasm":         {Data: []byte("\x00asm")},
	".keep":              {Data: nil},
}

func newEdge(t testing.TB, config Config) *Edge {
	t.Helper()
	if config.Files == nil {
		config.Files = built
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	e, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// run runs e until the test's end.
func run(t testing.TB, e *Edge) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { e.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
}

func get(e http.Handler, uri string, headers ...string) *httptest.ResponseRecorder {
	return ask(e, http.MethodGet, uri, headers...)
}

func ask(e http.Handler, method, uri string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, uri, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

const (
	partPath     = "/live/demo/v0/1700000000/s12.3.m4s"
	playlistPath = "/live/demo/v0/index.m3u8"
)

var partBytes = bytes.Repeat([]byte("0123456789abcdef"), 1<<12) // 64 KiB

// playlist returns a media playlist whose last whole segment is last, with parts after it.
func playlist(last, parts int) string {
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:2\n#EXT-X-PART-INF:PART-TARGET=0.333\n")
	fmt.Fprintf(&b, "#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-MAP:URI=\"1700000000/init0.mp4\"\n", last-4)
	for msn := last - 4; msn <= last; msn++ {
		fmt.Fprintf(&b, "#EXTINF:2.000,\n1700000000/s%d.m4s\n", msn)
	}
	for part := range parts {
		fmt.Fprintf(&b, "#EXT-X-PART:DURATION=0.333,URI=\"1700000000/s%d.%d.m4s\"\n", last+1, part)
	}
	return b.String()
}

// broadcast is a stream that grows by a part every 333 ms of the bubble's time, behind a handler that holds reloads.
type broadcast struct {
	mu     sync.Mutex
	last   int
	parts  int
	change chan struct{}
}

func newBroadcast(last, parts int) *broadcast {
	return &broadcast{last: last, parts: parts, change: make(chan struct{})}
}

// grow adds a part.
func (b *broadcast) grow() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.parts++; b.parts == 6 {
		b.last, b.parts = b.last+1, 0
	}
	close(b.change)
	b.change = make(chan struct{})
}

func (b *broadcast) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != playlistPath {
		http.NotFound(w, r)
		return
	}
	rel, err := parseReload(r.URL.RawQuery)
	if err != nil {
		http.Error(w, "bad", http.StatusBadRequest)
		return
	}
	deadline := time.After(6 * time.Second)
	for {
		b.mu.Lock()
		last, parts, change := b.last, b.parts, b.change
		b.mu.Unlock()
		if !rel.held || rel.msn <= int64(last) || rel.msn == int64(last)+1 && rel.part >= 0 && rel.part < parts {
			w.Header().Set("Content-Type", "application/vnd.apple.mpegurl")
			control := "public, max-age=1"
			if rel.held {
				control = "public, max-age=2"
			}
			w.Header().Set("Cache-Control", control)
			io.WriteString(w, playlist(last, parts))
			return
		}
		select {
		case <-change:
		case <-deadline:
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		case <-r.Context().Done():
			return
		}
	}
}

// oneConn is a listener that accepts one connection.
type oneConn chan net.Conn

func (l oneConn) Accept() (net.Conn, error) {
	if c, ok := <-l; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (l oneConn) Close() error   { close(l); return nil }
func (l oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// serve puts e behind a connection, and returns the viewer's side of it and what ends all.
func serve(e *Edge) (viewer net.Conn, end func()) {
	listener := make(oneConn, 1)
	server := &http.Server{Handler: e}
	ended := make(chan struct{})
	go func() { server.Serve(listener); close(ended) }()
	viewer, conn := net.Pipe()
	listener <- conn
	return viewer, func() { server.Close(); <-ended }
}

// hold has n viewers ask for what is held, and returns when they are; then leave has them leave.
func hold(e *Edge, uri string, n int) (leave func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			defer func() {
				if why := recover(); why != nil && why != http.ErrAbortHandler {
					panic(why)
				}
			}()
			e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, uri, nil).WithContext(ctx))
		})
	}
	synctest.Wait()
	return func() { cancel(); all.Wait() }
}
