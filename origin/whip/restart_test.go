package whip

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/rtc/rtctest"
)

// restart asks for another ICE, as RFC 9725 has it, and returns the answer; sdp is the broadcaster's new offer, of which only ICE is sent.
func (c *camera) restart(t testing.TB, h *house, location, sdp string) (*http.Response, string) {
	t.Helper()
	fragment, err := rtc.FragmentOf(sdp)
	if err != nil {
		t.Fatal(err)
	}
	return h.Do(t, "PATCH", location, fragment, "Authorization", rtctest.Bearer, "Content-Type", rtc.TypeFragment, "If-Match", "*")
}

// TestRestart restarts ICE twice under a live broadcast: each time by new sockets, and viewers see one stream.
//
// Clause: whip-restart, whip-etag, whip-failed-restart
func TestRestart(t *testing.T) {
	t.Parallel()
	h := open(t)
	c, offer := newCamera(t, webrtc.MimeTypeH264)
	location, etag := c.publish(t, h, offer)
	c.shoot(t, 90)
	h.until(t, 0, func(v *hls.View) bool { return len(v.Segments) >= 1 })
	tags := map[string]bool{etag: true}
	for range 2 {
		before := c.selected(t)
		a, fragment := c.restart(t, h, location, rtctest.Offer(t, c.PeerConnection, &webrtc.OfferOptions{ICERestart: true}))
		etag = a.Header.Get("ETag")
		if a.StatusCode != http.StatusOK || a.Header.Get("Content-Type") != rtc.TypeFragment || tags[etag] || len(etag) < 20 {
			t.Fatal(a.StatusCode, a.Header, fragment)
		}
		tags[etag] = true
		for _, line := range []string{"a=ice-options:trickle", "a=ice-ufrag:", "a=ice-pwd:", "m=", "a=mid:", "a=candidate:", "a=end-of-candidates"} {
			if !strings.Contains("\r\n"+fragment, "\r\n"+line) {
				t.Errorf("the answer has no %s: %s", line, fragment)
			}
		}
		rtctest.Restarted(t, c.PeerConnection, fragment)
		h.pass(t, c, before)
	}
	if n := len(h.streams.Get("demo").Describe().Renditions); n != 1 {
		t.Errorf("%d renditions", n)
	}
	v := h.until(t, 0, func(v *hls.View) bool { return len(v.Segments) >= 4 })
	for _, s := range v.Segments {
		if s.Break && s.MSN > v.Segments[0].MSN {
			t.Errorf("segment %d begins anew", s.MSN)
		}
	}

	// what is refused leaves the session as it is
	ufrag, pwd := rtc.Credentials(c.LocalDescription().SDP)
	stale := c.selected(t)
	for _, p := range []struct {
		name, body, match string
		want              int
	}{
		{"half: no password", "a=ice-ufrag:" + ufrag + "x\r\na=mid:0\r\n", "*", 422},
		{"half: the old password", "a=ice-ufrag:" + ufrag + "x\r\na=ice-pwd:" + pwd + "\r\na=mid:0\r\n", "*", 422},
		{"half: the old name", "a=ice-ufrag:" + ufrag + "\r\na=ice-pwd:" + pwd + "x\r\na=mid:0\r\n", "*", 422},
		{"a short password", "a=ice-ufrag:" + ufrag + "x\r\na=ice-pwd:short\r\na=mid:0\r\n", "*", 400},
		{"not letters", "a=ice-ufrag:a b c d\r\na=ice-pwd:" + pwd + "x\r\na=mid:0\r\n", "*", 400},
		{"unconditional", "a=ice-ufrag:" + ufrag + "x\r\na=ice-pwd:" + pwd + "x\r\na=mid:0\r\n", "", 428},
		{"an ETag of before", "a=ice-ufrag:" + ufrag + "x\r\na=ice-pwd:" + pwd + "x\r\na=mid:0\r\n", `"before"`, 412},
	} {
		a, text := h.Do(t, "PATCH", location, p.body, "Authorization", rtctest.Bearer, "Content-Type", rtc.TypeFragment, "If-Match", p.match)
		if a.StatusCode != p.want || a.Header.Get("ETag") != "" {
			t.Errorf("%s: %d %s", p.name, a.StatusCode, text)
		}
	}
	if c.selected(t) != stale {
		t.Error("the connection was touched")
	}
	c.shoot(t, 70)
	h.until(t, 0, func(w *hls.View) bool { return w.Newest() != nil && w.Newest().MSN > v.Newest().MSN })
	if a, _ := h.Do(t, "DELETE", location, "", "Authorization", rtctest.Bearer); a.StatusCode != http.StatusOK {
		t.Error(a.StatusCode)
	}
}

// TestRestartInVain: of a restart whose broadcaster cannot be reached the session survives, until another gets through.
//
// Clause: whip-failed-restart
func TestRestartInVain(t *testing.T) {
	t.Parallel()
	h := open(t)
	c, offer := newCamera(t, webrtc.MimeTypeH264)
	location, _ := c.publish(t, h, offer)
	c.shoot(t, 90)
	before := c.selected(t)
	nowhere := "a=ice-ufrag:abcdefgh\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
	if a, text := h.Do(t, "PATCH", location, nowhere, "Authorization", rtctest.Bearer, "Content-Type", rtc.TypeFragment, "If-Match", "*"); a.StatusCode != 200 {
		t.Fatal(a.StatusCode, text)
	}
	a, fragment := c.restart(t, h, location, rtctest.Offer(t, c.PeerConnection, &webrtc.OfferOptions{ICERestart: true}))
	if a.StatusCode != http.StatusOK {
		t.Fatal(a.StatusCode, fragment)
	}
	rtctest.Restarted(t, c.PeerConnection, fragment)
	h.pass(t, c, before)
}

// selected returns the local end of the pair that media go by; empty while there is none.
func (c *camera) selected(t testing.TB) string {
	t.Helper()
	pair, err := c.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return ""
	}
	return pair.Local.String()
}

// pass sends media until they come through by another pair.
func (h *house) pass(t testing.TB, c *camera, before string) {
	t.Helper()
	first := h.until(t, 0, func(*hls.View) bool { return true })
	h.until(t, 0, func(v *hls.View) bool {
		c.shoot(t, 15)
		now := c.selected(t)
		return now != "" && now != before && v.Newest() != nil && (first.Newest() == nil || v.Newest().MSN > first.Newest().MSN+1)
	})
}

// TestTCP broadcasts by TCP alone, where a network lets no UDP through, and restarts ICE there.
//
// Clause: whip-ice-tcp, whip-one-port
func TestTCP(t *testing.T) {
	t.Parallel()
	h := open(t)
	c, offer := newCameraOn(t, webrtc.MimeTypeH264, webrtc.NetworkTypeTCP4)
	location, _ := c.publish(t, h, offer)
	c.shoot(t, 200)
	h.until(t, 0, func(v *hls.View) bool { return len(v.Segments) >= 2 })
	by := c.selected(t)
	if !strings.HasPrefix(by, "tcp") {
		t.Fatalf("media go by %q", by)
	}
	a, fragment := c.restart(t, h, location, rtctest.Offer(t, c.PeerConnection, &webrtc.OfferOptions{ICERestart: true}))
	if a.StatusCode != http.StatusOK {
		t.Fatal(a.StatusCode, fragment)
	}
	rtctest.Restarted(t, c.PeerConnection, fragment)
	h.pass(t, c, by)
	if by = c.selected(t); !strings.HasPrefix(by, "tcp") {
		t.Errorf("after the restart media go by %q", by)
	}
}
