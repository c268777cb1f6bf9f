package segmenter

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"pgregory.net/rapid"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/testclip"
)

var config = Config{Part: 334 * time.Millisecond, Segment: 2 * time.Second, Longest: 2490 * time.Millisecond}

func videoTrack(t testing.TB) media.Track {
	t.Helper()
	v, err := media.NewH264(testclip.Parameters())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func audioTrack(t testing.TB) media.Track {
	t.Helper()
	a, err := media.NewAAC(testclip.AACConfig())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// broadcast is frames of video every interval, a key frame every gop, and AAC beside it, as RTMP stamps them: in whole
// milliseconds.
func broadcast(interval, gop, long, reorder time.Duration, audio bool) (frames []media.Frame) {
	ms := func(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
	next, nextKey := time.Duration(0), time.Duration(0)
	for at := time.Duration(0); at < long; at += interval {
		for ; audio && next < at; next += 1024 * time.Second / 48000 {
			frames = append(frames, media.Frame{DTS: ms(next), PTS: ms(next), Key: true, Bytes: testclip.AAC})
		}
		f := media.Frame{Video: true, DTS: ms(at), PTS: ms(at + reorder), Bytes: []byte{0, 0, 0, 2, 0x41, 1}}
		if at+interval/2 >= nextKey {
			f.Key = true
			nextKey += gop
		}
		frames = append(frames, f)
	}
	return frames
}

func cut(t testing.TB, s *Segmenter, frames []media.Frame) (parts []Part) {
	t.Helper()
	for _, f := range frames {
		p, err := s.Write(f)
		if err != nil {
			t.Fatalf("at %v: %v", f.DTS, err)
		}
		parts = append(parts, p...)
	}
	return append(parts, s.Flush()...)
}

// segment is what the tests look at of a segment.
type segment struct {
	parts []Part
	long  time.Duration
}

// check looks at everything that must be so whatever the frames are, and returns the segments.
func check(t testing.TB, parts []Part, base time.Duration) (segments []segment) {
	t.Helper()
	at := base
	var open segment
	for i, p := range parts {
		if p.Start != at {
			t.Fatalf("part %d starts at %v, the one before ended at %v", i, p.Start, at)
		}
		if len(p.Bytes) == 0 {
			if !p.Final || p.Duration != 0 {
				t.Fatalf("part %d is empty but not a late end", i)
			}
		} else if open.parts = append(open.parts, p); p.Duration <= 0 {
			t.Fatalf("part %d lasts %v", i, p.Duration)
		}
		at += p.Duration
		open.long += p.Duration
		if p.Final {
			if open.long >= 2500*time.Millisecond {
				t.Fatalf("segment %d lasts %v: more than its target duration", len(segments), open.long)
			}
			segments = append(segments, open)
			open = segment{}
		}
	}
	if len(open.parts) > 0 {
		t.Fatal("the last part is not final")
	}
	return segments
}

// Clause: hls-long-gop, hls-target, hls-part-durations
func TestCadences(t *testing.T) {
	for _, c := range []struct {
		name          string
		interval, gop time.Duration
		reorder       time.Duration
		audio         bool
		want          time.Duration // of whole segments; 0: any
		independent   bool
	}{
		{"30 fps", time.Second / 30, 2 * time.Second, 0, true, 2 * time.Second, true},
		{"30 fps, B-frames", time.Second / 30, 2 * time.Second, 66 * time.Millisecond, true, 2 * time.Second, true},
		{"no sound", time.Second / 30, 2 * time.Second, 0, false, 2 * time.Second, true},
		{"25 fps", time.Second / 25, 2 * time.Second, 0, true, 2 * time.Second, true},
		{"60 fps", time.Second / 60, 2 * time.Second, 0, true, 2 * time.Second, true},
		{"29.97 fps", 1001 * time.Second / 30000, 2002 * time.Millisecond, 0, true, 0, true},
		{"23.976 fps", 1001 * time.Second / 24000, 2002 * time.Millisecond, 0, true, 0, true},
		{"15 fps", time.Second / 15, 2 * time.Second, 0, true, 2 * time.Second, true},
		{"GOP 0.5 s", time.Second / 30, 500 * time.Millisecond, 0, true, 2 * time.Second, true},
		{"GOP 1 s", time.Second / 30, time.Second, 0, true, 2 * time.Second, true},
		{"GOP 1.5 s", time.Second / 30, 1500 * time.Millisecond, 0, true, 1500 * time.Millisecond, true},
		{"GOP 2.4 s", time.Second / 30, 2400 * time.Millisecond, 0, true, 2400 * time.Millisecond, true},
		{"GOP 3 s", time.Second / 30, 3 * time.Second, 0, true, 0, false},
		{"GOP 8.3 s", time.Second / 30, 8333 * time.Millisecond, 0, true, 0, false},
		{"one key frame", time.Second / 30, time.Hour, 0, true, 0, false},
		{"key frames only", time.Second / 25, time.Second / 25, 0, true, 2 * time.Second, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			tracks := []media.Track{videoTrack(t)}
			if c.audio {
				tracks = append(tracks, audioTrack(t))
			}
			s := New(config, tracks, 5*time.Second, 0)
			segments := check(t, cut(t, s, broadcast(c.interval, c.gop, 30*time.Second, c.reorder, c.audio)), 5*time.Second)
			for n, g := range segments {
				last := n == len(segments)-1
				if d := g.long - c.want; c.want > 0 && !last && (d > 2*time.Millisecond || d < -2*time.Millisecond) {
					t.Errorf("segment %d lasts %v, want %v", n, g.long, c.want)
				}
				if c.independent && !g.parts[0].Independent {
					t.Errorf("segment %d does not begin with a key frame", n)
				}
				for i, p := range g.parts {
					end := i == len(g.parts)-1
					if p.Duration > config.Part || !end && p.Duration < config.Part*85/100 {
						t.Errorf("part %d.%d lasts %v", n, i, p.Duration)
					}
				}
			}
			decode(t, segments, tracks, c.reorder)
		})
	}
}

// decode reads the bytes back and looks at the time line of each track.
func decode(t *testing.T, segments []segment, tracks []media.Track, reorder time.Duration) {
	t.Helper()
	next := map[int]uint64{}
	for n, g := range segments {
		var whole []byte
		for _, p := range g.parts {
			whole = append(whole, p.Bytes...)
		}
		var parts fmp4.Parts
		if err := parts.Unmarshal(whole); err != nil {
			t.Fatalf("segment %d: %v", n, err)
		}
		if len(parts) != len(g.parts) {
			t.Fatalf("segment %d: %d parts read, %d written", n, len(parts), len(g.parts))
		}
		for i, p := range parts {
			for _, track := range p.Tracks {
				if want, ok := next[track.ID]; ok && track.BaseTime != want {
					t.Fatalf("part %d.%d, track %d begins at %d, want %d", n, i, track.ID, track.BaseTime, want)
				}
				at := track.BaseTime
				for _, s := range track.Samples {
					at += uint64(s.Duration)
					if want := int32(reorder * 90000 / time.Second); tracks[track.ID-1].Video() && s.PTSOffset != want {
						t.Fatalf("part %d.%d: composition offset %d, want %d", n, i, s.PTSOffset, want)
					}
				}
				next[track.ID] = at
			}
			if first := p.Tracks[0].Samples[0]; first.IsNonSyncSample == g.parts[i].Independent {
				t.Fatalf("part %d.%d: independent is %v, its first sample says otherwise", n, i, g.parts[i].Independent)
			}
		}
	}
}

func TestFirstSegmentMayBeShorter(t *testing.T) {
	for _, c := range []struct {
		name  string
		gop   time.Duration
		first time.Duration // Config.First
		want  []time.Duration
	}{
		{"as any other", 500 * time.Millisecond, 0, []time.Duration{2 * time.Second, 2 * time.Second}},
		{"at the next key frame", 500 * time.Millisecond, 668 * time.Millisecond, []time.Duration{time.Second, 2 * time.Second, 2 * time.Second}},
		{"no key frame so soon", 2 * time.Second, 668 * time.Millisecond, []time.Duration{2 * time.Second, 2 * time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := config
			config.First = c.first
			s := New(config, []media.Track{videoTrack(t), audioTrack(t)}, 0, 0)
			segments := check(t, cut(t, s, broadcast(time.Second/30, c.gop, 10*time.Second, 0, true)), 0)
			for n, want := range c.want {
				if got := segments[n].long.Round(10 * time.Millisecond); got != want {
					t.Errorf("segment %d lasts %v, want %v", n, got, want)
				}
				if !segments[n].parts[0].Independent {
					t.Errorf("segment %d begins without a key frame", n)
				}
			}
		})
	}
}

func TestAudioAlone(t *testing.T) {
	var frames []media.Frame
	for at := time.Duration(0); at < 20*time.Second; at += 1024 * time.Second / 48000 {
		frames = append(frames, media.Frame{DTS: at.Round(time.Millisecond), PTS: at.Round(time.Millisecond), Key: true, Bytes: testclip.AAC})
	}
	tracks := []media.Track{audioTrack(t)}
	segments := check(t, cut(t, New(config, tracks, 0, 0), frames), 0)
	for n, g := range segments[:len(segments)-1] {
		if g.long < 1980*time.Millisecond || g.long > 2030*time.Millisecond {
			t.Errorf("segment %d lasts %v", n, g.long)
		}
	}
	decode(t, segments, tracks, 0)
}

func TestAudioHole(t *testing.T) {
	frames := broadcast(time.Second/30, 2*time.Second, 10*time.Second, 0, true)
	var holed []media.Frame
	for _, f := range frames {
		if f.Video || f.DTS < 3*time.Second || f.DTS > 3500*time.Millisecond {
			holed = append(holed, f)
		}
	}
	tracks := []media.Track{videoTrack(t), audioTrack(t)}
	check(t, cut(t, New(config, tracks, 0, 0), holed), 0)
}

func TestBeginsWithKeyFrame(t *testing.T) {
	s := New(config, []media.Track{videoTrack(t), audioTrack(t)}, 0, 0)
	for _, f := range []media.Frame{
		{Video: true, DTS: 0, Bytes: []byte{0, 0, 0, 1, 0x41}},
		{DTS: 10 * time.Millisecond, Key: true, Bytes: testclip.AAC},
	} {
		if p, err := s.Write(f); err != nil || p != nil {
			t.Fatal(p, err)
		}
	}
	if p := s.Flush(); p != nil {
		t.Fatal("there is nothing that could be played, but got", p)
	}
}

func TestJumps(t *testing.T) {
	for _, c := range []struct {
		name  string
		video bool
		to    time.Duration
	}{
		{"picture ahead", true, time.Minute},
		{"picture back", true, -time.Minute},
		{"sound ahead", false, time.Minute},
		{"sound back", false, -time.Minute},
	} {
		s := New(config, []media.Track{videoTrack(t), audioTrack(t)}, 0, 0)
		for _, f := range broadcast(time.Second/30, 2*time.Second, 3*time.Second, 0, true) {
			if _, err := s.Write(f); err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.Write(media.Frame{Video: c.video, DTS: c.to, PTS: c.to, Key: true, Bytes: []byte{0, 0, 0, 1, 0x65}})
		if !errors.Is(err, ErrJump) {
			t.Errorf("%s: %v", c.name, err)
		}
		parts := s.Flush()
		next := New(config, []media.Track{videoTrack(t)}, s.End(), s.Sequence())
		p, err := next.Write(media.Frame{Video: true, DTS: c.to, PTS: c.to, Key: true, Bytes: []byte{0, 0, 0, 1, 0x65}})
		if err != nil || p != nil {
			t.Fatal(p, err)
		}
		if q := next.Flush(); len(q) != 1 || q[0].Start != parts[len(parts)-1].Start+parts[len(parts)-1].Duration {
			t.Errorf("%s: the time line does not go on: %v", c.name, q)
		}
	}
}

// TestAnyCadence lets frames come as they like: segments stay within the target duration, and nothing is lost.
//
// Clause: hls-target, hls-part-durations
func TestAnyCadence(t *testing.T) {
	video := videoTrack(t)
	rapid.Check(t, func(r *rapid.T) {
		s := New(config, []media.Track{video}, 0, 0)
		var parts []Part
		frames := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) media.Frame {
			return media.Frame{
				Video: true, DTS: time.Duration(rapid.IntRange(1, 1990).Draw(r, "gap")) * time.Millisecond,
				Key: rapid.IntRange(0, 9).Draw(r, "key") == 0, Bytes: []byte{0, 0, 0, 1, 1},
			}
		}), 1, 200).Draw(r, "frames")
		frames[0].Key = true
		var at time.Duration
		for _, f := range frames {
			at += f.DTS
			f.DTS, f.PTS = at, at
			p, err := s.Write(f)
			if err != nil {
				r.Fatal(err)
			}
			parts = append(parts, p...)
		}
		parts = append(parts, s.Flush()...)
		var whole []byte
		var long, at2 time.Duration
		for i, p := range parts {
			if p.Start != at2 {
				r.Fatalf("part %d starts at %v, not %v", i, p.Start, at2)
			}
			at2 += p.Duration
			long += p.Duration
			whole = append(whole, p.Bytes...)
			if p.Final {
				if long >= 2500*time.Millisecond {
					r.Fatalf("a segment of %v", long)
				}
				long = 0
			}
		}
		var read fmp4.Parts
		if err := read.Unmarshal(whole); err != nil {
			r.Fatal(err)
		}
		n := 0
		for _, p := range read {
			n += len(p.Tracks[0].Samples)
		}
		if n != len(frames) {
			r.Fatalf("%d frames of %d", n, len(frames))
		}
	})
}

// TestRate: frames are counted once, also where a segment turns out to have ended before the newest one.
func TestRate(t *testing.T) {
	const interval = 40 * time.Millisecond
	s := New(config, []media.Track{videoTrack(t)}, 0, 0)
	at, stood := time.Duration(0), 0
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 20_000 {
		parts, err := s.Write(media.Frame{Video: true, Key: n == 0, DTS: at, PTS: at, Bytes: []byte{0, 0, 0, 2, 0x41, 1}})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			if len(p.Bytes) == 0 {
				stood++
			}
		}
		if s.Rate() > 25.5 {
			t.Fatalf("%.1f frames a second at %v; 25 come at most", s.Rate(), at)
		}
		at += interval
		if random.IntN(37) == 0 {
			at += 1700 * time.Millisecond // it stands still for a moment
		}
	}
	if stood == 0 {
		t.Error("no segment ended before the newest frame")
	}
}

func TestInit(t *testing.T) {
	b, err := Init([]media.Track{videoTrack(t), audioTrack(t)})
	if err != nil {
		t.Fatal(err)
	}
	var i fmp4.Init
	if err := i.Unmarshal(bytes.NewReader(b)); err != nil || len(i.Tracks) != 2 {
		t.Fatal(err, i.Tracks)
	}
}
