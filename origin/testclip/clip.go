// Package testclip holds a few seconds of video for tests: 160x90, 30 frames a second, H.264 baseline, a key frame every
// two seconds; and one packet of silence each in AAC and Opus. Only tests import it.
package testclip

import (
	"bytes"
	_ "embed"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"github.com/shoal-live/shoal/origin/media"
)

//go:embed clip.h264
var annexB []byte

// Interval is the time from one frame to the next, GOP the number of frames from one key frame to the next.
const (
	Interval = time.Second / 30
	GOP      = 60
)

// AAC is 1024 samples of silence, Opus 20 ms of it.
var (
	AAC  = []byte{0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c}
	Opus = []byte{0xf8, 0xff, 0xfe}
)

// AACConfig describes AAC.
func AACConfig() *mpeg4audio.AudioSpecificConfig {
	return &mpeg4audio.AudioSpecificConfig{
		Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 48000, ChannelConfig: 2,
	}
}

// Units returns the access units, each a list of NAL units, delimiters left out.
func Units() (units [][][]byte) {
	for _, n := range bytes.Split(bytes.ReplaceAll(annexB, []byte{0, 0, 0, 1}, []byte{0, 0, 1}), []byte{0, 0, 1})[1:] {
		if h264.NALUType(n[0]&0x1f) == h264.NALUTypeAccessUnitDelimiter {
			units = append(units, nil)
			continue
		}
		units[len(units)-1] = append(units[len(units)-1], n)
	}
	return units
}

// Parameters returns the clip's parameter sets.
func Parameters() (sps, pps []byte) {
	u := media.ParseH264(Units()[0])
	return u.SPS, u.PPS
}
