package media_test

import (
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/testclip"
)

// FuzzAAC reads whatever as an AudioSpecificConfig: a track of it has frames of some length.
func FuzzAAC(f *testing.F) {
	seed, err := testclip.AACConfig().Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte{0x2b, 0x92, 0x08, 0x00}) // HE-AAC
	f.Fuzz(func(t *testing.T, b []byte) {
		var c mpeg4audio.AudioSpecificConfig
		if c.Unmarshal(b) != nil {
			return
		}
		if track, err := media.NewAAC(&c); err == nil && track.SampleLength <= 0 {
			t.Errorf("frames of %v", track.SampleLength)
		}
	})
}
