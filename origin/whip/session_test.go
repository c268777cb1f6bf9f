package whip

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/shoal-live/shoal/origin/rtc"
)

// TestLateTrack: a track that is told of when its session is over is not read.
func TestLateTrack(t *testing.T) {
	h := open(t)
	publish, err := h.streams.Publish("demo", "whip")
	if err != nil {
		t.Fatal(err)
	}
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	s := &session{Session: rtc.NewSession("demo"), publish: publish, pc: pc}
	s.feed = newFeed(publish, offer{audio: []rtc.Codec{{}}}, s.askKeyframe)
	s.End(errDeleted)
	if err := s.run(context.Background(), time.Minute); !errors.Is(err, errDeleted) {
		t.Fatal(err)
	}
	s.track(&webrtc.TrackRemote{}, &webrtc.RTPReceiver{}) // to read it would panic
	s.readers.Wait()
}

// TestManySources ends the session of a broadcaster that sends from ever another source, as an offer that names none allows.
//
// Clause: hostile
func TestManySources(t *testing.T) {
	s := &session{Session: rtc.NewSession("demo")}
	for n := range maxTracks {
		if !s.enter(&webrtc.TrackRemote{}) {
			t.Fatalf("source %d is not read", n)
		}
	}
	if s.enter(&webrtc.TrackRemote{}) {
		t.Error("one too many is read")
	}
	if cause := s.Cause(); !errors.Is(cause, errSources) {
		t.Error(cause)
	}
}
