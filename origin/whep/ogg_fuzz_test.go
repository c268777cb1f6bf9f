package whep

import (
	"bytes"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"github.com/shoal-live/shoal/origin/media"
)

// FuzzOgg reads whatever as what ffmpeg makes of sound.
func FuzzOgg(f *testing.F) {
	track, err := media.NewAAC(&mpeg4audio.AudioSpecificConfig{Type: 2, SampleRate: 48000, ChannelConfig: 2})
	if err != nil {
		f.Fatal(err)
	}
	head := append([]byte("OggS\x00\x02"), make([]byte, 20)...)
	head = append(append(head, 1, 19), "OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00"...)
	f.Add(head)
	f.Add(append(bytes.Clone(head), "OggS\x00\x00"...))
	f.Fuzz(func(t *testing.T, b []byte) {
		o := &opus{track: track}
		o.note(time.Second)
		n := 0
		_ = o.read(bytes.NewReader(b), func(f media.Frame) { n += len(f.Bytes) + 1 })
		if n > len(b) {
			t.Errorf("%d bytes of %d", n, len(b))
		}
	})
}
