package segmenter

import (
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"pgregory.net/rapid"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/testclip"
)

// seams complains of a part that does not begin, in each track, where the one before it ended: players stop at the hole, or drop
// pictures up to the next key frame. Frames is how many there are of each track.
func seams(t interface{ Fatalf(string, ...any) }, parts []Part) (frames map[int]int) {
	next, frames := map[int]uint64{}, map[int]int{}
	for i, p := range parts {
		if len(p.Bytes) == 0 {
			continue
		}
		var read fmp4.Parts
		if err := read.Unmarshal(p.Bytes); err != nil {
			t.Fatalf("part %d: %v", i, err)
		}
		for _, track := range read[0].Tracks {
			if want, known := next[track.ID]; known && track.BaseTime != want {
				t.Fatalf("part %d, track %d begins at %d, and the one before it ended at %d", i, track.ID, track.BaseTime, want)
			}
			next[track.ID] = track.BaseTime
			for _, s := range track.Samples {
				next[track.ID] += uint64(s.Duration)
			}
			frames[track.ID] += len(track.Samples)
		}
	}
	return frames
}

// TestSeams: pictures and sound come with times that tremble, in bursts, and some are lost on the way.
//
// Clause: hls-part-durations
func TestSeams(t *testing.T) {
	opus, err := media.NewOpus(2)
	if err != nil {
		t.Fatal(err)
	}
	tracks := []media.Track{videoTrack(t), opus}
	rapid.Check(t, func(r *rapid.T) {
		const frame, packet = time.Second / 30, 20 * time.Millisecond
		s := New(config, tracks, 7*time.Second+time.Microsecond, 0)
		var parts []Part
		write := func(f media.Frame) {
			p, err := s.Write(f)
			if err != nil {
				r.Fatal(err)
			}
			parts = append(parts, p...)
		}
		tremble := rapid.IntRange(0, 12_000).Draw(r, "tremble")
		loss := rapid.IntRange(0, 10).Draw(r, "loss")
		lost := func(row *int) bool {
			if *row++; loss == 0 || *row > 15 || rapid.IntRange(1, 30).Draw(r, "lost") > loss {
				*row = 0
			}
			return *row > 0
		}
		var pictures, packets int // lost in a row
		sound := time.Duration(0)
		for n := range 150 {
			at := time.Duration(n)*frame + time.Duration(rapid.IntRange(0, tremble).Draw(r, "late"))*time.Microsecond
			for lead := time.Duration(rapid.IntRange(-60, 60).Draw(r, "lead")) * time.Millisecond; sound < at+lead; sound += packet {
				if !lost(&packets) {
					write(media.Frame{DTS: sound, PTS: sound, Length: packet, Key: true, Bytes: testclip.Opus})
				}
			}
			if n == 0 || !lost(&pictures) {
				write(media.Frame{Video: true, DTS: at, PTS: at, Key: n%60 == 0, Bytes: []byte{0, 0, 0, 2, 0x41, 1}})
			}
		}
		parts = append(parts, s.Flush()...)
		if frames := seams(r, parts); frames[1] < 5 || frames[2] < 5 {
			r.Fatalf("%v frames", frames)
		}
	})
}
