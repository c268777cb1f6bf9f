package whip

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"go.uber.org/goleak"

	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/testclip"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is an endpoint with the keys "secret" for "demo" and "other" for "other".
type house struct {
	streams *stream.Streams
	http    *httptest.Server
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
	e := New(Config{
		Addr: "127.0.0.1:0", Keyframes: 2 * time.Second, Streams: h.streams, Metrics: metrics, Log: log,
		Authorize: func(key string) (string, bool) {
			name, ok := map[string]string{"secret": "demo", "other": "other"}[key]
			return name, ok
		},
	})
	if err := e.Listen(); err != nil {
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
	engine := &webrtc.MediaEngine{}
	if err := engine.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	c := &camera{PeerConnection: pc, connected: make(chan struct{})}
	t.Cleanup(func() { _ = pc.GracefulClose() })
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			close(c.connected)
		}
	})
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
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	return c, pc.LocalDescription().SDP
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

const bearer = "Bearer secret"

func TestBroadcast(t *testing.T) {
	h := open(t)
	c, offer := newCamera(t, webrtc.MimeTypeH264)
	answer, sdp := h.do(t, "POST", "/whip/demo", offer, "Authorization", bearer, "Content-Type", "application/sdp")
	if answer.StatusCode != http.StatusCreated {
		t.Fatal(answer.StatusCode, sdp)
	}
	location, etag := answer.Header.Get("Location"), answer.Header.Get("ETag")
	if !strings.HasPrefix(location, "/whip/demo/") || strings.Contains(location, "?") || len(etag) < 10 ||
		answer.Header.Get("Content-Type") != "application/sdp" || answer.Header.Get("Accept-Patch") == "" {
		t.Fatal(answer.Header)
	}
	if err := c.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
		t.Fatal(err)
	}
	<-c.connected
	c.shoot(t, 300)
	window := h.streams.Get("demo").Window(0)
	for {
		v, changed := window.View()
		if len(v.Segments) >= 3 {
			break
		}
		select {
		case <-changed:
		case <-time.After(10 * time.Second):
			t.Fatalf("%d segments", len(v.Segments))
		}
	}
	i := h.streams.Get("demo").Describe()
	if i.State != stream.Live || i.Protocol != "whip" || strings.Join(i.Tracks, " ") != "H264 Opus" || i.Renditions[0].Width != 160 {
		t.Fatalf("%+v", i)
	}

	// another broadcaster is turned away
	_, second := newCamera(t, webrtc.MimeTypeH264)
	if a, text := h.do(t, "POST", "/whip/demo", second, "Authorization", bearer, "Content-Type", "application/sdp"); a.StatusCode != http.StatusConflict {
		t.Fatal(a.StatusCode, text)
	}

	// the session's own address
	fragment := "a=ice-ufrag:" + attribute(offer, "a=ice-ufrag:") + "\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n" +
		"a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n"
	trickle := "application/trickle-ice-sdpfrag"
	for _, p := range []struct {
		name, body, kind, match, key string
		want                         int
	}{
		{"trickle", fragment, trickle, etag, bearer, 204},
		{"no If-Match", fragment, trickle, "", bearer, 428},
		{"other If-Match", fragment, trickle, `"x"`, bearer, 412},
		{"other type", fragment, "text/plain", etag, bearer, 415},
		{"restart", strings.Replace(fragment, "a=ice-ufrag:", "a=ice-ufrag:x", 1), trickle, "*", bearer, 422},
		{"no fragment", "hello", trickle, etag, bearer, 400},
		{"bad candidate", "a=mid:0\r\na=candidate:x\r\n", trickle, etag, bearer, 400},
		{"foreign key", fragment, trickle, etag, "Bearer other", 403},
	} {
		if a, text := h.do(t, "PATCH", location, p.body, "Authorization", p.key, "Content-Type", p.kind, "If-Match", p.match); a.StatusCode != p.want {
			t.Errorf("%s: %d %s", p.name, a.StatusCode, text)
		}
	}
	if a, _ := h.do(t, "DELETE", location, "", "Authorization", "Bearer other"); a.StatusCode != http.StatusForbidden {
		t.Error("a foreign DELETE:", a.StatusCode)
	}
	if i := h.streams.Get("demo").Describe(); i.State != stream.Live {
		t.Fatal("the live stream was touched")
	}
	if a, _ := h.do(t, "DELETE", location, "", "Authorization", bearer); a.StatusCode != http.StatusOK {
		t.Fatal(a.StatusCode)
	}
	if i := h.streams.Get("demo").Describe(); i.State != stream.Interrupted {
		t.Fatal(i.State)
	}
	if a, _ := h.do(t, "DELETE", location, "", "Authorization", bearer); a.StatusCode != http.StatusNotFound {
		t.Error("deleted twice:", a.StatusCode)
	}
}

// TestEnds: a broadcaster who ends it, by DELETE or by closing its connection, is not waited for, and viewers are told.
func TestEnds(t *testing.T) {
	for name, end := range map[string]func(h *house, c *camera, location string){
		"DELETE": func(h *house, _ *camera, location string) { h.do(t, "DELETE", location, "", "Authorization", bearer) },
		"closed": func(_ *house, c *camera, _ string) { _ = c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			var all sync.WaitGroup
			defer all.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			all.Go(func() { h.streams.Run(ctx) })
			c, offer := newCamera(t, webrtc.MimeTypeH264)
			answer, sdp := h.do(t, "POST", "/whip/demo", offer, "Authorization", bearer, "Content-Type", "application/sdp")
			if err := c.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
				t.Fatal(err)
			}
			<-c.connected
			c.shoot(t, 100)
			st := h.streams.Get("demo")
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for over := false; st.Describe().State != stream.Ended; {
				if v, _ := st.Window(0).View(); !over && v.Newest() != nil {
					over = true
					end(h, c, answer.Header.Get("Location"))
				}
				select {
				case <-tick.C:
				case <-ctx.Done():
					t.Fatal("not over after 10 s, but", st.Describe().State)
				}
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	h := open(t)
	_, good := newCamera(t, webrtc.MimeTypeH264)
	_, vp8 := newCamera(t, webrtc.MimeTypeVP8)
	for _, c := range []struct {
		name, path, body, kind, key string
		want                        int
		say                         string
	}{
		{"no key", "/whip/demo", good, "application/sdp", "", 401, "publish key"},
		{"wrong key", "/whip/demo", good, "application/sdp", "Bearer wrong", 401, "wrong publish key"},
		{"other stream's key", "/whip/demo", good, "application/sdp", "Bearer other", 403, "another stream"},
		{"bad name", "/whip/a.b", good, "application/sdp", bearer, 404, "stream name"},
		{"wrong type", "/whip/demo", good, "text/plain", bearer, 415, "application/sdp"},
		{"no type", "/whip/demo", good, "", bearer, 415, "application/sdp"},
		{"no SDP", "/whip/demo", "hello", "application/sdp", bearer, 400, "SDP"},
		{"empty", "/whip/demo", "", "application/sdp", bearer, 400, "SDP"},
		{"too long", "/whip/demo", strings.Repeat("x", 100<<10), "application/sdp", bearer, 413, "long"},
		{"VP8", "/whip/demo", vp8, "application/sdp", bearer, 422, "H.264"},
		{"no fingerprint", "/whip/demo", strings.ReplaceAll(good, "a=fingerprint", "a=x"), "application/sdp", bearer, 400, "fingerprint"},
		{"receiving", "/whip/demo", strings.ReplaceAll(good, "a=sendonly", "a=recvonly"), "application/sdp", bearer, 422, "one video"},
		{"no password", "/whip/demo", strings.ReplaceAll(good, "a=ice-pwd", "a=x"), "application/sdp", bearer, 400, "SDP"},
	} {
		a, text := h.do(t, "POST", c.path, c.body, "Authorization", c.key, "Content-Type", c.kind)
		if a.StatusCode != c.want || !strings.Contains(text, c.say) {
			t.Errorf("%s: %d %s", c.name, a.StatusCode, text)
		}
	}
	if st := h.streams.Get("demo"); st != nil && st.Starting() {
		t.Error("a refused offer holds the stream")
	}
	if a, _ := h.do(t, "OPTIONS", "/whip/demo", ""); a.StatusCode != 204 || a.Header.Get("Accept-Post") != "application/sdp" {
		t.Error(a.StatusCode, a.Header)
	}
	if a, _ := h.do(t, "GET", "/whip/demo", ""); a.StatusCode != 200 {
		t.Error(a.StatusCode)
	}
	if a, _ := h.do(t, "PUT", "/whip/demo", "", "Authorization", bearer); a.StatusCode != 405 || a.Header.Get("Allow") == "" {
		t.Error(a.StatusCode)
	}
}

// TestManyOffersAtOnce takes all places before any offer has become a session.
func TestManyOffersAtOnce(t *testing.T) {
	e := New(Config{})
	e.running = t.Context()
	for range maxSessions {
		ctx, leave := e.enter()
		if ctx == nil {
			t.Fatal("a place was refused while there were free ones")
		}
		defer leave()
	}
	if ctx, _ := e.enter(); ctx != nil {
		t.Fatal("one too many got in")
	}
	e.leave()
	if ctx, _ := e.enter(); ctx == nil {
		t.Fatal("a place given back was not given again")
	}
}

func TestNotListening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		metrics, err := stream.NewMetrics(nil)
		if err != nil {
			t.Fatal(err)
		}
		e := New(Config{Authorize: func(string) (string, bool) { return "demo", true }, Metrics: metrics})
		r := httptest.NewRequest("POST", "/whip/demo", strings.NewReader(offerOf("H264/90000", "opus/48000/2")))
		r.SetPathValue("name", "demo")
		r.Header.Set("Authorization", "Bearer x")
		r.Header.Set("Content-Type", "application/sdp")
		rw := httptest.NewRecorder()
		e.ServeHTTP(rw, r)
		if rw.Code != http.StatusServiceUnavailable || rw.Header().Get("Retry-After") == "" {
			t.Fatal(rw.Code, rw.Body)
		}
	})
}

// offerOf writes an offer that sends one track of each encoding; video first.
func offerOf(encodings ...string) string {
	var b bytes.Buffer
	b.WriteString("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=fingerprint:sha-256 00:11\r\n")
	for _, e := range encodings {
		kind := "video"
		if strings.Contains(e, "48000") {
			kind = "audio"
		}
		b.WriteString("m=" + kind + " 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:96 " + e + "\r\na=fmtp:96 packetization-mode=1\r\na=sendonly\r\n")
	}
	return b.String()
}

func TestParseOffer(t *testing.T) {
	for _, c := range []struct {
		name string
		sdp  string
		want error
	}{
		{"both", offerOf("H264/90000", "opus/48000/2"), nil},
		{"picture", offerOf("h264/90000"), nil},
		{"sound", offerOf("OPUS/48000/2"), nil},
		{"nothing", offerOf(), errTracks},
		{"two pictures", offerOf("H264/90000", "H264/90000"), errTracks},
		{"two sounds", offerOf("opus/48000/2", "opus/48000/2"), errTracks},
		{"VP8", offerOf("VP8/90000", "opus/48000/2"), errCodecs},
		{"other sound", offerOf("H264/90000", "L16/48000/2"), errCodecs},
		{"simulcast", offerOf("H264/90000") + "a=simulcast:send h;l\r\n", errTracks},
		{"data", offerOf("H264/90000") + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", errTracks},
	} {
		o, err := parseOffer(c.sdp)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil && len(o.video)+len(o.audio) == 0 {
			t.Errorf("%s: no codecs", c.name)
		}
	}
}

func FuzzParseOffer(f *testing.F) {
	f.Add(offerOf("H264/90000", "opus/48000/2"))
	f.Fuzz(func(t *testing.T, s string) {
		o, err := parseOffer(s)
		if err == nil && len(o.video)+len(o.audio) == 0 {
			t.Fatal("an offer of nothing was taken")
		}
	})
}

func FuzzParseFragment(f *testing.F) {
	f.Add("a=ice-ufrag:x\r\na=mid:0\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		if fragment, err := parseFragment(s); err == nil && len(fragment.candidates) > maxCandidates {
			t.Fatal(len(fragment.candidates))
		}
	})
}
