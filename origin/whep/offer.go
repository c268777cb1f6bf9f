package whep

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/rtc"
)

// What can be wrong with an offer. The texts are shown to whoever sent it.
var (
	errTracks = errors.New("whep: an offer must receive one video track, one audio track, or one of each")
	errCodecs = errors.New("whep: the offer does not have the stream's codec")
)

const (
	maxCodecs = 64
	videoRate = 90000
	soundRate = 48000
)

// codec is one payload type of an offer.
type codec struct {
	name    string // "H264"
	payload uint8
	fmtp    string
}

// offer is what matters of an SDP offer.
type offer struct {
	hasVideo, hasAudio bool
	video, audio       []codec
}

// parseOffer reads an offer and refuses what cannot be answered as a whole.
func parseOffer(text string) (offer, error) {
	var o offer
	var s sdp.SessionDescription
	if err := s.UnmarshalString(text); err != nil {
		return o, fmt.Errorf("%w: %w", rtc.ErrOffer, err)
	}
	if ufrag, _ := rtc.Credentials(text); ufrag == "" || !strings.Contains(text, "a=fingerprint:") {
		return o, fmt.Errorf("%w: no ICE credentials or no DTLS fingerprint", rtc.ErrOffer)
	}
	for _, m := range s.MediaDescriptions {
		_, inactive := m.Attribute("inactive")
		_, bundled := m.Attribute("bundle-only")
		if inactive || m.MediaName.Port.Value == 0 && !bundled {
			continue
		}
		if _, sends := m.Attribute("sendonly"); sends {
			return o, fmt.Errorf("%w; to send, POST to /whip/NAME", errTracks)
		}
		switch kind := m.MediaName.Media; {
		case kind == "video" && !o.hasVideo:
			o.hasVideo, o.video = true, codecsOf(m)
		case kind == "audio" && !o.hasAudio:
			o.hasAudio, o.audio = true, codecsOf(m)
		default:
			return o, fmt.Errorf("%w; not another %q", errTracks, kind)
		}
	}
	if !o.hasVideo && !o.hasAudio {
		return o, errTracks
	}
	return o, nil
}

func codecsOf(m *sdp.MediaDescription) (out []codec) {
	fmtp := map[string]string{}
	for _, a := range m.Attributes {
		if a.Key == "fmtp" {
			payload, text, _ := strings.Cut(a.Value, " ")
			fmtp[payload] = text
		}
	}
	for _, a := range m.Attributes {
		payload, text, _ := strings.Cut(a.Value, " ")
		name, _, _ := strings.Cut(text, "/")
		number, err := strconv.ParseUint(payload, 10, 7)
		if a.Key != "rtpmap" || err != nil || len(out) == maxCodecs {
			continue
		}
		out = append(out, codec{strings.ToUpper(name), uint8(number), fmtp[payload]})
	}
	return out
}

// choose returns the codec of an offer that carries a track's pictures.
func (o offer) choose(t media.Track) (codec, error) {
	name, profile := "", ""
	switch c := t.Codec.(type) {
	case *codecs.H264:
		name, profile = "H264", fmt.Sprintf("profile-level-id=%02x", c.SPS[1])
	case *codecs.H265:
		name = "H265"
	case *codecs.AV1:
		name = "AV1"
	}
	fitting := slices.DeleteFunc(slices.Clone(o.video), func(c codec) bool {
		return c.name != name || name == "H264" && !strings.Contains(c.fmtp, "packetization-mode=1")
	})
	if name == "" || len(fitting) == 0 {
		return codec{}, fmt.Errorf("%w: its video is %s; watch it by HLS", errCodecs, t.Name)
	}
	for _, c := range fitting {
		if profile != "" && strings.Contains(strings.ToLower(c.fmtp), profile) {
			return c, nil
		}
	}
	return fitting[0], nil // a browser decodes all profiles by the one decoder it has
}

// opus returns the codec of an offer that carries sound.
func (o offer) opus() (codec, bool) {
	i := slices.IndexFunc(o.audio, func(c codec) bool { return c.name == "OPUS" })
	if i < 0 {
		return codec{}, false
	}
	return o.audio[i], true
}

// capability is a codec in pion's words.
func (c codec) capability() webrtc.RTPCodecCapability {
	if c.name == "OPUS" {
		return webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: soundRate, Channels: 2, SDPFmtpLine: c.fmtp}
	}
	return webrtc.RTPCodecCapability{
		MimeType: "video/" + c.name, ClockRate: videoRate, SDPFmtpLine: c.fmtp,
		RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}},
	}
}
