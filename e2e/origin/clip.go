//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/pmp4"
)

// What is broadcast: 720p of 30 frames a second and 2 Mbit/s, and sound of 128 kbit/s; a key frame every two seconds.
const (
	rate    = 30
	gop     = 2 * rate
	seconds = 20
	frame   = time.Second / rate
)

var errClip = errors.New("origin: unexpected clip; remove it, so that it is made anew")

// A sample is one access unit of the clip.
type sample struct {
	at    time.Duration // from the clip's beginning
	video bool
	key   bool
	data  []byte // as MP4 has it
}

// A clip is the file taken apart. It is immutable.
type clip struct {
	sps, pps []byte
	sound    *mpeg4audio.AudioSpecificConfig
	length   time.Duration
	samples  []sample // in order of time
	keys     []int    // where in samples the key frames are
	bytes    int      // of all samples
}

// makeClip encodes the clip, if it is not there yet. What it shows is noise over a moving pattern, so that an encoder
// needs the bits it may use.
func makeClip(file string) error {
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	half := file + ".new.mp4"
	encode := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-y",
		"-f", "lavfi", "-i", fmt.Sprintf("testsrc2=s=1280x720:r=%d:d=%d,noise=alls=12:allf=t", rate, seconds),
		"-f", "lavfi", "-i", fmt.Sprintf("sine=f=440:r=48000:d=%d", seconds),
		"-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-pix_fmt", "yuv420p", "-bf", "0",
		"-b:v", "2000k", "-minrate", "2000k", "-maxrate", "2000k", "-bufsize", "2000k", "-nal-hrd", "cbr",
		"-g", fmt.Sprint(gop), "-keyint_min", fmt.Sprint(gop), "-sc_threshold", "0",
		"-c:a", "aac", "-b:a", "128k", "-ac", "2", "-shortest", half)
	if said, err := encode.CombinedOutput(); err != nil {
		return fmt.Errorf("origin: ffmpeg made no clip: %w: %s", err, said)
	}
	return os.Rename(half, file)
}

// readClip takes the file apart.
func readClip(file string) (*clip, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var p pmp4.Presentation
	if err := p.Unmarshal(bytes.NewReader(b)); err != nil {
		return nil, fmt.Errorf("%w: %w", errClip, err)
	}
	c := &clip{}
	for _, track := range p.Tracks {
		switch codec := track.Codec.(type) {
		case *codecs.H264:
			c.sps, c.pps = codec.SPS, codec.PPS
		case *codecs.MPEG4Audio:
			c.sound = &codec.Config
		}
	}
	for _, track := range p.Tracks { // the pictures say how long it is
		if track.Codec.IsVideo() {
			c.length = time.Duration(len(track.Samples)) * frame
		}
	}
	for _, track := range p.Tracks {
		if err := c.addTrack(track); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(c.samples, func(a, b sample) int { return int(a.at - b.at) })
	for i, s := range c.samples {
		if s.video && s.key {
			c.keys = append(c.keys, i)
		}
		c.bytes += len(s.data)
	}
	if c.sps == nil || c.sound == nil || len(c.keys) == 0 || c.keys[0] != 0 {
		return nil, fmt.Errorf("%w: %d key frames", errClip, len(c.keys))
	}
	return c, nil
}

func (c *clip) addTrack(track *pmp4.Track) error {
	var ticks int64
	for _, from := range track.Samples {
		data, err := from.GetPayload()
		if err != nil {
			return fmt.Errorf("%w: %w", errClip, err)
		}
		if from.PTSOffset != 0 {
			return fmt.Errorf("%w: it has B-frames", errClip)
		}
		at := time.Duration(ticks) * time.Second / time.Duration(track.TimeScale)
		if at < c.length { // sound is padded to whole frames
			video := track.Codec.IsVideo()
			c.samples = append(c.samples, sample{at: at, video: video, key: video && !from.IsNonSyncSample, data: data})
		}
		ticks += int64(from.Duration)
	}
	return nil
}

// A film is the clip without end, from one of its key frames on.
type film struct {
	clip  *clip
	next  int           // sample
	begun time.Duration // how far into the clip the film began
	round time.Duration // of the clips before this one
}

func (c *clip) from(key int) *film {
	first := c.keys[key%len(c.keys)]
	return &film{clip: c, next: first, begun: c.samples[first].at}
}

// read gives the next sample and when it is due, from the film's beginning.
func (f *film) read() (s sample, due time.Duration) {
	s = f.clip.samples[f.next]
	due = f.round + s.at - f.begun
	if f.next++; f.next == len(f.clip.samples) {
		f.next, f.round = 0, f.round+f.clip.length
	}
	return s, due
}
