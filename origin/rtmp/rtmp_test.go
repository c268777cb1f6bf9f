package rtmp

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib"
	"github.com/bluenviron/gortmplib/pkg/codecs"
	"go.uber.org/goleak"

	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/testclip"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is a server with one publish key, "secret" for stream "demo".
type house struct {
	*Server
	streams *stream.Streams
	addr    string
	keys    sync.Map // publish key to name
	log     lines
}

// lines is a log that tests read.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// count tells how many lines have a text in them.
func (l *lines) count(text string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

func newHouse(t testing.TB, config Config) *house {
	t.Helper()
	h := &house{}
	log := slog.New(slog.NewTextHandler(&h.log, nil))
	metrics, err := stream.NewMetrics(nil)
	if err != nil {
		t.Fatal(err)
	}
	h.streams = stream.New(stream.Config{
		Dir: t.TempDir(), PartDuration: 333 * time.Millisecond, SegmentDuration: 2 * time.Second, Grace: time.Minute, WindowSegments: 10,
	}, metrics, log)
	config.Addr, config.Streams, config.Metrics, config.Log, config.Authorize = "127.0.0.1:0", h.streams, metrics, log, h.stream
	if h.Server, err = New(config); err != nil {
		t.Fatal(err)
	}
	h.keys.Store("secret", "demo")
	t.Cleanup(func() {
		if h.log.count("broke the parser") > 0 {
			t.Error(h.log.text.String())
		}
	})
	return h
}

// run serves a listener until the test's end.
func (h *house) run(t testing.TB, ln net.Listener, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	h.addr = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = h.Run(ctx, ln) })
	t.Cleanup(func() { cancel(); all.Wait() })
}

func open(t testing.TB) *house {
	t.Helper()
	h := newHouse(t, Config{})
	ln, err := h.Listen(t.Context())
	h.run(t, ln, err)
	return h
}

func (h *house) stream(key string) (string, bool) {
	name, ok := h.keys.Load(key)
	if !ok {
		return "", false
	}
	return name.(string), true
}

func (h *house) dial(t testing.TB, path string) (*gortmplib.Client, error) {
	t.Helper()
	u, err := url.Parse("rtmp://" + h.addr + path)
	if err != nil {
		t.Fatal(err)
	}
	c := &gortmplib.Client{URL: u, Publish: true}
	return c, c.Initialize(t.Context())
}

// broadcast sends the clip as fast as it is taken, from one time to another.
func broadcast(t testing.TB, c *gortmplib.Client, from, to time.Duration, offset time.Duration) {
	t.Helper()
	sps, pps := testclip.Parameters()
	video := &gortmplib.Track{Codec: &codecs.H264{SPS: sps, PPS: pps}}
	audio := &gortmplib.Track{Codec: &codecs.MPEG4Audio{Config: testclip.AACConfig()}}
	w := &gortmplib.Writer{Conn: c, Tracks: []*gortmplib.Track{video, audio}}
	if err := w.Initialize(); err != nil {
		t.Fatal(err)
	}
	units := testclip.Units()
	sound := from
	for n := int(from / testclip.Interval); time.Duration(n)*testclip.Interval < to; n++ {
		at := time.Duration(n) * testclip.Interval
		if err := w.WriteH264(video, at+offset, at, units[n%len(units)]); err != nil {
			t.Fatal(err)
		}
		for ; sound <= at; sound += 1024 * time.Second / 48000 {
			if err := w.WriteMPEG4Audio(audio, sound, testclip.AAC); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// until waits for the stream to have so many segments.
func (h *house) until(t testing.TB, segments int) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	st := h.streams.Get("demo")
	for {
		v, changed := st.Window(0).View()
		if len(v.Segments) >= segments {
			b, _ := v.Playlist()
			return string(b)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("%d segments", len(v.Segments))
		}
	}
}

// Clause: rtmp-url, rtmp-query
func TestPublish(t *testing.T) {
	for _, path := range []string{"/live/secret", "/live/secret?token=x", "/app/live/secret"} {
		t.Run(path, func(t *testing.T) {
			h := open(t)
			c, err := h.dial(t, path)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			broadcast(t, c, 0, 8*time.Second, 66*time.Millisecond)
			h.until(t, 3)
			i := h.streams.Get("demo").Describe()
			if i.State != stream.Live || strings.Join(i.Tracks, " ") != "H264 MPEG-4 Audio" || i.Renditions[0].Width != 160 ||
				i.GOPSeconds < 1.99 || i.GOPSeconds > 2.01 {
				t.Fatalf("%+v", i)
			}
		})
	}
}

// Clause: rtmp-second-publisher, rtmp-errors
func TestSecondBroadcaster(t *testing.T) {
	h := open(t)
	c, err := h.dial(t, "/live/secret")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	broadcast(t, c, 0, 3*time.Second, 0)
	if _, err := h.dial(t, "/live/secret"); err == nil || !strings.Contains(err.Error(), "already") {
		t.Fatal(err)
	}
	broadcast(t, c, 4*time.Second, 9*time.Second, 0)
	h.until(t, 2)
}

// TestGarbage sends what is not RTMP, or is and then is not, while a broadcast goes on.
//
// Clause: hostile
func TestGarbage(t *testing.T) {
	h := open(t)
	c, err := h.dial(t, "/live/secret")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	broadcast(t, c, 0, 3*time.Second, 0)
	random := rand.NewChaCha8([32]byte{1})
	noise := func(n int) []byte {
		b := make([]byte, n)
		_, _ = random.Read(b)
		return b
	}
	for name, b := range map[string][]byte{
		"nothing":              {},
		"http":                 []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"noise":                noise(200000),
		"handshake, noise":     append(bytes.Clone(hello), noise(200000)...),
		"encrypted, noise":     append([]byte{6}, noise(200000)...),
		"handshake, ten MiB":   append(bytes.Clone(hello), append([]byte{3, 0, 0, 0, 0x98, 0, 0, 20, 0, 0, 0, 0}, make([]byte, 10<<20)...)...),
		"handshake, deep AMF":  append(bytes.Clone(hello), append([]byte{3, 0, 0, 0, 0, 0xff, 0xff, 20, 0, 0, 0, 0}, bytes.Repeat([]byte{0xa, 0, 0, 0, 1}, 20000)...)...),
		"handshake, no length": append(bytes.Clone(hello), 0xc3, 0x43, 0x83),
	} {
		t.Run(name, func(t *testing.T) {
			nc, err := net.Dial("tcp", h.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			go func() {
				_, _ = nc.Write(b)
				_ = nc.(*net.TCPConn).CloseWrite()
			}()
			_ = nc.SetReadDeadline(time.Now().Add(5 * time.Second))
			if _, err := io.Copy(io.Discard, nc); err != nil && strings.Contains(err.Error(), "timeout") {
				t.Fatal("the connection was not closed")
			}
		})
	}
	broadcast(t, c, 4*time.Second, 9*time.Second, 0)
	h.until(t, 2)
}

// Clause: rtmp-wrap
func TestTimestampsWrap(t *testing.T) {
	var c clock
	c.unwrap(wrap - 20*time.Millisecond)
	if got := c.unwrap(13 * time.Millisecond); got != wrap+13*time.Millisecond {
		t.Fatal(got)
	}
	if got := c.unwrap(wrap - 5*time.Millisecond); got != wrap-5*time.Millisecond {
		t.Fatal("a little back over the wrap:", got)
	}
	if got := c.unwrap(40 * time.Millisecond); got != wrap+40*time.Millisecond {
		t.Fatal(got)
	}
}

// Clause: rtmp-url, rtmp-query
func TestKeyOf(t *testing.T) {
	for _, c := range []struct{ app, stream, want string }{
		{"live", "KEY", "KEY"},
		{"live", "KEY?a=b", "KEY"},
		{"live?a=b", "KEY", "KEY"},
		{"live/KEY", "", "KEY"},
		{"live/KEY?a=b/c", "", "KEY"},
		{"live/", "/KEY", "KEY"},
		{"live", " KEY ", "KEY"},
		{"", "", ""},
		{"app", "inst/KEY", "KEY"},
		{"live", "KEY/?a=b", "KEY"},
		{"/live/", "KEY", "KEY"},
	} {
		if got := keyOf(c.app, c.stream); got != c.want {
			t.Errorf("app %q, stream %q: %q", c.app, c.stream, got)
		}
	}
}
