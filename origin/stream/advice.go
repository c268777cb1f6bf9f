package stream

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/shoal-live/shoal/origin/media"
)

// whip is the protocol of broadcasters in browsers.
const whip = "whip"

// Hint is one thing for the broadcaster to change, by a code and numbers: pages say it in the languages that they speak.
type Hint struct {
	Code    string  `json:"code"`                    // keyframes or pixels
	Text    string  `json:"text"`                    // the same in English
	Seconds float64 `json:"seconds,omitempty"`       // that key frames are apart
	Wanted  float64 `json:"wantedSeconds,omitempty"` // that they should be
	Profile string  `json:"profile,omitempty"`       // of the picture, as H.264 calls it
}

// hints tells the broadcaster what to change.
func hints(protocol string, tracks []media.Track, gop, wanted time.Duration) []Hint {
	return slices.DeleteFunc([]Hint{aboutPixels(tracks), aboutKeyframes(protocol, gop, wanted)}, func(h Hint) bool { return h.Code == "" })
}

// advice is all of it in English, empty for nothing.
func advice(all []Hint) string {
	texts := make([]string, 0, len(all))
	for _, h := range all {
		texts = append(texts, h.Text)
	}
	return strings.Join(texts, " ")
}

// aboutKeyframes is silent to browsers: there nobody can set this, and we ask them for key frames.
func aboutKeyframes(protocol string, gop, wanted time.Duration) Hint {
	if protocol == whip || gop < wanted+wanted/4 {
		return Hint{}
	}
	return Hint{Code: "keyframes", Seconds: math.Round(gop.Seconds()*10) / 10, Wanted: wanted.Seconds(), Text: fmt.Sprintf(
		"Keyframes come every %.1f s. Set the keyframe interval to %.0f s, or 1 s for the lowest latency "+
			"(OBS: Settings, Output, Streaming, Keyframe Interval; ffmpeg: -g %.0f at 30 frames a second), so that viewers start sooner.",
		gop.Seconds(), wanted.Seconds(), wanted.Seconds()*30)}
}

// seldomPlayed are the profiles of H.264 for more than 8 bits or finer colours: what RFC 6381 writes after "avc1.".
var seldomPlayed = map[string]string{"6e": "High 10", "7a": "High 4:2:2", "f4": "High 4:4:4", "2c": "CAVLC 4:4:4"}

func aboutPixels(tracks []media.Track) Hint {
	for _, t := range tracks {
		rest, avc := strings.CutPrefix(t.RFC, "avc1.")
		if !avc || len(rest) < 2 || seldomPlayed[rest[:2]] == "" {
			continue
		}
		profile := seldomPlayed[rest[:2]]
		return Hint{Code: "pixels", Profile: profile, Text: fmt.Sprintf(
			"The picture is H.264 %s, which phones, Safari and hardware decoders do not play. Send 8 bits in 4:2:0 "+
				"(OBS: Settings, Advanced, Color Format: NV12; ffmpeg: -pix_fmt yuv420p), so that all can watch.", profile)}
	}
	return Hint{}
}
