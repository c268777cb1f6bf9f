package whip

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/shoal-live/shoal/origin/rtc"
)

// offerOf writes an offer that sends one track of each encoding; video first.
func offerOf(encodings ...string) string {
	var b bytes.Buffer
	b.WriteString("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=fingerprint:sha-256 00:11\r\n")
	for _, e := range encodings {
		kind := "video"
		if strings.Contains(e, "48000") {
			kind = "audio"
		}
		b.WriteString("m=" + kind + " 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:96 " + e + "\r\na=fmtp:96 packetization-mode=1\r\na=sendonly\r\n")
	}
	return b.String()
}

// Clause: whip-tracks, whip-simulcast
func TestParseOffer(t *testing.T) {
	for _, c := range []struct {
		name string
		sdp  string
		want error
	}{
		{"both", offerOf("H264/90000", "opus/48000/2"), nil},
		{"picture", offerOf("h264/90000"), nil},
		{"sound", offerOf("OPUS/48000/2"), nil},
		{"nothing", offerOf(), errTracks},
		{"two pictures", offerOf("H264/90000", "H264/90000"), errTracks},
		{"two sounds", offerOf("opus/48000/2", "opus/48000/2"), errTracks},
		{"VP8", offerOf("VP8/90000", "opus/48000/2"), errCodecs},
		{"other sound", offerOf("H264/90000", "L16/48000/2"), errCodecs},
		{"data", offerOf("H264/90000") + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", errTracks},
		{"AV1", offerOf("AV1/90000"), nil},
		{"HEVC", offerOf("H265/90000", "opus/48000/2"), nil},
		{"VP9", offerOf("VP9/90000"), errCodecs},
		{"simulcast", offerOf("H264/90000") + "a=rid:h send\r\na=rid:l send\r\na=simulcast:send h;~l\r\n", nil},
		{"layers without a name", offerOf("H264/90000") + "a=simulcast:send h;l\r\n", rtc.ErrOffer},
		{"more names than layers", offerOf("H264/90000") + "a=rid:h send\r\na=rid:l send\r\na=simulcast:send h\r\n", rtc.ErrOffer},
		{"names alone", offerOf("H264/90000") + "a=rid:h send\r\n", rtc.ErrOffer},
		{"layers twice", offerOf("H264/90000") + "a=rid:h send\r\na=rid:h send\r\na=simulcast:send h;h\r\n", rtc.ErrOffer},
		{"layers that are received", offerOf("H264/90000") + "a=rid:h recv\r\na=simulcast:recv h\r\n", rtc.ErrOffer},
		{"alternatives", offerOf("H264/90000") + "a=rid:h send\r\na=rid:l send\r\na=simulcast:send h,l\r\n", errTracks},
		{"layers by SSRC", offerOf("H264/90000") + "a=ssrc-group:SIM 1 2 3\r\n", errTracks},
		{"nine layers", offerOf("H264/90000") + "a=rid:1 send\r\na=rid:2 send\r\na=rid:3 send\r\na=rid:4 send\r\na=rid:5 send\r\na=rid:6 send\r\n" +
			"a=rid:7 send\r\na=rid:8 send\r\na=rid:9 send\r\na=simulcast:send 1;2;3;4;5;6;7;8;9\r\n", errTracks},
	} {
		o, err := parseOffer(c.sdp)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil && len(o.video)+len(o.audio) == 0 {
			t.Errorf("%s: no codecs", c.name)
		}
	}
}

// TestFirstCoding: what the broadcaster likes best of what HLS carries is taken.
func TestFirstCoding(t *testing.T) {
	offered := func(order string) string {
		return strings.Replace(offerOf("VP8/90000"), "m=video 9 UDP/TLS/RTP/SAVPF 96", "m=video 9 UDP/TLS/RTP/SAVPF "+order, 1) +
			"a=rtpmap:97 AV1/90000\r\na=rtpmap:98 H264/90000\r\na=rtpmap:99 H264/90000\r\na=rtpmap:100 H265/90000\r\n"
	}
	for order, want := range map[string]string{"96 98 97 99 100": "h264", "96 97 98 99": "av1", "100 99 98": "h265"} {
		o, err := parseOffer(offered(order))
		if err != nil || o.coding != want || want == "h264" && len(o.video) != 2 {
			t.Errorf("%s: %+v, %v", order, o, err)
		}
	}
}

func FuzzParseOffer(f *testing.F) {
	f.Add(offerOf("H264/90000") + "a=rid:h send\r\na=rid:l send\r\na=simulcast:send h;~l\r\n")
	f.Add(offerOf("H264/90000", "opus/48000/2"))
	f.Fuzz(func(t *testing.T, s string) {
		o, err := parseOffer(s)
		if err == nil && len(o.video)+len(o.audio) == 0 {
			t.Fatal("an offer of nothing was taken")
		}
	})
}
