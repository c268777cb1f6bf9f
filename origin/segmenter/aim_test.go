package segmenter

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shoal-live/shoal/origin/media"
)

// TestLostPicture: a picture or two are lost at any place of a part. The parts around them are no shorter than they may be.
//
// Clause: hls-part-durations
func TestLostPicture(t *testing.T) {
	for lost := range 70 {
		s := New(config, []media.Track{videoTrack(t)}, 0, 0)
		var frames []media.Frame
		for n := range 600 {
			if n == 180+lost || n == 181+lost {
				continue
			}
			at := time.Duration(n) * time.Second / 30
			frames = append(frames, media.Frame{Video: true, Key: n%60 == 0, DTS: at, PTS: at, Bytes: []byte{0, 0, 0, 2, 0x41, 1}})
		}
		for n, g := range check(t, cut(t, s, frames), 0) {
			for i, p := range g.parts {
				if p.Duration > config.Part || i < len(g.parts)-1 && p.Duration < config.Part*least/100 {
					t.Errorf("without pictures %d and %d part %d.%d lasts %v", 180+lost, 181+lost, n, i, p.Duration)
				}
			}
		}
	}
}

// TestSlowPictures: pictures that come seldom and evenly are shown as they come, however few go into a part, once it is known how they come.
func TestSlowPictures(t *testing.T) {
	for _, fps := range []float64{1, 2, 3, 4, 5, 5.5, 6, 7, 8, 8.5, 9, 10, 11, 12, 13, 14, 14.5, 15, 20, 24, 30} {
		s := New(config, []media.Track{videoTrack(t)}, 0, 0)
		interval := time.Duration(float64(time.Second) / fps)
		var before time.Duration
		for n := range int(60 * fps) {
			at := (time.Duration(n) * interval).Round(time.Millisecond)
			if _, err := s.Write(media.Frame{Video: true, Key: n%max(1, int(2*fps)) == 0, DTS: at, PTS: at, Bytes: []byte{0, 0, 0, 2, 0x41, 1}}); err != nil {
				t.Fatal(err)
			}
			placed, _ := s.Placed()
			if off := placed - before - interval; at > 2*time.Second && (off < -interval/8-time.Millisecond || off > interval/8+time.Millisecond) {
				t.Errorf("%v a second: picture %d comes %v behind the one before it, not %v", fps, n, placed-before, interval)
				break
			}
			before = placed
		}
	}
}

// TestHoleBehindMoved: a hole is as long as it was between the pictures as they came, also where the first of them was moved.
func TestHoleBehindMoved(t *testing.T) {
	for _, c := range []struct {
		hole time.Duration
		want error
	}{{1990 * time.Millisecond, nil}, {maxHole, nil}, {maxHole + time.Millisecond, ErrJump}} {
		s := New(config, []media.Track{videoTrack(t)}, 0, 0)
		var at time.Duration
		for n, gap := range []time.Duration{0, time.Millisecond, 13 * time.Millisecond, 331 * time.Millisecond, c.hole} {
			at += gap
			_, err := s.Write(media.Frame{Video: true, Key: n == 0, DTS: at, PTS: at, Bytes: []byte{0, 0, 0, 2, 0x41, 1}})
			switch placed, _ := s.Placed(); {
			case n == 4 && !errors.Is(err, c.want), n < 4 && err != nil:
				t.Errorf("hole of %v, picture %d: %v, want %v", c.hole, n, err, c.want)
			case n == 3 && placed == at:
				t.Error("no picture was moved")
			}
		}
	}
}

// TestNoCrumbs: pictures come with times that tremble, as browsers send them, so that a part holds one less than it could. What is
// left at the end of the segment is not a crumb.
//
// Clause: hls-part-durations
func TestNoCrumbs(t *testing.T) {
	for _, c := range []struct {
		name    string
		fps     int64
		gop     int
		tremble time.Duration
	}{
		{"30 fps", 30, 60, 0},
		{"30 fps, trembling", 30, 60, 4 * time.Millisecond},
		{"30 fps, GOP 1 s", 30, 30, 4 * time.Millisecond},
		{"60 fps, trembling", 60, 120, 4 * time.Millisecond},
		{"50 fps, trembling", 50, 100, 2 * time.Millisecond},
		{"24 fps, trembling", 24, 48, 3 * time.Millisecond},
		{"15 fps, trembling", 15, 30, 3 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(config, []media.Track{videoTrack(t)}, 0, 0)
			random := rand.New(rand.NewPCG(1, 2))
			var frames []media.Frame
			for n := range 60 * int(c.fps) {
				at := time.Duration(n) * time.Second / time.Duration(c.fps)
				if c.tremble > 0 {
					at += time.Duration(random.Int64N(int64(c.tremble)))
				}
				frames = append(frames, media.Frame{Video: true, Key: n%c.gop == 0, DTS: at, PTS: at, Bytes: []byte{0, 0, 0, 2, 0x41, 1}})
			}
			segments := check(t, cut(t, s, frames), 0)
			for n, g := range segments[3 : len(segments)-1] { // by then it is known how they come
				for i, p := range g.parts {
					switch last := i == len(g.parts)-1; {
					case p.Duration > config.Part || !last && p.Duration < config.Part*least/100:
						t.Errorf("part %d.%d lasts %v", n+3, i, p.Duration)
					case p.Duration < 150*time.Millisecond:
						t.Errorf("the last part of segment %d lasts %v", n+3, p.Duration)
					}
				}
			}
		})
	}
}

// TestDue: the frame that ends a part is known before it comes, at even and at trembling times, by sound alone, and at the end of a segment
// that its key frame ends early.
func TestDue(t *testing.T) {
	for name, c := range map[string]struct {
		tracks  []media.Track
		at      func(n int) time.Duration
		key     func(n int) bool
		hundred int // parts foretold, at the least
	}{
		"30 a second":       {[]media.Track{videoTrack(t)}, func(n int) time.Duration { return time.Duration(n) * time.Second / 30 }, func(n int) bool { return n%60 == 0 }, 99},
		"in milliseconds":   {[]media.Track{videoTrack(t)}, func(n int) time.Duration { return (time.Duration(n) * time.Second / 30).Round(time.Millisecond) }, func(n int) bool { return n%60 == 0 }, 99},
		"25 a second":       {[]media.Track{videoTrack(t)}, func(n int) time.Duration { return time.Duration(n) * time.Second / 25 }, func(n int) bool { return n%50 == 0 }, 99},
		"key frames seldom": {[]media.Track{videoTrack(t)}, func(n int) time.Duration { return time.Duration(n) * time.Second / 30 }, func(n int) bool { return n%250 == 0 }, 95},
		"59.94 a second, a key frame each 37": {[]media.Track{videoTrack(t)}, func(n int) time.Duration {
			return (time.Duration(n) * 1001 * time.Second / 60000).Round(time.Millisecond)
		}, func(n int) bool { return n%37 == 0 }, 70},
		"seven a second":      {[]media.Track{videoTrack(t)}, func(n int) time.Duration { return (time.Duration(n) * time.Second / 7).Round(time.Millisecond) }, func(n int) bool { return n%14 == 0 }, 99},
		"a thousand a second": {[]media.Track{videoTrack(t)}, func(n int) time.Duration { return time.Duration(n) * time.Millisecond }, func(n int) bool { return n%500 == 0 }, 50},
		"trembling": {[]media.Track{videoTrack(t)}, func(n int) time.Duration {
			return time.Duration(n)*time.Second/30 + time.Duration(n*7%5)*time.Millisecond
		}, func(n int) bool { return n%60 == 0 }, 85},
		"sound, 1024 of 48000": {[]media.Track{audioTrack(t)}, func(n int) time.Duration { return time.Duration(n) * 1024 * time.Second / 48000 }, func(int) bool { return true }, 95},
	} {
		t.Run(name, func(t *testing.T) {
			s := New(config, c.tracks, 0, 0)
			var due, foretold, ended int // due: the frame that should end the open part, by its number, as foretold by the part's first
			for n := range 900 {
				before := s.count
				f := media.Frame{Video: c.tracks[0].Video(), Key: c.key(n), DTS: c.at(n), PTS: c.at(n), Bytes: []byte{0, 0, 0, 2, 0x41, 1}}
				if _, err := s.Write(f); err != nil {
					t.Fatal(err)
				}
				left, ok := s.Due()
				if ok != (n > 0) {
					t.Fatalf("frame %d: something is due: %v", n, ok)
				}
				if s.count == before {
					continue
				}
				if n > 200 {
					ended++
					if due == n {
						foretold++
					}
				}
				due = n + int((left+s.frame/2)/s.frame)
			}
			if ended == 0 || foretold*100 < ended*c.hundred {
				t.Errorf("%d of %d parts ended with the frame that was expected", foretold, ended)
			}
			t.Logf("%d of %d", foretold, ended)
		})
	}
}
