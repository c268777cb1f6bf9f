package whep

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/rtc/rtctest"
	"github.com/shoal-live/shoal/origin/testclip"
)

// Clause: whep-play
func TestPlay(t *testing.T) {
	h := open(t, nil)
	on := make(chan struct{})
	goOn := sync.OnceFunc(func() { close(on) })
	t.Cleanup(goOn)
	h.broadcast(t, "opus", 100, func(n int, _ *media.Frame) { // 40 frames after the newest key frame it pauses
		if n > 100 {
			<-on
		}
	})
	v := newViewer(t)
	began, key := time.Now(), h.newestKey()
	h.play(t, v)
	first := next(t, v.packets[webrtc.RTPCodecTypeVideo], "picture")
	if first.Payload[0]&0x1f != 24 || first.Payload[3]&0x1f != 7 {
		t.Errorf("the first packet holds %x, not parameter sets", first.Payload[:4])
	}
	t.Logf("first packet of a picture %v after the offer, of a broadcast that pauses", time.Since(began))
	goOn()

	// what was missed comes first, all at once; nothing is lost
	for last, n := first, 0; n < 70; n++ {
		p := next(t, v.packets[webrtc.RTPCodecTypeVideo], "picture")
		if p.SequenceNumber != last.SequenceNumber+1 {
			t.Fatalf("packet %d after %d", p.SequenceNumber, last.SequenceNumber)
		}
		if d := p.Timestamp - last.Timestamp; d != 0 && d-2999 > 2 {
			t.Fatalf("a picture %d ticks after the one before", d)
		}
		last = p
	}

	// sender reports of sound and picture count from the same time of day
	session := h.session(v)
	zero := func(sr *rtcp.SenderReport, o *outlet) float64 {
		return float64(sr.NTPTime>>32) + float64(sr.NTPTime&0xffffffff)/(1<<32) - float64(sr.RTPTime-o.base)/float64(o.rate)
	}
	picture := next(t, v.reports[webrtc.RTPCodecTypeVideo], "sender report")
	sound := next(t, v.reports[webrtc.RTPCodecTypeAudio], "sender report")
	for picture.NTPTime != sound.NTPTime { // before there was a packet of both there was a report of one
		if picture.NTPTime < sound.NTPTime {
			picture = next(t, v.reports[webrtc.RTPCodecTypeVideo], "sender report")
		} else {
			sound = next(t, v.reports[webrtc.RTPCodecTypeAudio], "sender report")
		}
	}
	if d := zero(picture, session.video) - zero(sound, session.audio); d < -0.001 || d > 0.001 {
		t.Errorf("picture and sound are %.1f ms apart", 1000*d)
	}
	if first.Timestamp != session.video.timestamp(key) {
		t.Errorf("the first picture is %d ticks after the newest key frame", first.Timestamp-session.video.timestamp(key))
	}

	if a, _ := h.Do(t, "DELETE", v.location, "", "Authorization", "Bearer other"); a.StatusCode != http.StatusForbidden {
		t.Error("a foreign DELETE:", a.StatusCode)
	}
	if a, _ := h.Do(t, "DELETE", v.location, "", "Authorization", rtctest.Bearer); a.StatusCode != http.StatusOK {
		t.Fatal(a.StatusCode)
	}
	if len(h.endpoint.sessions.All())+h.endpoint.sessions.Taken() != 0 {
		t.Error("DELETE has left something")
	}
	if a, _ := h.Do(t, "DELETE", v.location, "", "Authorization", rtctest.Bearer); a.StatusCode != http.StatusNotFound {
		t.Error("deleted twice:", a.StatusCode)
	}
}

// TestRestart: media go on after ICE has begun anew, as by WHIP; what is refused leaves the session as it is.
//
// Clause: whep-play
func TestRestart(t *testing.T) {
	h := open(t, nil)
	h.broadcast(t, "opus", 70, nil)
	v := newViewer(t)
	h.play(t, v)
	next(t, v.packets[webrtc.RTPCodecTypeVideo], "picture")
	fragment, err := rtc.FragmentOf(rtctest.Offer(t, v.PeerConnection, &webrtc.OfferOptions{ICERestart: true}))
	if err != nil {
		t.Fatal(err)
	}
	patch := func(body, match string) (*http.Response, string) {
		return h.Do(t, "PATCH", v.location, body, "Authorization", rtctest.Bearer, "Content-Type", rtc.TypeFragment, "If-Match", match)
	}
	trickled := "a=mid:0\r\na=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host\r\n"
	for _, c := range []struct {
		name, body, match string
		want              int
	}{
		{"no If-Match", fragment, "", 428}, {"another ETag", fragment, `"x"`, 412}, {"no fragment", "hello", "*", 400},
		{"candidates", trickled, v.etag, 204},
	} {
		if a, text := patch(c.body, c.match); a.StatusCode != c.want {
			t.Errorf("%s: %d %s", c.name, a.StatusCode, text)
		}
	}
	a, answer := patch(fragment, "*")
	if a.StatusCode != http.StatusOK || a.Header.Get("ETag") == v.etag || a.Header.Get("Content-Type") != rtc.TypeFragment {
		t.Fatal(a.StatusCode, a.Header, answer)
	}
	rtctest.Restarted(t, v.PeerConnection, answer)
	for range 60 {
		next(t, v.packets[webrtc.RTPCodecTypeVideo], "picture after the restart")
	}
	if a, text := patch(trickled, v.etag); a.StatusCode != 412 {
		t.Errorf("the ETag of before: %d %s", a.StatusCode, text)
	}
}

// Clause: whep-no-sound, explained
func TestNoSound(t *testing.T) {
	for _, c := range []struct{ sound, want string }{{"aac", "ffmpeg"}, {"", "no sound"}} {
		t.Run(c.sound, func(t *testing.T) {
			h := open(t, nil)
			h.broadcast(t, c.sound, 30, nil)
			v := newViewer(t)
			h.play(t, v)
			if !strings.Contains(v.silence, c.want) {
				t.Errorf("the answer says %q", v.silence)
			}
			if strings.Count(v.answer, "a=sendonly") != 1 || !strings.Contains(v.answer, "a=inactive") {
				t.Errorf("the answer has sound:\n%s", v.answer)
			}
			next(t, v.packets[webrtc.RTPCodecTypeVideo], "picture")
			_, text := h.Do(t, "GET", "/whep/demo", "")
			var s State
			if err := json.Unmarshal([]byte(text), &s); err != nil || !s.Playable || s.Sound || !strings.Contains(s.Silence, c.want) {
				t.Error(err, text)
			}
		})
	}
}

// TestNoEncoder: an ffmpeg that is there and cannot make Opus is told of to whoever comes next, in the answer and by GET. The sound stays
// in the answer, as it may come.
//
// Clause: whep-no-sound
func TestNoEncoder(t *testing.T) {
	program := filepath.Join(t.TempDir(), "ffmpeg")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho Unknown encoder libopus >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	h := open(t, func(c *Config) { c.FFmpeg = program })
	h.broadcast(t, "aac", 70, nil)
	first := newViewer(t)
	h.play(t, first)
	told := ""
	for n := 0; n < 1000 && !strings.Contains(told, "fails to make Opus"); n++ {
		next(t, first.packets[webrtc.RTPCodecTypeVideo], "picture")
		_, told = h.Do(t, "GET", "/whep/demo", "")
	}
	if strings.Contains(told, "Unknown encoder") {
		t.Error("what ffmpeg says is for the log:", told)
	}
	v := newViewer(t)
	h.play(t, v)
	if first.silence != "" || !strings.Contains(v.silence, "fails to make Opus") || strings.Count(v.answer, "a=sendonly") != 2 {
		t.Errorf("%q, then %q, and the answer is\n%s", first.silence, v.silence, v.answer)
	}
	f := &feed{ffmpeg: program}
	f.audio = &media.Track{Codec: &codecs.MPEG4Audio{Config: mpeg4audio.AudioSpecificConfig{Type: 42, SampleRate: 48000}}, RFC: "mp4a.40.42"}
	if err := f.soundless(); err == nil || !strings.Contains(err.Error(), "mp4a.40.42") {
		t.Errorf("of xHE-AAC: %v", err)
	}
}

// TestOpus: AAC becomes Opus of the same time while somebody listens.
func TestOpus(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Fatal("ffmpeg is missing: scripts/test installs it")
	}
	h := open(t, func(c *Config) { c.FFmpeg = ffmpeg })
	h.broadcast(t, "aac", 70, nil)
	v := newViewer(t)
	began := time.Now()
	h.play(t, v)
	first := next(t, v.packets[webrtc.RTPCodecTypeAudio], "sound")
	t.Logf("first sound %v after the offer", time.Since(began))
	for n := range 20 {
		p := next(t, v.packets[webrtc.RTPCodecTypeAudio], "sound")
		if want := first.Timestamp + uint32(n+1)*960; p.Timestamp-want+2400 > 4800 {
			t.Fatalf("packet %d at %d, not %d", n, p.Timestamp, want)
		}
	}
	if v.silence != "" {
		t.Error(v.silence)
	}
	h.Do(t, "DELETE", v.location, "", "Authorization", rtctest.Bearer)
	h.endpoint.mu.Lock()
	defer h.endpoint.mu.Unlock()
	for _, f := range h.endpoint.feeds {
		f.mu.Lock()
		if f.opus != nil {
			t.Error("ffmpeg runs on though nobody listens")
		}
		f.mu.Unlock()
	}
}

// TestEvict: a viewer goes with the key that let it in.
func TestEvict(t *testing.T) {
	h := open(t, nil)
	h.broadcast(t, "opus", 30, nil)
	v := newViewer(t)
	h.play(t, v)
	s := h.session(v)
	h.endpoint.Evict(func(key string) bool { return key == "secret" })
	select {
	case <-s.Ended():
		t.Fatal("its key holds")
	default:
	}
	h.endpoint.Evict(func(string) bool { return false })
	<-s.Closed()
	if cause := s.Cause(); cause != errRevoked {
		t.Error(cause)
	}
}

// TestEndedAsItConnects: a session that ends at the moment at which it is connected is not fed on.
func TestEndedAsItConnects(t *testing.T) {
	h := open(t, nil)
	h.broadcast(t, "opus", 30, nil)
	f := h.endpoint.hold(h.streams.Get("demo"))
	defer h.endpoint.release(f)
	track, _, err := f.playable(t.Context(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	v := newViewer(t)
	for n := range 50 {
		o, err := parseOffer(v.offer)
		if err != nil {
			t.Fatal(err)
		}
		video, err := o.choose(track)
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := answer(t.Context(), h.endpoint.config.Port, rtc.Aside{Log: h.endpoint.config.Log}, v.offer, o, f, video, true)
		if err != nil {
			t.Fatal(err)
		}
		s.End(errDeleted)
		close(s.connected)
		_ = s.run(t.Context())
		f.mu.Lock()
		left := len(f.queues)
		f.mu.Unlock()
		if left != 0 {
			t.Fatalf("session %d is fed after its end", n)
		}
	}
}

func TestRefusals(t *testing.T) {
	h := open(t, nil)
	v := newViewer(t)
	if a, text := h.Do(t, "POST", "/whep/demo", v.offer, "Authorization", rtctest.Bearer, "Content-Type", "application/sdp"); a.StatusCode != http.StatusConflict ||
		!strings.Contains(text, "not live") || a.Header.Get("Retry-After") == "" {
		t.Error("nobody broadcasts:", a.StatusCode, text)
	}
	h.broadcast(t, "opus", 30, nil)
	for _, c := range []struct {
		name, path, body, kind, key string
		want                        int
		say                         string
	}{
		{"no key", "/whep/demo", v.offer, "application/sdp", "", 401, "publish key"},
		{"wrong key", "/whep/demo", v.offer, "application/sdp", "Bearer wrong", 401, "wrong publish key"},
		{"other stream's key", "/whep/demo", v.offer, "application/sdp", "Bearer other", 403, "another stream"},
		{"bad name", "/whep/a.b", v.offer, "application/sdp", rtctest.Bearer, 404, "stream name"},
		{"wrong type", "/whep/demo", v.offer, "text/plain", rtctest.Bearer, 415, "application/sdp"},
		{"no SDP", "/whep/demo", "hello", "application/sdp", rtctest.Bearer, 400, "SDP"},
		{"too long", "/whep/demo", strings.Repeat("x", 100<<10), "application/sdp", rtctest.Bearer, 413, "long"},
		{"no fingerprint", "/whep/demo", strings.ReplaceAll(v.offer, "a=fingerprint", "a=x"), "application/sdp", rtctest.Bearer, 400, "fingerprint"},
		{"sending", "/whep/demo", strings.ReplaceAll(v.offer, "a=recvonly", "a=sendonly"), "application/sdp", rtctest.Bearer, 422, "/whip/"},
		{"no H.264", "/whep/demo", strings.ReplaceAll(v.offer, "H264/90000", "H266/90000"), "application/sdp", rtctest.Bearer, 406, "H264"},
		{"a crowd of candidates", "/whep/demo", v.offer + strings.Repeat("a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", 130), "application/sdp", rtctest.Bearer, 400, "candidates"},
		{"no password", "/whep/demo", strings.ReplaceAll(v.offer, "a=ice-pwd", "a=x"), "application/sdp", rtctest.Bearer, 400, "SDP"},
	} {
		a, text := h.Do(t, "POST", c.path, c.body, "Authorization", c.key, "Content-Type", c.kind)
		if a.StatusCode != c.want || !strings.Contains(text, c.say) {
			t.Errorf("%s: %d %s", c.name, a.StatusCode, text)
		}
	}

	// places are given back, and no more are given than there are
	for n := range 3 {
		a, text := h.Do(t, "POST", "/whep/demo", newViewer(t).offer, "Authorization", rtctest.Bearer, "Content-Type", "application/sdp")
		if want := map[int]int{0: 201, 1: 201, 2: 503}[n]; a.StatusCode != want {
			t.Errorf("viewer %d: %d %s", n, a.StatusCode, text)
		}
	}
}

// TestReordered: B-frames are refused, and a stream that begins to have them is not shown on.
//
// Clause: explained
func TestReordered(t *testing.T) {
	h := open(t, nil)
	begin := make(chan struct{})
	h.broadcast(t, "opus", 30, func(n int, f *media.Frame) {
		select {
		case <-begin:
			if n%3 == 1 {
				f.PTS += 3 * testclip.Interval
			}
		default:
		}
	})
	v := newViewer(t)
	h.play(t, v)
	next(t, v.packets[webrtc.RTPCodecTypeVideo], "picture")
	s := h.session(v)
	close(begin)
	<-s.Closed()
	if cause := s.Cause(); cause != errReordered {
		t.Error("ended by", cause)
	}
	if a, text := h.Do(t, "POST", "/whep/demo", newViewer(t).offer, "Authorization", rtctest.Bearer, "Content-Type", "application/sdp"); a.StatusCode != http.StatusConflict ||
		!strings.Contains(text, "B-frames") {
		t.Error(a.StatusCode, text)
	}
}

func FuzzParseOffer(f *testing.F) {
	f.Add("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 00\r\nm=video 9 UDP/TLS/RTP/SAVPF 102\r\n" +
		"c=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=recvonly\r\na=rtpmap:102 H264/90000\r\na=fmtp:102 packetization-mode=1\r\n")
	track := picture(f)
	f.Fuzz(func(t *testing.T, s string) {
		o, err := parseOffer(s)
		if err == nil && !o.hasVideo && !o.hasAudio {
			t.Fatal("an offer of nothing was taken")
		}
		if c, err := o.choose(track); err == nil && c.Name != "H264" {
			t.Fatal(c)
		}
	})
}

// TestNotYet: of a broadcast whose first key frame has not come it is said so, with an invitation to come again.
func TestNotYet(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	session, err := h.streams.Publish("demo", "test")
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	began := time.Now()
	a, text := h.Do(t, "POST", "/whep/demo", newViewer(t).offer, "Authorization", rtctest.Bearer, "Content-Type", "application/sdp")
	if a.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "key frame") || a.Header.Get("Retry-After") == "" || time.Since(began) < knownWithin {
		t.Error(a.StatusCode, text, time.Since(began))
	}
	if _, text := h.Do(t, "GET", "/whep/demo", ""); !strings.Contains(text, "key frame") || !strings.Contains(text, `"playable":false`) {
		t.Error(text)
	}
}
