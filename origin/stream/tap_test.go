package stream

import (
	"testing"
	"time"
)

// TestAwaitedFrame: the frame that ends the open part is what a broadcast is read for, unless somebody wants each as it comes.
func TestAwaitedFrame(t *testing.T) {
	all := newStreams(t, t.TempDir())
	s, err := all.Publish("demo", "rtmp")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := s.Awaited(); ok {
		t.Error("something is awaited before anything came")
	}
	if err := s.SetTracks(tracks(t, 2)); err != nil {
		t.Fatal(err)
	}
	send(t, s, 0, 4*time.Second)
	newest, left, ok := s.Awaited()
	if !ok || newest < 3900*time.Millisecond || newest > 4*time.Second || left <= 0 || left > 340*time.Millisecond {
		t.Errorf("%v behind %v is awaited (%v)", left, newest, ok)
	}
	tap := s.Stream().Tap(8)
	for _, urgent := range []bool{true, false} {
		if _, _, ok := s.Awaited(); ok == urgent {
			t.Errorf("something is awaited: %v, while a tap is urgent: %v", ok, urgent)
		}
		tap.Urgent(false)
	}
	tap.Urgent(true)
	tap.Close()
	if _, _, ok := s.Awaited(); !ok {
		t.Error("a tap that is closed counts")
	}
	follower, err := s.Follow(1)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := s.Awaited(); ok {
		t.Error("somebody makes a rendition, who wants each frame as it comes")
	}
	follower.Close()
	s.Close()
	if _, _, ok := s.Awaited(); ok {
		t.Error("something is awaited of a session that has ended")
	}
}
