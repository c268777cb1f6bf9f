package stream

import (
	"fmt"
	"strings"
	"time"

	"github.com/shoal-live/shoal/origin/media"
)

// whip is the protocol of broadcasters in browsers.
const whip = "whip"

// advice tells the broadcaster what to change, or nothing.
func advice(protocol string, tracks []media.Track, gop, wanted time.Duration) string {
	return strings.TrimSpace(aboutPixels(tracks) + " " + aboutKeyframes(protocol, gop, wanted))
}

// aboutKeyframes is silent to browsers: there nobody can set this, and we ask them for key frames.
func aboutKeyframes(protocol string, gop, wanted time.Duration) string {
	if protocol == whip || gop < wanted+wanted/4 {
		return ""
	}
	return fmt.Sprintf("Keyframes come every %.1f s. Set the keyframe interval to %.0f s, or 1 s for the lowest latency "+
		"(OBS: Settings, Output, Streaming, Keyframe Interval; ffmpeg: -g %.0f at 30 frames a second), so that viewers start sooner.",
		gop.Seconds(), wanted.Seconds(), wanted.Seconds()*30)
}

// seldomPlayed are the profiles of H.264 for more than 8 bits or finer colours: what RFC 6381 writes after "avc1.".
var seldomPlayed = map[string]string{"6e": "High 10", "7a": "High 4:2:2", "f4": "High 4:4:4", "2c": "CAVLC 4:4:4"}

func aboutPixels(tracks []media.Track) string {
	for _, t := range tracks {
		rest, avc := strings.CutPrefix(t.RFC, "avc1.")
		if !avc || len(rest) < 2 || seldomPlayed[rest[:2]] == "" {
			continue
		}
		return fmt.Sprintf("The picture is H.264 %s, which phones, Safari and hardware decoders do not play. Send 8 bits in 4:2:0 "+
			"(OBS: Settings, Advanced, Color Format: NV12; ffmpeg: -pix_fmt yuv420p), so that all can watch.", seldomPlayed[rest[:2]])
	}
	return ""
}
