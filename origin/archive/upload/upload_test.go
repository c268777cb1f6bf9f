package upload

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/shoal-live/shoal/origin/archive"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const bucket = "recordings"

// storage is an S3-compatible server with a proxy before it that makes faults.
type storage struct {
	backend gofakes3.Backend
	url     string
	fault   func(n int64, r *http.Request) string // of the n-th request: cut, lost, 500, 503, an answer like 403 AccessDenied, or nothing
	asked   atomic.Int64
	faults  sync.Map // counts by kind, *atomic.Int64
	parts   atomic.Int64
}

func newStorage(t *testing.T) *storage {
	t.Helper()
	s := &storage{backend: s3mem.New()}
	if err := s.backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	inner := httptest.NewServer(gofakes3.New(s.backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	t.Cleanup(inner.Close)
	target, err := url.Parse(inner.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		Transport: transport, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0),
	}
	outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := s.asked.Add(1)
		kind := ""
		if s.fault != nil {
			kind = s.fault(n, r)
		}
		if kind != "" {
			s.count(kind).Add(1)
		}
		switch kind {
		case "cut":
			_, _ = io.CopyN(io.Discard, r.Body, max(r.ContentLength/2, 0))
			panic(http.ErrAbortHandler)
		case "lost": // done, and nobody is told
			proxy.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		case "500", "503":
			_, _ = io.Copy(io.Discard, r.Body)
			code, word := http.StatusInternalServerError, "InternalError"
			if kind == "503" {
				code, word = http.StatusServiceUnavailable, "SlowDown"
			}
			w.WriteHeader(code)
			fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", word)
		default:
			if status, code, ok := strings.Cut(kind, " "); ok { // as 403 AccessDenied
				_, _ = io.Copy(io.Discard, r.Body)
				n, _ := strconv.Atoi(status)
				w.WriteHeader(n)
				fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", code)
				return
			}
			if r.Method == http.MethodPut && r.URL.Query().Has("partNumber") {
				s.parts.Add(1)
			}
			proxy.ServeHTTP(w, r)
		}
	}))
	outer.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	t.Cleanup(outer.Close)
	s.url = outer.URL
	return s
}

func (s *storage) count(kind string) *atomic.Int64 {
	n, _ := s.faults.LoadOrStore(kind, new(atomic.Int64))
	return n.(*atomic.Int64)
}

// object returns what is stored under a key, or nil.
func (s *storage) object(t *testing.T, key string) []byte {
	t.Helper()
	o, err := s.backend.GetObject(bucket, key, nil)
	if err != nil {
		return nil
	}
	defer o.Contents.Close()
	b, err := io.ReadAll(o.Contents)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// recordings lays finished files into a folder, one of each size, and returns what each holds by its key.
func recordings(t *testing.T, sizes ...int) (dir string, want map[string][]byte) {
	t.Helper()
	dir = t.TempDir()
	want = map[string][]byte{}
	random := rand.NewChaCha8([32]byte{1})
	for i, size := range sizes {
		first := uint64(10 * i)
		date := time.Date(2026, 5, 1, 20, i, 0, 0, time.UTC)
		x := &archive.Index{
			Head:     archive.Head{Epoch: 7, Size: 100, First: first, Date: date, Bases: []archive.Base{{Track: 1}}},
			Segments: []archive.Segment{{MSN: first, At: 100, Size: int64(size - 100), Duration: time.Minute, Date: date}},
			Closed:   true,
		}
		key := fmt.Sprintf("show/20260501T200000Z/v0/s%d", first)
		media := make([]byte, size)
		_, _ = random.Read(media)
		want[key+".mp4"], want[key+".index"] = media, x.Append(nil)
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, key)), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, suffix := range []string{".mp4", ".index"} {
			if err := os.WriteFile(filepath.Join(dir, key+suffix), want[key+suffix], 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir, want
}

func newUploader(t *testing.T, dir string, s *storage, log io.Writer) *Uploader {
	t.Helper()
	a, err := archive.New(archive.Config{Dir: dir, Keep: true, Upload: true, Grace: 1})
	if err != nil {
		t.Fatal(err)
	}
	u, err := New(Config{
		Archive: a, Endpoint: s.url, Bucket: bucket, Prefix: "live", AccessKey: "key", SecretKey: "secret",
		Log:  slog.New(slog.NewTextHandler(log, nil)),
		part: 256 << 10, look: 10 * time.Millisecond, first: time.Millisecond, longest: 50 * time.Millisecond, seldom: 50 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// run runs an uploader until done says so.
func run(t *testing.T, u *Uploader, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() { u.Run(ctx) })
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Error("it is not done after 30 s")
			all.Wait()
			return
		}
	}
	cancel()
	all.Wait()
}

// empty tells whether nothing waits.
func (u *Uploader) empty() bool {
	_, files, _ := u.config.Archive.Waiting(1, func(string) bool { return false })
	return files == 0
}

func check(t *testing.T, s *storage, want map[string][]byte) {
	t.Helper()
	for key, b := range want {
		if got := s.object(t, "live/"+key); !bytes.Equal(got, b) {
			t.Errorf("%s: %d bytes are stored, not these %d", key, len(got), len(b))
		}
	}
}

// Connections cut in the middle, answers lost, errors, a server that asks to slow down, and one that is down for a while: nothing is lost, and all
// of it is counted.
//
// Clause: s3
func TestFaults(t *testing.T) {
	s := newStorage(t)
	random := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	s.fault = func(n int64, r *http.Request) string {
		mu.Lock()
		defer mu.Unlock()
		if n > 20 && n <= 40 {
			return "cut" // down
		}
		return []string{"cut", "lost", "500", "503", "", "", "", "", "", ""}[random.IntN(10)]
	}
	dir, want := recordings(t, 200, 200_000, 256<<10, 256<<10+1, 1_400_000, 768<<10, 60_000, 634_567)
	var log bytes.Buffer
	u := newUploader(t, dir, s, &log)
	run(t, u, u.empty)
	check(t, s, want)
	total := int64(0)
	for _, kind := range []string{"cut", "lost", "500", "503"} {
		n := s.count(kind).Load()
		if n == 0 {
			t.Errorf("no fault of the kind %s was made", kind)
		}
		total += n
	}
	counted := 0.0
	for _, reason := range []string{reasonNetwork, reasonBusy, reasonServer, reasonRefused, reasonFile} {
		counted += testutil.ToFloat64(u.metrics.failures.WithLabelValues(reason))
	}
	if counted == 0 || counted > float64(total) || testutil.ToFloat64(u.metrics.files) < 8 {
		t.Errorf("%v failures and %v files counted; %d faults made", counted, testutil.ToFloat64(u.metrics.files), total)
	}
	if testutil.ToFloat64(u.metrics.resumed) == 0 {
		t.Error("no upload in parts went on where it was")
	}
	if text := log.String(); !strings.Contains(text, "it is tried again") || strings.Contains(text, "secret") {
		t.Errorf("the log: %s", text)
	}
	t.Logf("%d requests, %d faults, %v failures, %v resumed", s.asked.Load(), total, counted, testutil.ToFloat64(u.metrics.resumed))
}

// An origin that ends in the middle of a large file goes on there when it starts again, and sends no part twice.
//
// Clause: s3
func TestResumed(t *testing.T) {
	s := newStorage(t)
	dir, want := recordings(t, 6*256<<10+5)
	u := newUploader(t, dir, s, io.Discard)
	ctx, cancel := context.WithCancel(context.Background())
	s.fault = func(_ int64, r *http.Request) string {
		if r.URL.Query().Get("partNumber") == "4" {
			cancel() // three are there
			return "cut"
		}
		return ""
	}
	u.Run(ctx)
	if n := s.parts.Load(); n != 3 {
		t.Fatalf("%d parts are there", n)
	}
	s.fault = nil
	again := newUploader(t, dir, s, io.Discard)
	run(t, again, again.empty)
	check(t, s, want)
	if n := s.parts.Load(); n != 7 || testutil.ToFloat64(again.metrics.resumed) != 1 {
		t.Errorf("%d parts were sent for a file of seven", n)
	}
	left, err := filepath.Glob(filepath.Join(dir, "show", "*", "v0", "*"+archive.PendingSuffix))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}

	last := newUploader(t, dir, s, io.Discard)
	asked := s.asked.Load()
	if !last.empty() || s.asked.Load() != asked {
		t.Error("what is uploaded waits again after another start")
	}
}

// TestQueueIsBounded: of many files that wait no more are thought about than the queue has places, each once.
//
// Clause: s3
func TestQueueIsBounded(t *testing.T) {
	dir, _ := recordings(t, 200, 200, 200, 200, 200)
	u := newUploader(t, dir, newStorage(t), io.Discard)
	u.config.Queue = 2
	list := u.look(time.Now())
	if len(list) != 2 || testutil.ToFloat64(u.metrics.waitingFiles) != 5 {
		t.Fatalf("%d files are thought about; %v wait", len(list), testutil.ToFloat64(u.metrics.waitingFiles))
	}
	u.busy[list[0].key] = true
	for _, other := range u.look(time.Now()) {
		if other.key == list[0].key {
			t.Error("a file that is under way is thought about again")
		}
	}
}

// Storage that has forgotten an upload in parts gets it anew.
func TestForgotten(t *testing.T) {
	s := newStorage(t)
	dir, want := recordings(t, 512<<10)
	file := filepath.Join(dir, "show/20260501T200000Z/v0/s0.mp4")
	p := pending{ID: "404", Key: "live/show/20260501T200000Z/v0/s0.mp4", Size: 512 << 10, Part: 256 << 10}
	if err := p.save(file); err != nil {
		t.Fatal(err)
	}
	u := newUploader(t, dir, s, io.Discard)
	run(t, u, u.empty)
	check(t, s, want)
}

// What cannot be noted on disk leaves no uploads behind at the storage, however often it is tried.
func TestNotNoted(t *testing.T) {
	s := newStorage(t)
	dir, want := recordings(t, 512<<10)
	note := filepath.Join(dir, "show/20260501T200000Z/v0/s0.mp4"+archive.PendingSuffix)
	if err := os.Mkdir(note, 0o700); err != nil { // a file cannot take its place
		t.Fatal(err)
	}
	u := newUploader(t, dir, s, io.Discard)
	run(t, u, func() bool { return testutil.ToFloat64(u.metrics.failures.WithLabelValues(reasonFile)) >= 3 })
	if left, err := u.client.ListMultipartUploads(t.Context(), bucket, "", "", "", "", 10); err != nil || len(left.Uploads) > 0 {
		t.Errorf("%d uploads are left, %v", len(left.Uploads), err)
	}
	if err := os.Remove(note); err != nil {
		t.Fatal(err)
	}
	run(t, u, u.empty)
	check(t, s, want)
}

// A file that a full disk kept from being closed goes up whole, with a whole index.
//
// Clause: s3, disk-full
func TestNotClosed(t *testing.T) {
	s := newStorage(t)
	dir, want := recordings(t, 500)
	u := newUploader(t, dir, s, io.Discard)
	if u.empty() {
		t.Fatal("nothing waits")
	}
	index := filepath.Join(dir, "show/20260501T200000Z/v0/s0.index")
	media := filepath.Join(dir, "show/20260501T200000Z/v0/s0.mp4")
	lines := bytes.SplitAfter(want["show/20260501T200000Z/v0/s0.index"], []byte("\n"))
	if err := os.WriteFile(index, bytes.Join(lines[:2], nil), 0o600); err != nil { // without its last line
		t.Fatal(err)
	}
	if err := os.WriteFile(media, append(want["show/20260501T200000Z/v0/s0.mp4"], "torn"...), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, u, u.empty)
	check(t, s, want)
}

func TestConfig(t *testing.T) {
	a, err := archive.New(archive.Config{Dir: t.TempDir(), Keep: true})
	if err != nil {
		t.Fatal(err)
	}
	good := Config{Archive: a, Endpoint: "https://s3.example.com", Bucket: "b", AccessKey: "k", SecretKey: "s"}
	if _, err := New(good); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*Config){
		"no archive":         func(c *Config) { c.Archive = nil },
		"no endpoint":        func(c *Config) { c.Endpoint = "" },
		"a bare host":        func(c *Config) { c.Endpoint = "s3.example.com" },
		"a bucket in it":     func(c *Config) { c.Endpoint = "https://s3.example.com/b" },
		"a password in it":   func(c *Config) { c.Endpoint = "https://k:s@s3.example.com" },
		"no bucket":          func(c *Config) { c.Bucket = "" },
		"no key":             func(c *Config) { c.AccessKey = "" },
		"no secret":          func(c *Config) { c.SecretKey = "" },
		"another URL scheme": func(c *Config) { c.Endpoint = "s3://b" },
	} {
		c := good
		spoil(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// What is thought about at a time is bounded; what waits beyond that is counted and stays on disk, and files go before playlists.
//
// Clause: s3
func TestQueue(t *testing.T) {
	s := newStorage(t)
	dir, _ := recordings(t, 200, 300, 400, 500, 600)
	for _, c := range []struct{ queue, want int }{{1, 1}, {3, 3}, {5, 5}, {9, 5}} {
		u := newUploader(t, dir, s, io.Discard)
		u.config.Queue = c.queue
		if list := u.look(time.Now()); len(list) != c.want || u.files != 5 || u.State().WaitingFiles != 5 || testutil.ToFloat64(u.metrics.waitingFiles) != 5 {
			t.Errorf("a queue of %d has %d files, %+v", c.queue, len(list), u.State())
		}
	}
	u := newUploader(t, dir, s, io.Discard)
	files, _, _ := u.config.Archive.Waiting(9, func(string) bool { return false })
	for _, f := range files[1:] {
		if err := u.config.Archive.Uploaded(f, nil); err != nil {
			t.Fatal(err)
		}
	}
	u.config.Queue = 1
	if list := u.look(time.Now()); len(list) != 1 || list[0].key != files[0].Key {
		t.Errorf("%d files, %s", len(list), list[0].key)
	}
	if err := u.config.Archive.Uploaded(files[0], nil); err != nil {
		t.Fatal(err)
	}
	if list := u.look(time.Now()); len(list) != 1 || list[0].file {
		t.Errorf("%d playlists", len(list))
	}
}
