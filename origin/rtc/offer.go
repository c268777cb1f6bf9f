package rtc

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

const maxCodecs = 64 // of one track

// Codec is one payload type of an offer.
type Codec struct {
	Name     string // in capitals: "H264"
	Payload  uint8
	FMTP     string
	Channels int
}

// ReadOffer returns the tracks that an offer has, without those that it has no more.
func ReadOffer(text string) (tracks []*sdp.MediaDescription, err error) {
	var s sdp.SessionDescription
	if err := s.UnmarshalString(text); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOffer, err)
	}
	if ufrag, _ := Credentials(text); ufrag == "" || !strings.Contains(text, "a=fingerprint:") {
		return nil, fmt.Errorf("%w: no ICE credentials or no DTLS fingerprint", ErrOffer)
	}
	for _, m := range s.MediaDescriptions {
		_, inactive := m.Attribute("inactive")
		_, bundled := m.Attribute("bundle-only")
		if !inactive && (m.MediaName.Port.Value != 0 || bundled) {
			tracks = append(tracks, m)
		}
	}
	return tracks, nil
}

// Codecs returns the codecs that a track is offered in.
func Codecs(m *sdp.MediaDescription) (out []Codec) {
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
		if a.Key != "rtpmap" || err != nil || len(out) == maxCodecs {
			continue
		}
		c := Codec{Name: strings.ToUpper(encoding[0]), Payload: uint8(number), FMTP: fmtp[payload], Channels: 1}
		if len(encoding) > 2 {
			c.Channels, _ = strconv.Atoi(encoding[2])
		}
		out = append(out, c)
	}
	return out
}
