package segmenter

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"

	"github.com/shoal-live/shoal/origin/media"
)

// general writes a part with the library's writer.
func general(t *testing.T, s *Segmenter, end time.Duration) []byte {
	t.Helper()
	p := fmp4.Part{SequenceNumber: s.count + 1}
	for i := range s.tracks {
		f := s.tracks[i].portion(end)
		if len(f.samples) == 0 {
			continue
		}
		out := &fmp4.PartTrack{ID: f.id, BaseTime: uint64(f.ticks(f.samples[0].at))}
		for _, s := range f.samples {
			out.Samples = append(out.Samples, &fmp4.Sample{
				Duration: uint32(max(1, f.ticks(s.until)-f.ticks(s.at))), PTSOffset: f.offset(s),
				IsNonSyncSample: f.Video() && !s.key, Payload: s.data,
			})
		}
		p.Tracks = append(p.Tracks, out)
	}
	var b seekablebuffer.Buffer
	if err := p.Marshal(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPartIsAsTheLibraryWritesIt(t *testing.T) {
	frame := func(n int) time.Duration { return time.Duration(n) * time.Second / 30 }
	for _, c := range []struct {
		name           string
		video, audio   int // samples
		key            func(int) bool
		show           func(int) time.Duration
		endAfter, left int // video frames that belong to the part, samples left
	}{
		{name: "key frame first", video: 10, audio: 15, key: func(n int) bool { return n == 0 }, endAfter: 10},
		{name: "key frames only", video: 10, audio: 15, key: func(int) bool { return true }, endAfter: 10},
		{name: "no key frame", video: 10, key: func(int) bool { return false }, endAfter: 10},
		{name: "offsets, some below zero", video: 8, audio: 3, key: func(n int) bool { return n == 0 }, endAfter: 8,
			show: func(n int) time.Duration { return time.Duration(n%3-1) * 40 * time.Millisecond }},
		{name: "some stay", video: 10, audio: 15, key: func(n int) bool { return n == 0 }, endAfter: 7, left: 3 + 4},
		{name: "sound only", audio: 15, endAfter: 10},
		{name: "nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(config, []media.Track{videoTrack(t), audioTrack(t)}, time.Hour, 41)
			for n := range c.video {
				show := frame(n)
				if c.show != nil {
					show += c.show(n)
				}
				s.tracks[0].push(sample{at: frame(n), until: frame(n + 1), show: show, key: c.key(n), data: bytes.Repeat([]byte{byte(n)}, 1000*n+1)})
			}
			for n := range c.audio {
				at := time.Duration(n) * 1024 * time.Second / 48000
				s.tracks[1].push(sample{at: at, until: at + 1024*time.Second/48000, show: at, key: true, data: fmt.Appendf(nil, "sound %d", n)})
			}
			want := general(t, s, frame(c.endAfter))
			got := s.marshal(frame(c.endAfter))
			if !bytes.Equal(got, want) {
				t.Fatalf("\n%x, want\n%x", got[:min(300, len(got))], want[:min(300, len(want))])
			}
			if cap(got) != len(got) {
				t.Errorf("%d bytes in %d", len(got), cap(got))
			}
			if left := len(s.tracks[0].samples) + len(s.tracks[1].samples); left != c.left {
				t.Errorf("%d samples left, want %d", left, c.left)
			}
		})
	}
}
