package demo

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/pmp4"
)

//go:embed clip.mp4
var clipFile []byte

// Length is the clip's playing time, of its pictures and of its sound alike.
const Length = Frames * time.Second / Rate

var errClip = errors.New("demo: unexpected clip")

// A sample is one access unit of the clip.
type sample struct {
	at    time.Duration // from the clip's beginning, less than Length
	video [][]byte      // NAL units, or nil for sound
	audio []byte
}

// A clip is the embedded file taken apart. It is immutable.
type clip struct {
	sps, pps []byte
	sound    *mpeg4audio.AudioSpecificConfig
	samples  []sample // in order of time
}

// readClip takes an MP4 file apart that holds one H.264 track without B-frames and one AAC track, both Length long.
func readClip(file []byte) (*clip, error) {
	var presentation pmp4.Presentation
	if err := presentation.Unmarshal(bytes.NewReader(file)); err != nil {
		return nil, fmt.Errorf("demo: read clip: %w", err)
	}
	c := new(clip)
	for _, track := range presentation.Tracks {
		switch codec := track.Codec.(type) {
		case *codecs.H264:
			c.sps, c.pps = codec.SPS, codec.PPS
		case *codecs.MPEG4Audio:
			c.sound = &codec.Config
		default:
			return nil, fmt.Errorf("%w: codec %T", errClip, codec)
		}
		if err := c.addTrack(track); err != nil {
			return nil, err
		}
	}
	if c.sps == nil || c.pps == nil || c.sound == nil {
		return nil, fmt.Errorf("%w: needs H.264 and AAC", errClip)
	}
	slices.SortStableFunc(c.samples, func(a, b sample) int { return int(a.at - b.at) })
	return c, nil
}

func (c *clip) addTrack(track *pmp4.Track) error {
	var ticks int64
	scale := int64(track.TimeScale)
	for _, from := range track.Samples {
		payload, err := from.GetPayload()
		if err != nil {
			return fmt.Errorf("demo: read clip: %w", err)
		}
		if from.PTSOffset != 0 {
			return fmt.Errorf("%w: it has B-frames", errClip)
		}
		to := sample{at: time.Duration(ticks) * time.Second / time.Duration(scale)}
		if track.Codec.IsVideo() {
			var units h264.AVCC
			if err := units.Unmarshal(payload); err != nil {
				return fmt.Errorf("demo: read clip: %w", err)
			}
			to.video = units
		} else {
			to.audio = payload
		}
		c.samples = append(c.samples, to)
		ticks += int64(from.Duration)
	}
	if ticks*int64(time.Second) != int64(Length)*scale {
		return fmt.Errorf("%w: a track of %d/%d s", errClip, ticks, scale)
	}
	return nil
}

// at gives sample number n of the endless broadcast: its access unit and its time since the broadcast began.
func (c *clip) at(n int) (sample, time.Duration) {
	s := c.samples[n%len(c.samples)]
	return s, s.at + time.Duration(n/len(c.samples))*Length
}
