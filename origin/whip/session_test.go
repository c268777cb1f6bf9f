package whip

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
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
	s := &session{publish: publish, pc: pc, ended: make(chan struct{})}
	s.feed = newFeed(publish, offer{audio: []codec{{}}}, s.askKeyframe)
	s.end = func(err error) { s.cause = err; close(s.ended) }
	s.end(errDeleted)
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
	s := &session{ended: make(chan struct{})}
	s.end = func(err error) { s.cause = err; close(s.ended) }
	for n := range maxTracks {
		if !s.enter(&webrtc.TrackRemote{}) {
			t.Fatalf("source %d is not read", n)
		}
	}
	if s.enter(&webrtc.TrackRemote{}) {
		t.Error("one too many is read")
	}
	if <-s.ended; !errors.Is(s.cause, errSources) {
		t.Error(s.cause)
	}
}
