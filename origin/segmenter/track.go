package segmenter

import (
	"fmt"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"

	"github.com/shoal-live/shoal/origin/media"
)

// sample is one frame on the outgoing timeline.
type sample struct {
	at, until time.Duration
	show      time.Duration
	key       bool
	data      []byte
}

// track is one elementary stream and its samples in the open part.
type track struct {
	media.Track
	id      int
	samples []sample
	end     time.Duration // of the newest sample
}

func (t *track) append(at, show time.Duration, f media.Frame) {
	length := f.Length
	if length == 0 {
		length = t.SampleLength
	}
	t.push(sample{at: at, until: at + length, show: show, key: f.Key, data: f.Bytes})
}

// follow appends a sample of sound that begins at a time. Where some before it is missing, what was before lasts until then; if that is
// out already, in a part that is closed, the sample begins where it ended: from a hole between two parts browsers go on at the next key
// frame only.
func (t *track) follow(at time.Duration, f media.Frame) {
	t.stretch(at)
	begin := at
	if hole := at - t.end; len(t.samples) == 0 && t.end > 0 && hole <= maxSeam {
		begin = t.end
	}
	t.append(at, begin, f)
	t.samples[len(t.samples)-1].at = begin
}

func (t *track) push(s sample) {
	t.samples = append(t.samples, s)
	t.end = s.until
}

// pop takes the newest sample back.
func (t *track) pop() sample {
	n := len(t.samples) - 1
	s := t.samples[n]
	t.samples = t.samples[:n]
	t.end = s.at
	return s
}

// stretch lets the newest sample last until the next one begins.
func (t *track) stretch(until time.Duration) {
	if n := len(t.samples); n > 0 && until > t.samples[n-1].at {
		t.samples[n-1].until = until
	}
}

// smooth returns the end of the sample before where the stamp is near it: stamps in milliseconds make audio stutter.
func (t *track) smooth(at time.Duration) time.Duration {
	if d := at - t.end; t.end > 0 && d > -maxDrift && d < maxDrift {
		return t.end
	}
	return at
}

func (t *track) ticks(d time.Duration) int64 {
	scale := int64(t.Scale)
	return int64(d/time.Second)*scale + (int64(d%time.Second)*scale+int64(time.Second/2))/int64(time.Second)
}

// Init returns the init segment of the tracks.
func Init(tracks []media.Track) ([]byte, error) {
	var init fmp4.Init
	for i, t := range tracks {
		init.Tracks = append(init.Tracks, &fmp4.InitTrack{ID: i + 1, TimeScale: t.Scale, Codec: t.Codec})
	}
	var b seekablebuffer.Buffer
	if err := init.Marshal(&b); err != nil {
		return nil, fmt.Errorf("segmenter: init segment: %w", err)
	}
	return b.Bytes(), nil
}
