package whep

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
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
	videoRate = 90000
	soundRate = 48000
)

// offer is what matters of an SDP offer.
type offer struct {
	hasVideo, hasAudio bool
	video, audio       []rtc.Codec
}

// parseOffer reads an offer and refuses what cannot be answered as a whole.
func parseOffer(text string) (offer, error) {
	var o offer
	tracks, err := rtc.ReadOffer(text)
	if err != nil {
		return o, err
	}
	for _, m := range tracks {
		if _, sends := m.Attribute("sendonly"); sends {
			return o, fmt.Errorf("%w; to send, POST to /whip/NAME", errTracks)
		}
		switch kind := m.MediaName.Media; {
		case kind == "video" && !o.hasVideo:
			o.hasVideo, o.video = true, rtc.Codecs(m)
		case kind == "audio" && !o.hasAudio:
			o.hasAudio, o.audio = true, rtc.Codecs(m)
		default:
			return o, fmt.Errorf("%w; not another %q", errTracks, kind)
		}
	}
	if !o.hasVideo && !o.hasAudio {
		return o, errTracks
	}
	return o, nil
}

// choose returns the codec of an offer that carries a track's pictures.
func (o offer) choose(t media.Track) (rtc.Codec, error) {
	name, profile := coding(t), ""
	if c, ok := t.Codec.(*codecs.H264); ok {
		profile = fmt.Sprintf("profile-level-id=%02x", c.SPS[1])
	}
	fitting := slices.DeleteFunc(slices.Clone(o.video), func(c rtc.Codec) bool {
		return c.Name != name || name == "H264" && !strings.Contains(c.FMTP, "packetization-mode=1")
	})
	if name == "" || len(fitting) == 0 {
		return rtc.Codec{}, fmt.Errorf("%w: its video is %s; watch it by HLS", errCodecs, t.Name)
	}
	for _, c := range fitting {
		if profile != "" && strings.Contains(strings.ToLower(c.FMTP), profile) {
			return c, nil
		}
	}
	return fitting[0], nil // a browser decodes all profiles by the one decoder it has
}

// coding is what SDP calls a track's pictures, empty for what is not sent.
func coding(t media.Track) string {
	switch t.Codec.(type) {
	case *codecs.H264:
		return "H264"
	case *codecs.H265:
		return "H265"
	case *codecs.AV1:
		return "AV1"
	}
	return ""
}

// opus returns the codec of an offer that carries sound.
func (o offer) opus() (rtc.Codec, bool) {
	i := slices.IndexFunc(o.audio, func(c rtc.Codec) bool { return c.Name == "OPUS" })
	if i < 0 {
		return rtc.Codec{}, false
	}
	return o.audio[i], true
}

// capability is a codec in pion's words.
func capability(c rtc.Codec) webrtc.RTPCodecCapability {
	if c.Name == "OPUS" {
		return webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: soundRate, Channels: 2, SDPFmtpLine: c.FMTP}
	}
	return webrtc.RTPCodecCapability{
		MimeType: "video/" + c.Name, ClockRate: videoRate, SDPFmtpLine: c.FMTP,
		RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}},
	}
}
