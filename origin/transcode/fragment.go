package transcode

import (
	"fmt"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/segmenter"
)

// fragments writes the source's video as ffmpeg reads it: fragmented MP4, one frame to a fragment.
type fragments struct {
	track media.Track
	count uint32
}

func (f *fragments) head() ([]byte, error) { return segmenter.Init([]media.Track{f.track}) }

// marshal returns a frame's fragment. Its duration is a guess that the next fragment's time corrects.
func (f *fragments) marshal(frame media.Frame) ([]byte, error) {
	f.count++
	at := ticks(frame.DTS)
	part := fmp4.Part{SequenceNumber: f.count, Tracks: []*fmp4.PartTrack{{
		ID: 1, BaseTime: uint64(max(0, at)),
		Samples: []*fmp4.Sample{{
			Duration: uint32(ticks(guess)), PTSOffset: int32(ticks(frame.PTS) - at), IsNonSyncSample: !frame.Key, Payload: frame.Bytes,
		}},
	}}}
	var b seekablebuffer.Buffer
	if err := part.Marshal(&b); err != nil {
		return nil, fmt.Errorf("transcode: %w", err)
	}
	return b.Bytes(), nil
}

const (
	scale = 90000 // ticks a second of every video track
	guess = time.Second / 30
)

func ticks(d time.Duration) int64 {
	return int64(d/time.Second)*scale + (int64(d%time.Second)*scale+int64(time.Second/2))/int64(time.Second)
}
