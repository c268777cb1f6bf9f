package whip

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/testclip"
)

// TestTrackThatComesLater: an offered track that sends nothing at first is waited for a moment and then left out; when it comes, the stream goes on
// with it behind a discontinuity.
func TestTrackThatComesLater(t *testing.T) {
	for name, c := range map[string]struct {
		sound, picture bool // at first
		tracks         string
	}{
		"sound":   {false, true, "H264"},
		"picture": {true, false, "Opus"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				s.layers = nil
				s.feed = newFeed(s.feed.session, offer{coding: "h264", video: make([]rtc.Codec, 1), audio: []rtc.Codec{{}}}, s.wanted)
				t.Cleanup(s.feed.close)
				film := &filmed{width: 20, height: 11, start: 1 << 20, ssrc: 1, wanted: true}
				spoken := uint16(0)
				send := func(seconds int, sound, picture bool) {
					t.Helper()
					for range 50 * seconds {
						if picture && s.n%2 == 0 {
							film.wanted = film.wanted || s.n%100 == 0
							for _, p := range film.frame(s.n / 2) {
								if err := s.feed.packet(s.feed.layer(""), p, time.Now()); err != nil {
									t.Fatal(err)
								}
							}
						}
						if sound {
							p := &rtp.Packet{Header: rtp.Header{Version: 2, SSRC: 11, SequenceNumber: spoken, Timestamp: uint32(s.n) * 960}, Payload: testclip.Opus}
							if err := s.feed.packet(nil, p, time.Now()); err != nil {
								t.Fatal(err)
							}
							spoken++
						}
						s.n++
						time.Sleep(20 * time.Millisecond)
					}
				}
				send(12, c.sound, c.picture)
				d := s.st.Describe()
				before, _ := s.st.Window(0).View()
				if got := strings.Join(d.Tracks, " "); got != c.tracks || len(before.Segments) < 3 {
					t.Fatalf("%q is live, with %d segments", got, len(before.Segments))
				}
				send(12, true, true)
				d = s.st.Describe()
				after, _ := s.st.Window(0).View()
				breaks := 0
				for _, g := range after.Segments {
					if g.Break {
						breaks++
					}
				}
				if got := strings.Join(d.Tracks, " "); got != "H264 Opus" || breaks != 1 || d.LastMSN < before.Newest().MSN+3 {
					t.Errorf("%q is live behind %d discontinuities; segment %d is the newest, after %d", got, breaks, d.LastMSN, before.Newest().MSN)
				}
			})
		})
	}
}

// TestSilentTrack: the same of a peer connection, whose sound is offered and comes later.
func TestSilentTrack(t *testing.T) {
	t.Parallel()
	h := open(t)
	c, offer := newCamera(t, webrtc.MimeTypeH264)
	c.publish(t, h, offer)
	var sound *webrtc.TrackLocalStaticSample
	c.audio, sound = nil, c.audio
	tracks := func() string { return strings.Join(h.streams.Get("demo").Describe().Tracks, " ") }
	h.until(t, 0, func(v *hls.View) bool {
		c.shoot(t, 30)
		return v.Newest() != nil
	})
	if got := tracks(); got != "H264" {
		t.Fatalf("%q is live", got)
	}
	c.audio = sound
	h.until(t, 0, func(v *hls.View) bool {
		c.shoot(t, 30)
		return tracks() == "H264 Opus"
	})
}
