package whip

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/webrtc/v4"
	"go.uber.org/goleak"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/rtc/rtctest"
	"github.com/shoal-live/shoal/origin/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Clause: whip-post, whip-location, whip-etag, whip-link, whip-random-urls
func TestBroadcast(t *testing.T) {
	t.Parallel()
	h := open(t)
	c, offer := newCamera(t, webrtc.MimeTypeH264)
	asked := time.Now()
	answer, sdp := h.Do(t, "POST", "/whip/demo", offer, "Authorization", rtctest.Bearer, "Content-Type", rtc.TypeSDP)
	if took := time.Since(asked); answer.StatusCode != http.StatusCreated || took > 8*time.Second {
		t.Fatal(answer.StatusCode, sdp, took)
	}
	location, etag := answer.Header.Get("Location"), answer.Header.Get("ETag")
	session, plain := strings.CutPrefix(location, "/whip/demo/")
	if !plain || strings.ContainsAny(session, "?#/") || len(session) < 20 || len(etag) < 20 || strings.HasPrefix(etag, "W/") ||
		strings.Contains(etag, session) || answer.Header.Get("Content-Type") != rtc.TypeSDP || answer.Header.Get("Accept-Patch") != rtc.TypeFragment {
		t.Fatal(answer.Header)
	}
	if links := answer.Header.Values("Link"); len(links) != 2 || links[0] != `<stun:stun.example:3478>; rel="ice-server"` ||
		links[1] != `<turn:turn.example:3478?transport=udp>; rel="ice-server"; username="me"; credential="it\"s"; credential-type="password"` {
		t.Fatal(links)
	}
	rtctest.Answer(t, c.PeerConnection, sdp)
	<-c.connected
	c.shoot(t, 300)
	h.until(t, 0, func(v *hls.View) bool { return len(v.Segments) >= 3 })
	i := h.streams.Get("demo").Describe()
	if i.State != stream.Live || i.Protocol != "whip" || strings.Join(i.Tracks, " ") != "H264 Opus" || i.Renditions[0].Width != 160 {
		t.Fatalf("%+v", i)
	}

	// another broadcaster is turned away
	_, second := newCamera(t, webrtc.MimeTypeH264)
	if a, text := h.Do(t, "POST", "/whip/demo", second, "Authorization", rtctest.Bearer, "Content-Type", rtc.TypeSDP); a.StatusCode != http.StatusConflict {
		t.Fatal(a.StatusCode, text)
	}
}

// Clause: whip-trickle, whip-if-match, whip-wrong-type, whip-bearer, whip-delete
func TestSession(t *testing.T) {
	t.Parallel()
	h := open(t)
	c, offer := newCamera(t, webrtc.MimeTypeH264)
	location, etag := c.publish(t, h, offer)
	ufrag, pwd := rtc.Credentials(offer)
	lines := "\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n" +
		"a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n"
	fragment := "a=ice-ufrag:" + ufrag + "\r\na=ice-pwd:" + pwd + lines
	for _, p := range []struct {
		name, body, kind, match, key string
		want                         int
	}{
		{"trickle", fragment, rtc.TypeFragment, etag, rtctest.Bearer, 204},
		{"candidates alone", lines, rtc.TypeFragment, etag, rtctest.Bearer, 204},
		{"one of several ETags", fragment, rtc.TypeFragment, `"x", ` + etag, rtctest.Bearer, 204},
		{"a transport nobody knows", "a=mid:0\r\na=candidate:1 1 sctp 1 127.0.0.1 9 typ host\r\n", rtc.TypeFragment, etag, rtctest.Bearer, 204},
		{"a name nobody can look up", "a=mid:0\r\na=candidate:1 1 udp 1 6aa2f8b2.local 9 typ host\r\n", rtc.TypeFragment, etag, rtctest.Bearer, 204},
		{"no If-Match", fragment, rtc.TypeFragment, "", rtctest.Bearer, 428},
		{"other If-Match", fragment, rtc.TypeFragment, `"x"`, rtctest.Bearer, 412},
		{"weak If-Match", fragment, rtc.TypeFragment, "W/" + etag, rtctest.Bearer, 412},
		{"other type", fragment, "text/plain", etag, rtctest.Bearer, 415},
		{"no fragment", "hello", rtc.TypeFragment, etag, rtctest.Bearer, 400},
		{"bad candidate", "a=mid:0\r\na=candidate:x\r\n", rtc.TypeFragment, etag, rtctest.Bearer, 400},
		{"too many candidates", "a=mid:0\r\n" + strings.Repeat("a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n", 65), rtc.TypeFragment, etag, rtctest.Bearer, 400},
		{"foreign key", fragment, rtc.TypeFragment, etag, "Bearer other", 403},
		{"no key", fragment, rtc.TypeFragment, etag, "", 401},
		{"wrong key", fragment, rtc.TypeFragment, etag, "Bearer wrong", 401},
	} {
		a, text := h.Do(t, "PATCH", location, p.body, "Authorization", p.key, "Content-Type", p.kind, "If-Match", p.match)
		if a.StatusCode != p.want || a.Header.Get("ETag") != "" || (p.want == 204) != (text == "") {
			t.Errorf("%s: %d %s", p.name, a.StatusCode, text)
		}
	}
	for key, want := range map[string]int{"Bearer other": 403, "Bearer wrong": 401, "": 401} {
		if a, _ := h.Do(t, "DELETE", location, "", "Authorization", key); a.StatusCode != want {
			t.Errorf("DELETE with %q: %d", key, a.StatusCode)
		}
	}
	if a, _ := h.Do(t, "DELETE", strings.Replace(location, "demo", "other", 1), "", "Authorization", "Bearer other"); a.StatusCode != 404 {
		t.Error("a DELETE by another stream's address:", a.StatusCode)
	}
	c.shoot(t, 100)
	h.until(t, 0, func(v *hls.View) bool { return v.Newest() != nil })
	if i := h.streams.Get("demo").Describe(); i.State != stream.Live {
		t.Fatal("the live stream was touched:", i.State)
	}
	if a, _ := h.Do(t, "DELETE", location, "", "Authorization", rtctest.Bearer, "If-Match", `"stale"`); a.StatusCode != http.StatusOK {
		t.Fatal(a.StatusCode)
	}
	if i := h.streams.Get("demo").Describe(); i.State != stream.Interrupted {
		t.Fatal(i.State)
	}
	for _, method := range []string{"DELETE", "PATCH"} {
		if a, _ := h.Do(t, method, location, fragment, "Authorization", rtctest.Bearer, "Content-Type", rtc.TypeFragment, "If-Match", etag); a.StatusCode != 404 {
			t.Errorf("%s of what is gone: %d", method, a.StatusCode)
		}
	}
	again, offer := newCamera(t, webrtc.MimeTypeH264)
	if second, tag := again.publish(t, h, offer); second == location || tag == etag {
		t.Error("a second session has the address or the ETag of the first")
	}
}

// TestEnds: a broadcaster who ends it, by DELETE or by closing its connection, is not waited for, and viewers are told.
func TestEnds(t *testing.T) {
	for name, end := range map[string]func(h *house, c *camera, location string){
		"DELETE": func(h *house, _ *camera, location string) {
			h.Do(t, "DELETE", location, "", "Authorization", rtctest.Bearer)
		},
		"closed": func(_ *house, c *camera, _ string) { _ = c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			var all sync.WaitGroup
			defer all.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // half the grace
			defer cancel()
			all.Go(func() { h.streams.Run(ctx) })
			c, offer := newCamera(t, webrtc.MimeTypeH264)
			answer, sdp := h.Do(t, "POST", "/whip/demo", offer, "Authorization", rtctest.Bearer, "Content-Type", "application/sdp")
			rtctest.Answer(t, c.PeerConnection, sdp)
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
					t.Fatal("not over after 30 s, but", st.Describe().State)
				}
			}
		})
	}
}

// Clause: whip-wrong-type, whip-tracks, whip-bearer, whip-options
func TestRefusals(t *testing.T) {
	t.Parallel()
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
		{"bad name", "/whip/a.b", good, "application/sdp", rtctest.Bearer, 404, "stream name"},
		{"wrong type", "/whip/demo", good, "text/plain", rtctest.Bearer, 415, "application/sdp"},
		{"no type", "/whip/demo", good, "", rtctest.Bearer, 415, "application/sdp"},
		{"no SDP", "/whip/demo", "hello", "application/sdp", rtctest.Bearer, 400, "SDP"},
		{"empty", "/whip/demo", "", "application/sdp", rtctest.Bearer, 400, "SDP"},
		{"too long", "/whip/demo", strings.Repeat("x", 100<<10), "application/sdp", rtctest.Bearer, 413, "long"},
		{"VP8", "/whip/demo", vp8, "application/sdp", rtctest.Bearer, 422, "H.264"},
		{"no fingerprint", "/whip/demo", strings.ReplaceAll(good, "a=fingerprint", "a=x"), "application/sdp", rtctest.Bearer, 400, "fingerprint"},
		{"receiving", "/whip/demo", strings.ReplaceAll(good, "a=sendonly", "a=recvonly"), "application/sdp", rtctest.Bearer, 422, "one video"},
		{"no password", "/whip/demo", strings.ReplaceAll(good, "a=ice-pwd", "a=x"), "application/sdp", rtctest.Bearer, 400, "SDP"},
	} {
		a, text := h.Do(t, "POST", c.path, c.body, "Authorization", c.key, "Content-Type", c.kind)
		if a.StatusCode != c.want || !strings.Contains(text, c.say) {
			t.Errorf("%s: %d %s", c.name, a.StatusCode, text)
		}
	}
	said := h.log.String()
	if n := strings.Count(said, "whip: refused"); n != 11 || strings.Count(said, "wrong publish key") != 1 || strings.Contains(said, "Bearer") {
		t.Errorf("the log says %d times that an offer was refused: %s", n, said) // not where there is no name or no key
	}
	if st := h.streams.Get("demo"); st != nil && st.Starting() {
		t.Error("a refused offer holds the stream")
	}
	if a, _ := h.Do(t, "OPTIONS", "/whip/demo", ""); a.StatusCode != 204 || a.Header.Get("Accept-Post") != "application/sdp" {
		t.Error(a.StatusCode, a.Header)
	}
	if a, _ := h.Do(t, "GET", "/whip/demo", ""); a.StatusCode != 200 {
		t.Error(a.StatusCode)
	}
	if a, _ := h.Do(t, "PUT", "/whip/demo", "", "Authorization", rtctest.Bearer); a.StatusCode != 405 || a.Header.Get("Allow") == "" {
		t.Error(a.StatusCode)
	}
}

// TestManyOffersAtOnce takes all places before any offer has become a session.
func TestManyOffersAtOnce(t *testing.T) {
	e, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	if e.config.Keyframes <= 0 {
		t.Error("key frames are asked for without a pause")
	}
	e.sessions.Open(t.Context())
	for range maxSessions {
		if ctx, _ := e.sessions.Enter("demo"); ctx == nil {
			t.Fatal("a place was refused while there were free ones")
		}
	}
	if ctx, _ := e.sessions.Enter("other"); ctx != nil {
		t.Fatal("one too many got in")
	}
}

func TestNotListening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		metrics, err := stream.NewMetrics(nil)
		if err != nil {
			t.Fatal(err)
		}
		e, err := New(Config{Authorize: func(string) (string, bool) { return "demo", true }, Metrics: metrics, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
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
