package whip

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/rtc/rtctest"
	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/testclip"
)

// house is an endpoint with streams, and a log that tests read.
type house struct {
	rtctest.Server
	streams *stream.Streams
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
	h.streams = stream.New(rtctest.Streams(t), metrics, log)
	e, err := New(Config{
		Port: rtctest.Open(t, log), ICEServers: []string{"stun:stun.example:3478", "turn:turn.example:3478?transport=udp|me|it\"s"},
		Authorize: rtctest.Authorize, Streams: h.streams, Metrics: metrics, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	e.sessions.Open(rtctest.Run(t, e.Run))
	h.Server = rtctest.Serve(t, "/whip", e)
	return h
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
	pc := rtctest.Peer(t, network)
	c := &camera{PeerConnection: pc, connected: make(chan struct{})}
	c.watch()
	var err error
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
	return c, rtctest.Offer(t, pc, nil)
}

// watch tells by connected when the connection stands.
func (c *camera) watch() {
	var once sync.Once
	c.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(c.connected) })
		}
	})
}

// publish posts an offer, takes the answer and waits for the connection. It returns the session's address and ETag.
func (c *camera) publish(t testing.TB, h *house, offer string) (location, etag string) {
	t.Helper()
	answer, sdp := h.Do(t, "POST", "/whip/demo", offer, "Authorization", rtctest.Bearer, "Content-Type", rtc.TypeSDP)
	if answer.StatusCode != http.StatusCreated {
		t.Fatal(answer.StatusCode, sdp)
	}
	rtctest.Answer(t, c.PeerConnection, sdp)
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

// shoot sends the clip, without sound where there is no track of it, paced by the media clock of the samples and not by the wall.
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
		for ; c.audio != nil && sound < time.Duration(n)*testclip.Interval; sound += 20 * time.Millisecond {
			if err := c.audio.WriteSample(media.Sample{Data: testclip.Opus, Duration: 20 * time.Millisecond}); err != nil {
				t.Fatal(err)
			}
		}
		<-pace.C
	}
}
