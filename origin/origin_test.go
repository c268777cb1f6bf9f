package origin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib"
	"github.com/bluenviron/gortmplib/pkg/codecs"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/shoal-live/shoal/origin/archive/upload"
	"github.com/shoal-live/shoal/origin/hls/strict"
	"github.com/shoal-live/shoal/origin/testclip"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is a running origin with a publish key for "demo".
type house struct {
	*Origin
	key      string
	registry *prometheus.Registry
}

func open(t testing.TB) *house { return openWith(t, Config{}) }

// openWith is open for a configuration of which the folder, the addresses, the metrics and the log are filled in.
func openWith(t testing.TB, config Config) *house {
	t.Helper()
	dir := t.TempDir()
	keys, err := OpenKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Add("demo")
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	config.Data, config.RTMPAddr, config.WebRTCAddr, config.Registry = dir, "127.0.0.1:0", "127.0.0.1:0", registry
	config.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	o, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	if o.Ready() == nil {
		t.Fatal("ready before it listens")
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- o.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for !o.listening.Load() {
		select {
		case err := <-done:
			t.Fatal(err)
		default:
		}
	}
	return &house{o, key, registry}
}

func (h *house) get(t testing.TB, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, "GET", path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rw := httptest.NewRecorder()
	h.ServeHTTP(rw, r)
	return rw
}

// publish sends the clip by RTMP and leaves the connection open.
func (h *house) publish(t testing.TB, long time.Duration) *gortmplib.Client {
	t.Helper()
	u, err := url.Parse("rtmp://" + h.RTMPAddr().String() + "/live/" + h.key)
	if err != nil {
		t.Fatal(err)
	}
	c := &gortmplib.Client{URL: u, Publish: true}
	if err := c.Initialize(t.Context()); err != nil {
		t.Fatal(err)
	}
	sps, pps := testclip.Parameters()
	video := &gortmplib.Track{Codec: &codecs.H264{SPS: sps, PPS: pps}}
	audio := &gortmplib.Track{Codec: &codecs.MPEG4Audio{Config: testclip.AACConfig()}}
	w := &gortmplib.Writer{Conn: c, Tracks: []*gortmplib.Track{video, audio}}
	if err := w.Initialize(); err != nil {
		t.Fatal(err)
	}
	units := testclip.Units()
	sound := time.Duration(0)
	for n := 0; time.Duration(n)*testclip.Interval < long; n++ {
		at := time.Duration(n) * testclip.Interval
		if err := w.WriteH264(video, at, at, units[n%len(units)]); err != nil {
			t.Fatal(err)
		}
		for ; sound <= at; sound += 1024 * time.Second / 48000 {
			if err := w.WriteMPEG4Audio(audio, sound, testclip.AAC); err != nil {
				t.Fatal(err)
			}
		}
	}
	return c
}

// Clause: hls-plain
func TestPlain(t *testing.T) {
	h, stop := openAt(t, Config{Data: t.TempDir(), Plain: true})
	defer stop()
	c := h.publish(t, 9*time.Second)
	defer c.Close()
	text := h.until(t, "/live/demo/v0/index.m3u8", func(body string) bool { return strings.Count(body, "#EXTINF") >= 3 })
	if p, err := strict.Parse(text); err != nil || p.PartTarget != 0 || p.Hint != "" || strings.Contains(text, "#EXT-X-PART") {
		t.Errorf("%v: %s", err, text)
	}
}

// Clause: api, hls-codecs, hls-pdt, hls-cache
func TestFromCameraToPlayer(t *testing.T) {
	h := open(t)
	if err := h.Ready(); err != nil {
		t.Fatal(err)
	}
	for path, say := range map[string]string{
		"/live/demo/index.m3u8":    "nobody has broadcast",
		"/live/demo/v0/index.m3u8": "nobody has broadcast",
		"/live/none/index.m3u8":    "no stream none",
		"/live/a.b/index.m3u8":     "stream name",
		"/live/demo/v1/index.m3u8": "nobody has broadcast",
		"/nowhere":                 "nothing",
		"/api/v1/streams/demo":     "no such stream",
	} {
		rw := h.get(t, path)
		if rw.Code != 404 || !strings.Contains(rw.Body.String(), say) || rw.Header().Get("Cache-Control") != "public, max-age=1" ||
			rw.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d %v %s", path, rw.Code, rw.Header(), rw.Body)
		}
	}

	if rw := h.get(t, "/api/v1/recordings"); rw.Code != 200 || rw.Body.String() != "{\"recordings\":[]}\n" {
		t.Errorf("recordings, where there are none: %d %s", rw.Code, rw.Body)
	}

	began := time.Now()
	c := h.publish(t, 10*time.Second)
	defer c.Close()
	master := h.get(t, "/live/demo/index.m3u8") // held until there is a segment
	if master.Code != 200 || !strings.Contains(master.Body.String(), `CODECS="avc1.`) || !strings.Contains(master.Body.String(), "mp4a.40.2") ||
		!strings.Contains(master.Body.String(), "RESOLUTION=160x90") {
		t.Fatal(master.Code, master.Body)
	}
	if kept := master.Header().Get("Cache-Control"); kept != "public, max-age=2" {
		t.Errorf("the multivariant playlist may be kept: %q", kept)
	}
	var list *httptest.ResponseRecorder
	for msn := range 4 { // no further ahead than a player may ask
		if list = h.get(t, fmt.Sprint("/live/demo/v0/index.m3u8?_HLS_msn=", msn)); list.Code != 200 {
			t.Fatal(list.Code, list.Body)
		}
	}
	if kept := list.Header().Get("Cache-Control"); kept != "public, max-age=2" {
		t.Errorf("a blocking answer may be kept: %q", kept)
	}
	text, _, _ := strings.Cut(list.Body.String(), "#EXT-X-PRELOAD-HINT")
	date := regexp.MustCompile(`#EXT-X-PROGRAM-DATE-TIME:(.*)`).FindStringSubmatch(text)
	if at, err := time.Parse(time.RFC3339Nano, date[1]); err != nil || at.Before(began.Truncate(time.Millisecond)) || at.Sub(began) > 2*time.Second {
		t.Errorf("the first segment is of %v, the broadcast began at %v: %v", date[1], began, err)
	}

	// everything the playlist names is there, and a segment is its parts
	whole := map[string]string{}
	parts := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)URI="([^"]+)"|^([0-9]+/s[0-9]+\.m4s)$`).FindAllStringSubmatch(text, -1) {
		uri := m[1] + m[2]
		rw := h.get(t, "/live/demo/v0/"+uri)
		if rw.Code != 200 || rw.Body.Len() == 0 {
			t.Fatalf("%s: %d", uri, rw.Code)
		}
		segment, part, isPart := strings.Cut(strings.TrimSuffix(uri, ".m4s"), ".")
		switch {
		case strings.HasSuffix(uri, ".mp4"):
			var i fmp4.Init
			if err := i.Unmarshal(strings.NewReader(rw.Body.String())); err != nil || len(i.Tracks) != 2 {
				t.Fatal(err)
			}
		case isPart && part != "":
			parts[segment] += rw.Body.String()
		default:
			whole[segment] = rw.Body.String()
		}
	}
	compared := 0
	for segment, b := range whole {
		if p := parts[segment]; p != "" && strings.HasPrefix(text[strings.Index(text, segment+".0."):], segment+".0.") {
			compared++
			if p != b {
				t.Errorf("%s is not its parts", segment)
			}
		}
	}
	if compared < 2 {
		t.Fatal("too little was compared:", compared)
	}

	var one struct {
		State, Protocol, PublicKey, Advice string
		Tracks                             []string
		GOPSeconds                         float64
	}
	if err := json.Unmarshal(h.get(t, "/api/v1/streams/demo").Body.Bytes(), &one); err != nil {
		t.Fatal(err)
	}
	if one.State != "live" || one.Protocol != "rtmp" || len(one.PublicKey) != 44 || len(one.Tracks) != 2 || one.GOPSeconds != 2 || one.Advice != "" {
		t.Errorf("%+v", one)
	}
	var all struct{ Streams []struct{ Name string } }
	if err := json.Unmarshal(h.get(t, "/api/v1/streams").Body.Bytes(), &all); err != nil || len(all.Streams) != 1 || all.Streams[0].Name != "demo" {
		t.Errorf("%v %+v", err, all)
	}
	families, err := h.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counted := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			counted[f.GetName()] += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	for _, name := range []string{"shoal_origin_ingest_bytes_total", "shoal_origin_streams", "shoal_origin_parts_total", "shoal_origin_segments_total"} {
		if counted[name] == 0 {
			t.Errorf("%s is 0", name)
		}
	}
}

// TestReadyIsCheap asks often: the disk is tried once in a while.
//
// Clause: readyz
func TestReadyIsCheap(t *testing.T) {
	h := open(t)
	if err := h.Ready(); err != nil {
		t.Fatal(err)
	}
	tried := h.checked
	for range 1000 {
		if err := h.Ready(); err != nil {
			t.Fatal(err)
		}
	}
	if h.checked.Sub(tried) > 0 && h.checked.Sub(tried) < diskCheck {
		t.Errorf("tried again after %v", h.checked.Sub(tried))
	}
	h.checked = h.checked.Add(-diskCheck)
	h.config.Data = filepath.Join(h.config.Data, "publish-keys.json", "no-folder")
	if h.Ready() == nil {
		t.Error("ready without a disk")
	}
}

func TestListenFirst(t *testing.T) {
	o, err := New(Config{Data: t.TempDir(), RTMPAddr: "127.0.0.1:0", WebRTCAddr: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := o.Listen(ctx); err != nil {
		t.Fatal(err)
	}
	addr := o.RTMPAddr()
	if addr == nil || o.Ready() == nil {
		t.Fatal("no address, or ready before Run")
	}
	cancel()
	if err := o.Run(ctx); err != nil || o.RTMPAddr() != addr {
		t.Fatal(err)
	}
}

func TestPreflight(t *testing.T) {
	h := open(t)
	for path, want := range map[string]string{"/live/demo/index.m3u8": "", "/whip/demo": "application/sdp", "/whip/demo/x": "application/sdp"} {
		rw := httptest.NewRecorder()
		h.ServeHTTP(rw, httptest.NewRequest(http.MethodOptions, path, nil))
		if rw.Code != 204 || rw.Header().Get("Access-Control-Allow-Origin") != "*" || rw.Header().Get("Accept-Post") != want ||
			!strings.Contains(rw.Header().Get("Access-Control-Allow-Headers"), "If-Match") {
			t.Errorf("%s: %d %v", path, rw.Code, rw.Header())
		}
	}
}

// TestSentElsewhere: who is sent to the one way to write a path can read on any page where.
//
// Clause: http-cors, whip-cors
func TestSentElsewhere(t *testing.T) {
	h := open(t)
	for _, method := range []string{"GET", "POST", "HEAD"} {
		for path, to := range map[string]string{"//live/demo/index.m3u8": "/live/demo/index.m3u8", "//whip/demo": "/whip/demo", "/live/../whip/demo": "/whip/demo"} {
			rw := httptest.NewRecorder()
			r := httptest.NewRequest(method, "/", nil)
			r.URL.Path = path
			h.ServeHTTP(rw, r)
			if got := rw.Header(); rw.Code != http.StatusTemporaryRedirect || got.Get("Location") != to || got.Get("Access-Control-Allow-Origin") != "*" ||
				!strings.Contains(got.Get("Access-Control-Expose-Headers"), "Location") || got.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s %s: %d %v", method, path, rw.Code, got)
			}
		}
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		name string
		c    Config
		ok   bool
	}{
		{"zero", Config{}, true},
		{"half a second", Config{PartDuration: 500 * time.Millisecond}, true},
		{"part too long", Config{PartDuration: 2 * time.Second}, false},
		{"part too short", Config{PartDuration: time.Millisecond}, false},
		{"odd segment", Config{SegmentDuration: 1500 * time.Millisecond}, false},
		{"small window", Config{WindowSegments: 2}, false},
		{"no address", Config{PublicIPs: []string{"example.com"}}, false},
	} {
		c.c.Data = t.TempDir()
		if _, err := New(c.c); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestWhatFailsIsNotOfTheConfig: ErrConfig is what a part says of what it was told, not that its metrics are there already.
func TestWhatFailsIsNotOfTheConfig(t *testing.T) {
	storage := upload.Config{Endpoint: "https://s3.example.com", Bucket: "b", AccessKey: "a", SecretKey: "s"}
	whole := Config{Record: true, Storage: storage, Webhooks: []string{"https://hooks.example/x"}}
	wrong := func(change func(*Config)) Config {
		c := whole
		change(&c)
		return c
	}
	for name, c := range map[string]struct {
		taken  string // a metric
		config Config
		told   bool
	}{
		"metrics of streams":   {"shoal_origin_streams", whole, false},
		"metrics of webhooks":  {"shoal_origin_webhook_events_total", whole, false},
		"metrics of pictures":  {"shoal_origin_thumbnails_total", whole, false},
		"metrics of recording": {"shoal_origin_recording_bytes_total", whole, false},
		"metrics of uploads":   {"shoal_origin_upload_files_total", whole, false},
		"webhook":              {"", wrong(func(c *Config) { c.Webhooks = []string{"hooks.example"} }), true},
		"twin":                 {"", wrong(func(c *Config) { c.Twin, c.Seed = "nonsense", make([]byte, 16) }), true},
		"recording":            {"", wrong(func(c *Config) { c.Keep, c.DVR = time.Minute, time.Hour }), true},
		"bucket":               {"", wrong(func(c *Config) { c.Storage.Bucket = "" }), true},
		"name of storage":      {"", wrong(func(c *Config) { c.Storage.Endpoint = "https://-s3.example.com" }), true},
	} {
		registry := prometheus.NewRegistry()
		if c.taken != "" {
			registry.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: c.taken, Help: "another's"}))
		}
		c.config.Data, c.config.Registry, c.config.Log = t.TempDir(), registry, slog.New(slog.DiscardHandler)
		if _, err := New(c.config); err == nil || errors.Is(err, ErrConfig) != c.told {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAddressTaken(t *testing.T) {
	h := open(t)
	o, err := New(Config{Data: t.TempDir(), RTMPAddr: h.RTMPAddr().String(), WebRTCAddr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Fatal(err)
	}
}
