package whip

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// What can be wrong with an offer. The texts are shown to whoever sent it.
var (
	errOffer  = errors.New("whip: not a usable SDP offer")
	errTracks = errors.New("whip: an offer must send one video track, one audio track, or one of each")
	errCodecs = errors.New("whip: HLS needs H.264 video and Opus audio")
)

const maxOffer = 64 << 10

// codec is one payload type of an offer.
type codec struct {
	payload  uint8
	fmtp     string
	channels int
}

// offer is what matters of an SDP offer.
type offer struct {
	video []codec // H.264 only
	audio []codec // Opus only
}

// parseOffer reads an offer and refuses what cannot become a stream as a whole.
func parseOffer(text string) (offer, error) {
	var o offer
	var s sdp.SessionDescription
	if err := s.UnmarshalString(text); err != nil {
		return o, fmt.Errorf("%w: %w", errOffer, err)
	}
	if !strings.Contains(text, "a=ice-ufrag:") || !strings.Contains(text, "a=fingerprint:") {
		return o, fmt.Errorf("%w: no ICE credentials or no DTLS fingerprint", errOffer)
	}
	var videos, audios int
	for _, m := range s.MediaDescriptions {
		if _, inactive := m.Attribute("inactive"); inactive || m.MediaName.Port.Value == 0 && !bundled(m) {
			continue
		}
		if _, receives := m.Attribute("recvonly"); receives {
			return o, errTracks
		}
		if _, simulcast := m.Attribute("simulcast"); simulcast {
			return o, fmt.Errorf("%w; simulcast is not taken", errTracks)
		}
		switch m.MediaName.Media {
		case "video":
			videos++
			o.video = codecs(m, "h264")
		case "audio":
			audios++
			o.audio = codecs(m, "opus")
		default:
			return o, fmt.Errorf("%w; not %q", errTracks, m.MediaName.Media)
		}
	}
	if videos > 1 || audios > 1 || videos+audios == 0 {
		return o, errTracks
	}
	if videos == 1 && len(o.video) == 0 {
		return o, fmt.Errorf("%w; the offered video has no H.264", errCodecs)
	}
	if audios == 1 && len(o.audio) == 0 {
		return o, fmt.Errorf("%w; the offered audio has no Opus", errCodecs)
	}
	return o, nil
}

func bundled(m *sdp.MediaDescription) bool {
	_, ok := m.Attribute("bundle-only")
	return ok
}

// codecs returns the payload types of m that are of the named encoding.
func codecs(m *sdp.MediaDescription, name string) (out []codec) {
	fmtp := map[string]string{}
	for _, a := range m.Attributes {
		if a.Key == "fmtp" {
			payload, text, _ := strings.Cut(a.Value, " ")
			fmtp[payload] = text
		}
	}
	for _, a := range m.Attributes {
		payload, text, _ := strings.Cut(a.Value, " ")
		encoding := strings.Split(text, "/")
		number, err := strconv.ParseUint(payload, 10, 7)
		if a.Key != "rtpmap" || err != nil || !strings.EqualFold(encoding[0], name) || len(out) == 32 {
			continue
		}
		c := codec{payload: uint8(number), fmtp: fmtp[payload], channels: 1}
		if len(encoding) > 2 {
			c.channels, _ = strconv.Atoi(encoding[2])
		}
		out = append(out, c)
	}
	return out
}
