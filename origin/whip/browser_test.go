package whip

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/rtc/rtctest"
)

// TestSimulcast publishes three layers by WebRTC: all are answered, each is a rendition, and they outlive a restart of ICE.
//
// Clause: whip-simulcast, whip-restart
func TestSimulcast(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := newMultiCamera(t, "h", "m", "l")
	offer := rtctest.Offer(t, c.PeerConnection, nil)
	answer, text := h.Do(t, "POST", "/whip/demo", offer, "Authorization", rtctest.Bearer, "Content-Type", rtc.TypeSDP)
	if answer.StatusCode != http.StatusCreated || !strings.Contains(text, "a=simulcast:recv h;m;l\r\n") ||
		strings.Count(text, " recv\r\n") != 3 {
		t.Fatal(answer.StatusCode, text)
	}
	if err := c.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text}); err != nil {
		t.Fatal(err)
	}
	<-c.connected
	three := func(least uint64) {
		t.Helper()
		h.until(t, 0, func(*hls.View) bool {
			c.film(t, 15)
			for r := range 3 {
				w := h.streams.Get("demo").Window(r)
				if w == nil {
					return false
				}
				v, _ := w.View()
				if len(v.Segments) == 0 || v.Segments[len(v.Segments)-1].MSN < least || v.Segments[len(v.Segments)-1].Gap {
					return false
				}
			}
			return true
		})
	}
	three(2)
	var widths []int
	for _, r := range h.streams.Get("demo").Describe().Renditions {
		widths = append(widths, r.Width)
	}
	if !slices.Equal(widths, []int{640, 320, 160}) {
		t.Errorf("the renditions are %v wide", widths)
	}
	v, _ := h.streams.Get("demo").Window(0).View()
	before := c.selected(t)
	a, fragment := c.restart(t, h, answer.Header.Get("Location"), rtctest.Offer(t, c.PeerConnection, &webrtc.OfferOptions{ICERestart: true}))
	if a.StatusCode != http.StatusOK {
		t.Fatal(a.StatusCode, fragment)
	}
	rtctest.Restarted(t, c.PeerConnection, fragment)
	three(v.Next + 2)
	if now := c.selected(t); now == before {
		t.Error("nothing was restarted")
	}
}

// multiCamera is a camera with layers. It answers a picture loss indication with a key frame of all, as Chromium does.
type multiCamera struct {
	*camera
	films  []*filmed
	tracks []*webrtc.TrackLocalStaticRTP
	ids    map[string]uint8
	lost   chan struct{}
	n      int
}

func newMultiCamera(t *testing.T, rids ...string) *multiCamera {
	t.Helper()
	engine := &webrtc.MediaEngine{}
	c := &multiCamera{camera: &camera{connected: make(chan struct{})}, ids: map[string]uint8{}, lost: make(chan struct{}, 1)}
	feedback := []webrtc.RTCPFeedback{{Type: "nack", Parameter: "pli"}}
	if err := engine.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeH264, ClockRate: 90000, SDPFmtpLine: "packetization-mode=1;profile-level-id=42e01f", RTCPFeedback: feedback,
	}, PayloadType: 102}, webrtc.RTPCodecTypeVideo); err != nil {
		t.Fatal(err)
	}
	if err := webrtc.ConfigureSimulcastExtensionHeaders(engine); err != nil {
		t.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithInterceptorRegistry(&interceptor.Registry{}), // no reports of pion's own
		webrtc.WithSettingEngine(rtctest.Loopback(webrtc.NetworkTypeUDP4))).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.GracefulClose() })
	c.PeerConnection = pc
	c.watch()
	var sender *webrtc.RTPSender
	for i, rid := range rids {
		track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264}, "v", "s", webrtc.WithRTPStreamID(rid))
		if err != nil {
			t.Fatal(err)
		}
		if sender == nil {
			tr, err := pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
			if err != nil {
				t.Fatal(err)
			}
			sender = tr.Sender()
		} else if err := sender.AddEncoding(track); err != nil {
			t.Fatal(err)
		}
		c.tracks = append(c.tracks, track)
		c.films = append(c.films, &filmed{rid: rid, width: 40 >> i, height: 22 >> i, start: uint32(i+1) << 29})
	}
	for _, e := range sender.GetParameters().HeaderExtensions {
		c.ids[e.URI] = uint8(e.ID)
	}
	for i, e := range sender.GetParameters().Encodings {
		c.films[i].ssrc = uint32(e.SSRC)
		go func() {
			for {
				packets, _, err := sender.ReadSimulcastRTCP(rids[i])
				if err != nil {
					return
				}
				if slices.ContainsFunc(packets, func(p rtcp.Packet) bool { _, lost := p.(*rtcp.PictureLossIndication); return lost }) {
					select {
					case c.lost <- struct{}{}:
					default:
					}
				}
			}
		}()
	}
	return c
}

// film sends pictures in all layers, faster than they were taken, with reports that say when that was.
func (c *multiCamera) film(t *testing.T, pictures int) {
	t.Helper()
	pace := time.NewTicker(4 * time.Millisecond)
	defer pace.Stop()
	mid := c.GetTransceivers()[0].Mid()
	for range pictures {
		select {
		case <-c.lost:
			for _, f := range c.films {
				f.wanted = true
			}
		default:
		}
		for i, f := range c.films {
			for _, p := range f.frame(c.n) {
				for uri, value := range map[string]string{sdp.SDESMidURI: mid, sdp.SDESRTPStreamIDURI: f.rid} {
					if err := p.SetExtension(c.ids[uri], []byte(value)); err != nil {
						t.Fatal(err)
					}
				}
				if err := c.tracks[i].WriteRTP(p); err != nil {
					t.Fatal(err)
				}
			}
			if c.n%5 == 0 {
				ntp, stamp := f.stamp(c.n, 0)
				if err := c.WriteRTCP([]rtcp.Packet{&rtcp.SenderReport{SSRC: f.ssrc, NTPTime: ntp, RTPTime: stamp}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		c.n++
		<-pace.C
	}
}
