package rtmp

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/testclip"
)

// TestHeaderChange: other parameters in the middle of a broadcast, announced or found in a key frame, begin a new timeline with
// a discontinuity and another init segment; the same once more begin nothing.
//
// Clause: rtmp-header-change
func TestHeaderChange(t *testing.T) {
	sps, pps := testclip.Parameters()
	other := bytes.Clone(sps)
	other[2] ^= 0x10 // a constraint flag
	another := append(bytes.Clone(pps), 0x80)
	d := clipDress()
	for _, c := range []struct {
		name   string
		change func(*caster)
		times  int
	}{
		{"the same", func(b *caster) { b.send(typeVideo, 4*time.Second, d.start...) }, 0},
		{"announced", func(b *caster) { b.send(typeVideo, 4*time.Second, 0x17, 0, 0, 0, 0, avcC(other, pps)) }, 1},
		{"found", func(b *caster) {
			p, _ := picture(0)
			b.send(typeVideo, 4*time.Second, 0x17, 1, 0, 0, 0, unit(other, pps), p)
		}, 1},
		{"found, the same", func(b *caster) {
			p, _ := picture(0)
			b.send(typeVideo, 4*time.Second, 0x17, 1, 0, 0, 0, unit(sps, pps), p)
		}, 0},
		{"found, of pictures", func(b *caster) {
			p, _ := picture(0)
			b.send(typeVideo, 4*time.Second, 0x17, 1, 0, 0, 0, unit(sps, another), p)
		}, 1},
		{"found, of pictures alone", func(b *caster) {
			p, _ := picture(0)
			b.send(typeVideo, 4*time.Second, 0x17, 1, 0, 0, 0, unit(another), p)
		}, 1},
		{"of sound", func(b *caster) { b.send(typeAudio, 4*time.Second, 0xaf, 0, 0x11, 0x88) }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := open(t)
			b := h.cast(t)
			b.begin(d)
			b.play(d, 0, 4*time.Second)
			c.change(b)
			b.play(d, 4*time.Second, 9*time.Second)
			h.described(t, "live", func(d stream.Description) bool { return d.LastMSN >= 4 })
			text := plain(h)
			if n := strings.Count(text, "#EXT-X-DISCONTINUITY\n"); n != c.times || strings.Count(text, "#EXT-X-MAP") != 1+c.times {
				t.Errorf("%d discontinuities:\n%s", n, text)
			}
		})
	}
}

// TestSecondSets: a configuration record may hold several sets of a kind. An init segment holds one, and the others come before each
// key frame that brings none.
func TestSecondSets(t *testing.T) {
	sps, pps := testclip.Parameters()
	second := raw(0x68, 0x4d, 0x80) // of number 1
	d := clipDress()
	d.start = []any{0x17, 0, 0, 0, 0, 1, sps[1:4], 0xff, 0xe1, 0, len(sps), sps, 2, 0, len(pps), pps, 0, len(second), second}
	h := open(t)
	b := h.cast(t)
	b.begin(d)
	b.play(d, 0, 9*time.Second)
	h.described(t, "live", func(d stream.Description) bool { return d.LastMSN >= 3 })
	with := 0
	for i, s := range h.samples(t, 0)[1] {
		switch has := bytes.HasPrefix(s.Payload, unit(second)); {
		case has != !s.IsNonSyncSample:
			t.Errorf("sample %d: %x...", i, s.Payload[:20])
		case has:
			with++
		}
	}
	if with < 2 {
		t.Errorf("%d key frames", with)
	}
	v, _ := h.streams.Get("demo").Window(0).View()
	if len(v.Segments) == 0 || strings.Contains(plain(h), "DISCONTINUITY\n") {
		t.Error("the timeline broke")
	}
}

// TestWrap broadcasts over the end of the 32 bit milliseconds: nothing happens.
//
// Clause: rtmp-wrap
func TestWrap(t *testing.T) {
	h := open(t)
	b := h.cast(t)
	start := wrap - 3*time.Second
	sps, pps := testclip.Parameters()
	b.send(typeVideo, start, 0x17, 0, 0, 0, 0, avcC(sps, pps))
	b.send(typeAudio, start, 0xaf, 0, 0x11, 0x90)
	b.play(clipDress(), start.Truncate(testclip.Interval), start+9*time.Second)
	h.described(t, "live", func(d stream.Description) bool { return d.LastMSN >= 3 })
	if text := plain(h); strings.Contains(text, "DISCONTINUITY\n") || h.log.count("jump") > 0 {
		t.Error(text, h.log.text.String())
	}
}

// TestOffsets: pictures are shown when they are to be, also those whose composition offset is negative, as some phones send them.
//
// Clause: rtmp-bframes
func TestOffsets(t *testing.T) {
	for name, offsets := range map[string][4]time.Duration{ // of I P B B, milliseconds
		"delayed":     {66, 166, 33, 0},
		"not delayed": {0, 100, -33, -66},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			b := h.cast(t)
			d := clipDress()
			plainFrame := d.frame
			d.frame = func(n int) []any {
				f := plainFrame(n)
				o := int32(offsets[n%4])
				f[2], f[3], f[4] = int(o>>16), int(o>>8), int(o)
				return f
			}
			b.begin(d)
			b.play(d, 0, 5*time.Second)
			h.described(t, "live", isLive)
			video := h.samples(t, 0)[1]
			if len(video) < 50 {
				t.Fatalf("%d frames", len(video))
			}
			for i, s := range video {
				if got := time.Duration(s.pts-s.dts) * time.Second / 90000; got.Round(time.Millisecond) != offsets[i%4]*time.Millisecond {
					t.Fatalf("frame %d is shown %v after it is decoded, want %d ms", i, got, offsets[i%4])
				}
			}
		})
	}
}

// TestLongGOP: with a key frame every eight seconds, as OBS has it unless told otherwise, the stream plays with segments as long as any, and
// the broadcaster is told what to set, once in the log.
//
// Clause: rtmp-gop, rtmp-long-gop
func TestLongGOP(t *testing.T) {
	h := open(t)
	b := h.cast(t)
	d := clipDress()
	d.frame = func(n int) []any {
		if n%240 == 0 {
			p, _ := picture(0)
			return []any{0x17, 1, 0, 0, 0, p}
		}
		p, _ := picture(1)
		return []any{0x27, 1, 0, 0, 0, p}
	}
	b.begin(d)
	b.play(d, 0, 27*time.Second)
	h.described(t, "advised", func(d stream.Description) bool {
		return d.LastMSN >= 12 && d.GOPSeconds == 8 && strings.Contains(d.Advice, "Keyframes come every 8.0 s. Set the keyframe interval to 2 s, or 1 s")
	})
	if n := h.log.count("Set the keyframe interval to 2 s"); n != 1 {
		t.Errorf("said %d times", n)
	}
	v, _ := h.streams.Get("demo").Window(0).View()
	for _, s := range v.Segments {
		if s.Duration > 2490*time.Millisecond || len(s.Parts) < 2 {
			t.Errorf("segment %d lasts %v in %d parts", s.MSN, s.Duration, len(s.Parts))
		}
	}
	if err := has(plain(h), "#EXT-X-TARGETDURATION:2\n", "INDEPENDENT=YES"); err != nil {
		t.Error(err)
	}
}
