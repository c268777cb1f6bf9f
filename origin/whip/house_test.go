package whip

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

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/testclip"
)

// house is an endpoint with the keys "secret" for "demo" and "other" for "other".
type house struct {
	streams *stream.Streams
	http    *httptest.Server
	log     lines
}

// lines is what the log says.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func open(t testing.TB) *house {
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
	port := rtc.New(rtc.Config{Addr: "127.0.0.1:0", Log: log})
	e, err := New(Config{
		Port: port, Keyframes: 2 * time.Second, ICEServers: []string{"stun:stun.example:3478", "turn:turn.example:3478?transport=udp|me|it\"s"}, Streams: h.streams, Metrics: metrics, Log: log,
		Authorize: func(key string) (string, bool) {
			name, ok := map[string]string{"secret": "demo", "other": "other"}[key]
			return name, ok
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := port.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	running := make(chan struct{})
	e.running = ctx // as Run will say; the test must not race it
	var all sync.WaitGroup
	all.Go(func() { close(running); e.Run(ctx) })
	<-running
	m := http.NewServeMux()
	m.Handle("/whip/{name}", e)
	m.Handle("/whip/{name}/{session}", e)
	h.http = httptest.NewServer(m)
	t.Cleanup(func() {
		h.http.Close()
		http.DefaultClient.CloseIdleConnections()
		cancel()
		all.Wait()
		if err := port.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// do sends a request; headers are pairs.
func (h *house) do(t testing.TB, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, h.http.URL+path, strings.NewReader(body))
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

// camera is a broadcaster's peer connection.
type camera struct {
	*webrtc.PeerConnection
	video, audio *webrtc.TrackLocalStaticSample
	connected    chan struct{}
}

func newCamera(t testing.TB, codec string) (*camera, string) {
	t.Helper()
	return newCameraOn(t, codec, webrtc.NetworkTypeUDP4)
}

// newCameraOn makes one that reaches the endpoint by one kind of network only.
func newCameraOn(t testing.TB, codec string, network webrtc.NetworkType) (*camera, string) {
	t.Helper()
	engine := &webrtc.MediaEngine{}
	if err := engine.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithSettingEngine(loopback(network))).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	c := &camera{PeerConnection: pc, connected: make(chan struct{})}
	c.watch(t)
	if c.video, err = webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: codec}, "v", "s"); err != nil {
		t.Fatal(err)
	}
	if c.audio, err = webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "a", "s"); err != nil {
		t.Fatal(err)
	}
	for _, track := range []webrtc.TrackLocal{c.video, c.audio} {
		tr, err := pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			t.Fatal(err)
		}
		if track == c.video {
			var only []webrtc.RTPCodecParameters
			for _, p := range tr.Sender().GetParameters().Codecs {
				if strings.EqualFold(p.MimeType, codec) {
					only = append(only, p)
				}
			}
			if err := tr.SetCodecPreferences(only); err != nil {
				t.Fatal(err)
			}
		}
	}
	return c, c.offer(t, nil)
}

// loopback has ICE stay on this machine.
func loopback(network webrtc.NetworkType) (settings webrtc.SettingEngine) {
	settings.SetNetworkTypes([]webrtc.NetworkType{network})
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	return settings
}

// watch tells by connected when the connection stands, and closes it with the test.
func (c *camera) watch(t testing.TB) {
	t.Cleanup(func() { _ = c.GracefulClose() })
	var once sync.Once
	c.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(c.connected) })
		}
	})
}

// offer makes an offer with all candidates.
func (c *camera) offer(t testing.TB, options *webrtc.OfferOptions) string {
	t.Helper()
	offer, err := c.CreateOffer(options)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(c.PeerConnection)
	if err := c.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	return c.LocalDescription().SDP
}

// publish posts an offer, takes the answer and waits for the connection. It returns the session's address and ETag.
func (c *camera) publish(t testing.TB, h *house, offer string) (location, etag string) {
	t.Helper()
	answer, sdp := h.do(t, "POST", "/whip/demo", offer, "Authorization", bearer, "Content-Type", rtc.TypeSDP)
	if answer.StatusCode != http.StatusCreated {
		t.Fatal(answer.StatusCode, sdp)
	}
	if err := c.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
		t.Fatal(err)
	}
	<-c.connected
	return answer.Header.Get("Location"), answer.Header.Get("ETag")
}

// until waits until it is so of the rendition's window.
func (h *house) until(t testing.TB, rendition int, so func(v *hls.View) bool) *hls.View {
	t.Helper()
	late := time.After(time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if w := h.streams.Get("demo").Window(rendition); w != nil {
			if v, _ := w.View(); so(v) {
				return v
			}
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("rendition %d does not come so far", rendition)
		}
	}
}

// shoot sends the clip, paced by the media clock of the samples and not by the wall.
func (c *camera) shoot(t testing.TB, frames int) {
	t.Helper()
	units := testclip.Units()
	pace := time.NewTicker(2 * time.Millisecond)
	defer pace.Stop()
	sound := time.Duration(0)
	for n := range frames {
		var b []byte
		for _, nal := range units[n%len(units)] {
			b = append(append(b, 0, 0, 0, 1), nal...)
		}
		if err := c.video.WriteSample(media.Sample{Data: b, Duration: testclip.Interval}); err != nil {
			t.Fatal(err)
		}
		for ; sound < time.Duration(n)*testclip.Interval; sound += 20 * time.Millisecond {
			if err := c.audio.WriteSample(media.Sample{Data: testclip.Opus, Duration: 20 * time.Millisecond}); err != nil {
				t.Fatal(err)
			}
		}
		<-pace.C
	}
}
