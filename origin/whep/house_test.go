package whep

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"go.uber.org/goleak"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/rtc/rtctest"
	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/testclip"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is an endpoint with streams.
type house struct {
	rtctest.Server
	endpoint *Endpoint
	streams  *stream.Streams
}

func open(t testing.TB, change func(*Config)) *house {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	counted, err := stream.NewMetrics(nil)
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := NewMetrics(nil)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{}
	streams := rtctest.Streams(t)
	streams.Live = func(ctx context.Context, st *stream.Stream) { h.endpoint.Live(ctx, st) }
	h.streams = stream.New(streams, counted, log)
	config := Config{
		Port: rtctest.Open(t, log), Authorize: rtctest.Authorize, Streams: h.streams, Viewers: 3, PerStream: 2,
		ICEServers: []string{"stun:stun.example:3478"}, Metrics: metrics, Log: log,
	}
	if change != nil {
		change(&config)
	}
	if h.endpoint, err = New(config); err != nil {
		t.Fatal(err)
	}
	h.endpoint.sessions.Open(rtctest.Run(t, h.endpoint.Run, h.streams.Run))
	h.Server = rtctest.Serve(t, "/whep", h.endpoint)
	return h
}

func picture(t testing.TB) media.Track {
	t.Helper()
	sps, pps := testclip.Parameters()
	track, err := media.NewH264(sps, pps)
	if err != nil {
		t.Fatal(err)
	}
	return track
}

func sound(t testing.TB, codec string) (track media.Track, packet []byte, length time.Duration) {
	t.Helper()
	var err error
	if codec == "opus" {
		track, err = media.NewOpus(2)
		packet, length = testclip.Opus, 20*time.Millisecond
	} else {
		track, err = media.NewAAC(testclip.AACConfig())
		packet, length = testclip.AAC, track.SampleLength
	}
	if err != nil {
		t.Fatal(err)
	}
	return track, packet, length
}

// broadcast publishes the clip, as fast as its frames are, with the sound named, until the test ends. It returns once frames frames were written.
func (h *house) broadcast(t testing.TB, audio string, frames int, change func(n int, f *media.Frame)) {
	t.Helper()
	session, err := h.streams.Publish("demo", "test")
	if err != nil {
		t.Fatal(err)
	}
	f := h.endpoint.hold(session.Stream()) // as Live does once there is a part, which is too late for who writes so fast
	t.Cleanup(func() { h.endpoint.release(f) })
	tracks := []media.Track{picture(t)}
	var packet []byte
	var length time.Duration
	if audio != "" {
		var track media.Track
		track, packet, length = sound(t, audio)
		tracks = append(tracks, track)
	}
	if err := session.SetTracks(tracks); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	written := make(chan struct{})
	all.Go(func() {
		units := testclip.Units()
		pace := time.NewTicker(testclip.Interval)
		defer pace.Stop()
		defer session.Close()
		heard := time.Duration(0)
		for n := 0; ; n++ {
			u := media.ParseH264(units[n%len(units)])
			at := time.Duration(n) * testclip.Interval
			f := media.Frame{Video: true, DTS: at, PTS: at, Key: u.Key, Bytes: u.Bytes}
			if change != nil {
				change(n, &f)
			}
			if session.Write(f) != nil {
				return
			}
			for ; length > 0 && heard <= at; heard += length {
				if session.Write(media.Frame{DTS: heard, PTS: heard, Length: length, Key: true, Bytes: packet}) != nil {
					return
				}
			}
			if n == frames {
				close(written)
			}
			if n >= frames {
				select {
				case <-pace.C:
				case <-ctx.Done():
					return
				}
			}
		}
	})
	t.Cleanup(func() { cancel(); all.Wait() })
	<-written
}

// viewer is a player's peer connection.
type viewer struct {
	*webrtc.PeerConnection
	offer    string
	location string
	etag     string
	answer   string
	silence  string
	packets  map[webrtc.RTPCodecType]chan *rtp.Packet
	reports  map[webrtc.RTPCodecType]chan *rtcp.SenderReport
}

func newViewer(t testing.TB, kinds ...webrtc.RTPCodecType) *viewer {
	t.Helper()
	var all sync.WaitGroup
	t.Cleanup(all.Wait) // once the connection is closed
	pc := rtctest.Peer(t)
	v := &viewer{PeerConnection: pc, packets: map[webrtc.RTPCodecType]chan *rtp.Packet{}, reports: map[webrtc.RTPCodecType]chan *rtcp.SenderReport{}}
	if len(kinds) == 0 {
		kinds = []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo}
	}
	for _, kind := range kinds {
		v.packets[kind], v.reports[kind] = make(chan *rtp.Packet, 4096), make(chan *rtcp.SenderReport, 64)
		if _, err := pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			t.Fatal(err)
		}
	}
	pc.OnTrack(func(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		all.Go(func() {
			for {
				p, _, err := track.ReadRTP()
				if err != nil {
					return
				}
				select {
				case v.packets[track.Kind()] <- p:
				default:
				}
			}
		})
		all.Go(func() {
			for {
				all, _, err := receiver.ReadRTCP()
				if err != nil {
					return
				}
				for _, p := range all {
					if sr, ok := p.(*rtcp.SenderReport); ok {
						v.reports[track.Kind()] <- sr
					}
				}
			}
		})
	})
	v.offer = rtctest.Offer(t, pc, nil)
	return v
}

// play posts the viewer's offer and connects.
func (h *house) play(t testing.TB, v *viewer) {
	t.Helper()
	a, sdp := h.Do(t, "POST", "/whep/demo", v.offer, "Authorization", rtctest.Bearer, "Content-Type", "application/sdp")
	if a.StatusCode != http.StatusCreated {
		t.Fatal(a.StatusCode, sdp)
	}
	v.location, v.etag, v.answer, v.silence = a.Header.Get("Location"), a.Header.Get("ETag"), sdp, a.Header.Get(SilenceHeader)
	if !strings.HasPrefix(v.location, "/whep/demo/") || len(v.etag) < 10 || a.Header.Get("Content-Type") != "application/sdp" || a.Header.Get("Accept-Patch") == "" ||
		a.Header.Get("Link") != `<stun:stun.example:3478>; rel="ice-server"` {
		t.Fatal(a.Header)
	}
	rtctest.Answer(t, v.PeerConnection, sdp)
}

// newestKey returns the time of the key frame that a viewer would get now.
func (h *house) newestKey() time.Duration {
	f := h.endpoint.hold(h.streams.Get("demo"))
	defer h.endpoint.release(f)
	f.drain()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.kept[0].PTS
}

// session returns what the endpoint has of a viewer.
func (h *house) session(v *viewer) *session {
	s, _ := h.endpoint.sessions.Find("demo", v.location[len("/whep/demo/"):])
	return s
}

func next[T any](t testing.TB, from chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(time.Minute):
		t.Fatal("no ", what)
	}
	return v
}
