package whip

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/shoal-live/shoal/origin/rtc/rtctest"
	"github.com/shoal-live/shoal/origin/stream"
)

// Clause: keys
func TestRevokedKeyEndsTheSession(t *testing.T) {
	h := open(t)
	c, offer := newCamera(t, webrtc.MimeTypeH264)
	answer, sdp := h.Do(t, "POST", "/whip/demo", offer, "Authorization", rtctest.Bearer, "Content-Type", "application/sdp")
	rtctest.Answer(t, c.PeerConnection, sdp)
	<-c.connected
	closed := make(chan struct{})
	var once sync.Once // disconnected may be followed by closed
	c.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateClosed || s == webrtc.PeerConnectionStateDisconnected || s == webrtc.PeerConnectionStateFailed {
			once.Do(func() { close(closed) })
		}
	})
	c.shoot(t, 100)
	if got := h.streams.Evict(func(key string) bool { return key == "secret" }); len(got) != 0 {
		t.Fatal("a key that holds was taken for one that does not:", got)
	}
	if got := h.streams.Evict(func(string) bool { return false }); len(got) != 1 || got[0] != "demo" {
		t.Fatal(got)
	}
	select {
	case <-closed:
	case <-time.After(time.Minute):
		t.Fatal("the broadcaster is still connected")
	}
	if i := h.streams.Get("demo").Describe(); i.State == stream.Live {
		t.Fatal(i.State)
	}
	for { // the session's address is gone once it has ended
		a, _ := h.Do(t, "DELETE", answer.Header.Get("Location"), "", "Authorization", rtctest.Bearer)
		if a.StatusCode == 404 || a.StatusCode == 200 {
			break
		}
	}
	if said := h.log.String(); strings.Count(said, "revoked: the broadcast ends") != 1 || strings.Contains(said, stream.ErrReplaced.Error()) || strings.Contains(said, "secret") {
		t.Error(said)
	}
	if n := h.streams.Evict(func(string) bool { return false }); len(n) != 0 {
		t.Error("ended twice:", n)
	}
}
