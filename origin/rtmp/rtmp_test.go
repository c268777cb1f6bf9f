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
	"github.com/bluenviron/gortmplib/pkg/message"
	"go.uber.org/goleak"

	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/testclip"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is a server with one publish key, "secret" for stream "demo".
type house struct {
	streams *stream.Streams
	addr    string
}

func open(t testing.TB) *house {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	metrics, err := stream.NewMetrics(nil)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{streams: stream.New(stream.Config{
		Dir: t.TempDir(), PartDuration: 333 * time.Millisecond, SegmentDuration: 2 * time.Second, Grace: time.Minute, WindowSegments: 10,
	}, metrics, log)}
	s := New(Config{
		Addr: "127.0.0.1:0", Streams: h.streams, Metrics: metrics, Log: log,
		Authorize: func(key string) (string, bool) { return "demo", key == "secret" },
	})
	ln, err := s.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.addr = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = s.Run(ctx, ln) })
	t.Cleanup(func() { cancel(); all.Wait() })
	return h
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
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
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

// TestUnpublish: a broadcaster who stops says so, and viewers are told that it is over within seconds.
func TestUnpublish(t *testing.T) {
	h := open(t)
	var all sync.WaitGroup
	defer all.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	all.Go(func() { h.streams.Run(ctx) })
	c, err := h.dial(t, "/live/secret")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	broadcast(t, c, 0, 5*time.Second, 0)
	h.until(t, 2)
	if err := c.Write(&message.CommandAMF0{ChunkStreamID: 3, Name: "FCUnpublish", CommandID: 6, Arguments: []any{nil, "secret"}}); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for st := h.streams.Get("demo"); st.Describe().State != stream.Ended; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("not over after 10 s, but", st.Describe().State)
		}
	}
}

func TestWrongKey(t *testing.T) {
	h := open(t)
	_, err := h.dial(t, "/live/wrong")
	if err == nil || !strings.Contains(err.Error(), "NetStream.Publish.BadName") || !strings.Contains(err.Error(), "Wrong publish key") {
		t.Fatal(err)
	}
}

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
	hello := append([]byte{3}, make([]byte, 2*1536)...)
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
	} {
		if got := keyOf(c.app, c.stream); got != c.want {
			t.Errorf("app %q, stream %q: %q", c.app, c.stream, got)
		}
	}
}

// FuzzGreet lets anybody say anything: an error at most.
func FuzzGreet(f *testing.F) {
	hello := append([]byte{3}, make([]byte, 2*1536)...)
	f.Add(hello)
	f.Add(append(bytes.Clone(hello), 3, 0, 0, 0, 0, 0, 4, 20, 0, 0, 0, 0, 2, 0, 1, 'x'))
	f.Fuzz(func(t *testing.T, b []byte) {
		client, server := net.Pipe()
		var all sync.WaitGroup
		all.Go(func() { _, _ = io.Copy(io.Discard, client) })
		all.Go(func() {
			_, _ = client.Write(b)
			_ = client.Close()
		})
		d, err := greet(&bounded{Conn: server, left: introBytes, until: time.Now().Add(time.Second)})
		if err == nil && d == nil {
			t.Error("neither a dialogue nor an error")
		}
		_ = server.Close()
		all.Wait()
	})
}
