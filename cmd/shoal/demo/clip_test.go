package demo

import (
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

func TestClip(t *testing.T) {
	c, err := readClip(clipFile)
	if err != nil {
		t.Fatal(err)
	}
	if size := len(clipFile); size > 3<<20 {
		t.Errorf("the clip has %d bytes, at most 3 MiB are allowed in the repository", size)
	}
	pictures, sounds := 0, 0
	for _, s := range c.samples {
		if s.video == nil {
			sounds++
			continue
		}
		if key := h264.IsRandomAccess(s.video); key != (pictures%Rate == 0) {
			t.Errorf("picture %d: keyframe %v, want one every second and nowhere else", pictures, key)
		}
		pictures++
	}
	if pictures != Frames || sounds != 750 {
		t.Errorf("clip of %d pictures and %d sounds, want %d and 750", pictures, sounds, Frames)
	}
}

func TestTimestampsRunOn(t *testing.T) {
	c, err := readClip(clipFile)
	if err != nil {
		t.Fatal(err)
	}
	var lastPicture, lastSound time.Duration
	for n := 1; n < 3*len(c.samples); n++ {
		s, at := c.at(n)
		last, step := &lastPicture, time.Second/Rate
		if s.video == nil {
			last, step = &lastSound, 1024*time.Second/48000
		}
		if gap := at - *last; at != 0 && (gap < step-time.Microsecond || gap > step+time.Microsecond) {
			t.Fatalf("sample %d comes %v after the one before it, want %v", n, gap, step)
		}
		*last = at
	}
}

func TestReadClipRefuses(t *testing.T) {
	for name, file := range map[string][]byte{
		"nothing":   nil,
		"garbage":   []byte("not an MP4 file, whatever it says it is"),
		"truncated": clipFile[:len(clipFile)/2],
	} {
		if _, err := readClip(file); err == nil {
			t.Errorf("%s: read without an error", name)
		}
	}
}

func TestStrip(t *testing.T) {
	for frame := range Frames {
		got := 0
		for bit := range 16 {
			if Lit(bit+1, frame) {
				got |= 1 << bit
			}
		}
		if got != frame || !Lit(0, frame) || Lit(Squares-1, frame) {
			t.Fatalf("picture %d reads as %d", frame, got)
		}
	}
}
