//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	"github.com/shoal-live/shoal/origin/testclip"
)

const packet = 20 * time.Millisecond // of sound

// A camera broadcasts the clip by WHIP. Where the origin asks for a key frame it goes on at the clip's next one, as an
// encoder would make one.
type camera struct {
	clip   *clip
	sent   *sent
	asked  atomic.Int32 // key frames that the origin asked for
	pc     *webrtc.PeerConnection
	video  *webrtc.TrackLocalStaticSample
	sound  *webrtc.TrackLocalStaticSample
	joined chan struct{}
	left   chan struct{} // the connection is gone
}

func newCamera(c *clip) (*camera, error) {
	engine := &webrtc.MediaEngine{}
	h264 := webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeH264, ClockRate: 90000,
		SDPFmtpLine:  "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f",
		RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}},
	}
	opus := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
	if err := engine.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: h264, PayloadType: 96}, webrtc.RTPCodecTypeVideo); err != nil {
		return nil, err
	}
	if err := engine.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: opus, PayloadType: 111}, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, err
	}
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	cam := &camera{clip: c, sent: new(sent), pc: pc, joined: make(chan struct{}), left: make(chan struct{})}
	var once, lost sync.Once
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			once.Do(func() { close(cam.joined) })
		case webrtc.PeerConnectionStateDisconnected, webrtc.PeerConnectionStateFailed:
			lost.Do(func() { close(cam.left) })
		}
	})
	if cam.video, err = webrtc.NewTrackLocalStaticSample(h264, "v", "s"); err != nil {
		return nil, err
	}
	if cam.sound, err = webrtc.NewTrackLocalStaticSample(opus, "a", "s"); err != nil {
		return nil, err
	}
	for _, track := range []webrtc.TrackLocal{cam.video, cam.sound} {
		sender, err := pc.AddTrack(track)
		if err != nil {
			return nil, err
		}
		go cam.listen(sender)
	}
	return cam, nil
}

// listen notes what the origin asks for.
func (c *camera) listen(sender *webrtc.RTPSender) {
	for {
		packets, _, err := sender.ReadRTCP()
		if err != nil {
			return // it is closed
		}
		for _, p := range packets {
			if _, ok := p.(*rtcp.PictureLossIndication); ok {
				c.asked.Add(1)
			}
		}
	}
}

// run broadcasts until ctx ends.
func (c *camera) run(ctx context.Context, endpoint, key string) error {
	defer c.pc.GracefulClose()
	offer, err := c.pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(c.pc)
	if err := c.pc.SetLocalDescription(offer); err != nil {
		return err
	}
	<-gathered
	c.sent.began.Store(time.Now().UnixNano())
	answer, err := c.post(ctx, endpoint, key, c.pc.LocalDescription().SDP)
	if err != nil {
		return err
	}
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		return err
	}
	select {
	case <-c.joined:
	case <-c.left:
		return errors.New("origin: WHIP: no connection")
	case <-ctx.Done():
		return nil
	}
	return c.shoot(ctx)
}

func (c *camera) post(ctx context.Context, endpoint, key, offer string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(offer))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/sdp")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusCreated {
		err = fmt.Errorf("origin: WHIP: status %d: %s", answer.StatusCode, b)
	}
	return string(b), err
}

// shoot sends a frame, and the sound beside it, when it is due, by a schedule fixed at the start: time that it has to wait for a
// processor is not lost to the broadcast.
func (c *camera) shoot(ctx context.Context) error {
	began, timer := time.Now(), time.NewTimer(0)
	defer timer.Stop()
	var answered int32
	var sound time.Duration
	film, key := c.clip.from(0), 0
	for n := 0; ; n++ {
		timer.Reset(time.Until(began.Add(time.Duration(n) * frame)))
		select {
		case <-timer.C:
		case <-c.left:
			return errors.New("origin: WHIP: the connection is lost")
		case <-ctx.Done():
			return nil
		}
		if asked := c.asked.Load(); asked > answered {
			answered, key = asked, key+1
			film = c.clip.from(key)
		}
		s, _ := film.read()
		for !s.video {
			s, _ = film.read()
		}
		if err := c.video.WriteSample(media.Sample{Data: annexB(s, c.clip), Duration: frame}); err != nil {
			return err
		}
		for ; sound < time.Duration(n)*frame; sound += packet {
			if err := c.sound.WriteSample(media.Sample{Data: testclip.Opus, Duration: packet}); err != nil {
				return err
			}
		}
	}
}

// annexB is a frame as RTP's packetizer wants it, with parameter sets before a key frame.
func annexB(s sample, c *clip) (b []byte) {
	begin := []byte{0, 0, 0, 1}
	if s.key {
		b = append(append(append(append(b, begin...), c.sps...), begin...), c.pps...)
	}
	for data := s.data; len(data) > 4; {
		n := int(data[0])<<24 | int(data[1])<<16 | int(data[2])<<8 | int(data[3])
		n = min(n, len(data)-4)
		b = append(append(b, begin...), data[4:4+n]...)
		data = data[4+n:]
	}
	return b
}
