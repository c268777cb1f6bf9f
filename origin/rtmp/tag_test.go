package rtmp

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/testclip"
)

type tagCase struct {
	name  string
	video bool
	b     []byte
	want  string // track, codec, kind, offset, body of each tag; or the error
}

func raw(parts ...any) (b []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b = append(b, byte(p))
		case string:
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		}
	}
	return b
}

// tagCases are bodies as they stand in FLV 10.1, annex E, and in Enhanced RTMP 2, "Enhanced Audio" and "Enhanced Video".
func tagCases() []tagCase {
	long := make([]byte, 300)
	return []tagCase{
		{"nothing", true, nil, ""},
		{"H.264 configuration", true, raw(0x17, 0, 0, 0, 0, "cfg"), `0 H.264 start 0s "cfg"`},
		{"H.264, 66 ms", true, raw(0x17, 1, 0, 0, 66, "xx"), `0 H.264 key frame 66ms "xx"`},
		{"H.264, minus 33 ms", true, raw(0x27, 1, 0xff, 0xff, 0xdf, "xx"), `0 H.264 frame -33ms "xx"`},
		{"end of sequence", true, raw(0x17, 2, 0, 0, 0), ""},
		{"a command frame", true, raw(0x57, 0), ""},
		{"H.264, cut off", true, raw(0x17, 1, 0), errTag.Error()},
		{"HEVC by number 12", true, raw(0x1c, 1, 0, 0, 0, "xx"), `0 HEVC key frame 0s "xx"`},
		{"Sorenson", true, raw(0x12, 1, 2), `0 Sorenson H.263 start 0s ""`},
		{"avc1 start", true, raw(0x90, "avc1cfg"), `0 H.264 start 0s "cfg"`},
		{"avc1, offset", true, raw(0x91, "avc1", 0, 0, 33, "xx"), `0 H.264 key frame 33ms "xx"`},
		{"hvc1, negative offset", true, raw(0xa1, "hvc1", 0xff, 0xff, 0xff, "xx"), `0 HEVC frame -1ms "xx"`},
		{"hvc1, without an offset", true, raw(0xa3, "hvc1xx"), `0 HEVC frame 0s "xx"`},
		{"hvc1, cut off", true, raw(0xa1, "hvc1", 0), errTag.Error()},
		{"av01", true, raw(0x91, "av01xx"), `0 AV1 key frame 0s "xx"`},
		{"vp09", true, raw(0xa1, "vp09xx"), `0 VP9 frame 0s "xx"`},
		{"an end", true, raw(0x92, "av01"), ""},
		{"colours", true, raw(0x94, "hvc1", 2, 0), ""},
		{"a kind of the future", true, raw(0x9e, "avc1xx"), ""},
		{"without a codec", true, raw(0x91, "av"), errTag.Error()},
		{"ModEx of nanoseconds", true, raw(0x97, 2, 1, 2, 3, 0x01, "av01xx"), `0 AV1 key frame 0s "xx"`},
		{"ModEx twice", true, raw(0x97, 0, 9, 0x07, 2, 1, 2, 3, 0x01, "av01xx"), `0 AV1 key frame 0s "xx"`},
		{"ModEx of 300 bytes", true, raw(0x97, 255, 1, 43, long, 0xf1, "av01xx"), `0 AV1 key frame 0s "xx"`},
		{"ModEx of a kind of the future", true, raw(0x97, 0, 9, 0xe3, "hvc1xx"), `0 HEVC key frame 0s "xx"`},
		{"ModEx, cut off", true, raw(0x97, 9, 1, 2), errTag.Error()},
		{"ModEx, long, cut off", true, raw(0x97, 255, 1), errTag.Error()},
		{"ModEx before many tracks", true, raw(0x97, 0, 9, 0x06, 0x01, "av01", 3, "xx"), `3 AV1 key frame 0s "xx"`},
		{"one track", true, raw(0x96, 0x01, "av01", 2, "xx"), `2 AV1 key frame 0s "xx"`},
		{"one track of avc1", true, raw(0xa6, 0x01, "avc1", 2, 0, 0, 33, "xx"), `2 H.264 frame 33ms "xx"`},
		{"many tracks", true, raw(0x96, 0x13, "av01", 0, 0, 0, 2, "xx", 1, 0, 0, 3, "yyy"), `0 AV1 key frame 0s "xx", 1 AV1 key frame 0s "yyy"`},
		{"many tracks of many codecs", true, raw(0x96, 0x20, "av01", 0, 0, 0, 2, "xx", "avc1", 1, 0, 0, 0), `0 AV1 start 0s "xx", 1 H.264 start 0s ""`},
		{"many tracks, cut off", true, raw(0x96, 0x13, "av01", 0, 0, 0, 9, "xx"), errTag.Error()},
		{"more tracks than there can be", true, raw(0x96, 0x11, "av01", make([]byte, 4*(maxTags+1))), errTracks.Error()},
		{"a form of the future", true, raw(0x96, 0x31, "av01xx"), ""},

		{"AAC configuration", false, raw(0xaf, 0, 0x11, 0x90), `0 AAC start 0s "\x11\x90"`},
		{"AAC", false, raw(0xaf, 1, "xx"), `0 AAC frame 0s "xx"`},
		{"AAC, cut off", false, raw(0xaf), errTag.Error()},
		{"Speex", false, raw(0xb6, "xx"), `0 Speex start 0s ""`},
		{"MP3", false, raw(0x2f, "xx"), `0 MP3 start 0s ""`},
		{"Opus start", false, raw(0x90, "OpusOpusHead"), `0 Opus start 0s "OpusHead"`},
		{"Opus", false, raw(0x91, "Opusxx"), `0 Opus frame 0s "xx"`},
		{"mp4a", false, raw(0x91, "mp4axx"), `0 AAC frame 0s "xx"`},
		{"a layout of channels", false, raw(0x94, "Opus", 1, 2, 3), ""},
		{"the third audio track", false, raw(0x95, 0x01, "mp4a", 2, "xx"), `2 AAC frame 0s "xx"`},
		{"audio with ModEx", false, raw(0x97, 2, 1, 2, 3, 0x01, "Opusxx"), `0 Opus frame 0s "xx"`},
	}
}

// TestTags reads every form of a message's body.
//
// Clause: rtmp-fourcc, rtmp-modex, rtmp-bframes, rtmp-multitrack
func TestTags(t *testing.T) {
	for _, c := range tagCases() {
		t.Run(c.name, func(t *testing.T) {
			read := readAudio
			if c.video {
				read = readVideo
			}
			tags, err := read(nil, c.b)
			var said []string
			for _, g := range tags {
				kind := "start"
				if g.kind == tagFrames {
					kind = "frame"
				}
				if g.kind == tagFrames && g.key {
					kind = "key frame"
				}
				said = append(said, fmt.Sprintf("%d %v %s %v %q", g.track, g.codec, kind, g.offset, g.body))
			}
			got := strings.Join(said, ", ")
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// TestRefusals names what cannot be carried, and what to choose in its place.
//
// Clause: rtmp-refused-codecs
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name  string
		video bool
		b     []byte
		text  string
	}{
		{"AC-3", false, raw(0x90, "ac-3"), "AC-3 audio: choose AAC"},
		{"E-AC-3", false, raw(0x91, "ec-3xx"), "E-AC-3 audio: choose AAC"},
		{"FLAC", false, raw(0x90, "fLaCxx"), "FLAC audio: choose AAC"},
		{"MP3", false, raw(0x90, ".mp3"), "MP3 audio: choose AAC"},
		{"MP3 of old", false, raw(0x2f, 1, 2), "MP3 audio: choose AAC"},
		{"Speex", false, raw(0xb2, 1), "Speex audio: choose AAC"},
		{"Nellymoser", false, raw(0x52, 1), "Nellymoser audio: choose AAC"},
		{"G.711", false, raw(0x82, 1), "G.711 audio: choose AAC"},
		{"PCM", false, raw(0x3f, 1), "uncompressed audio: choose AAC"},
		{"a FourCC of the future", false, raw(0x90, "vrbs"), `"vrbs" audio: choose AAC`},
		{"video as audio", false, raw(0x90, "avc1"), "H.264 audio: choose AAC"},
		{"Sorenson", true, raw(0x12, 1), "Sorenson H.263 video: choose H.264"},
		{"VP6", true, raw(0x14, 1), "VP6 video: choose H.264"},
		{"VP8", true, raw(0x90, "vp08"), "VP8 video: choose H.264"},
		{"VVC", true, raw(0x90, "vvc1"), "VVC video: choose H.264"},
		{"a number of the future", true, raw(0x1f, 1), "codec 15 video: choose H.264"},
	} {
		t.Run(c.name, func(t *testing.T) {
			kind := byte(typeAudio)
			if c.video {
				kind = typeVideo
			}
			d := newDialogue(saying(whole(kind, c.b...)))
			if _, err := d.next(); !errors.Is(err, errFormat) || !strings.Contains(err.Error(), c.text) {
				t.Error(err)
			}
		})
	}
}

// TestConfigurations reads records that are in order, and records that are not.
func TestConfigurations(t *testing.T) {
	sps, pps := testclip.Parameters()
	record := avcC(sps, pps)
	for n := range len(record) {
		s := &source{}
		if _, err := s.start(tag{video: true, codec: fourAVC, body: record[:n]}); !errors.Is(err, errFormat) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
	for name, c := range map[string]struct {
		codec fourCC
		body  []byte
		rfc   string // empty: none yet
		bad   bool
	}{
		"H.264":                         {fourAVC, record, "avc1.42c00c", false},
		"H.264, short lengths":          {fourAVC, append([]byte{1, 66, 0, 12, 0xfc}, record[5:]...), "", true},
		"HEVC, nothing":                 {fourHEVC, nil, "", true},
		"HEVC, arrays cut off":          {fourHEVC, append(make([]byte, 21), 3, 9), "", true},
		"AV1, nothing":                  {fourAV1, nil, "", true},
		"AV1, header to come":           {fourAV1, []byte{0x81, 0, 0, 0}, "", false},
		"VP9, parameters to come":       {fourVP9, []byte{0, 40, 0x80, 2, 2, 2, 0, 0}, "", false},
		"AAC":                           {fourAAC, []byte{0x11, 0x90}, "mp4a.40.2", false},
		"AAC, to come":                  {fourAAC, nil, "", false},
		"AAC, broken":                   {fourAAC, []byte{0xff}, "", true},
		"Opus, as is":                   {fourOpus, nil, "opus", false},
		"Opus":                          {fourOpus, raw("OpusHead", 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0), "opus", false},
		"Opus, six channels":            {fourOpus, raw("OpusHead", 1, 6, 0, 0, 0, 0, 0, 0, 0, 0, 1), "", true},
		"Opus, without its first words": {fourOpus, make([]byte, 19), "", true},
	} {
		track, err := (&source{}).start(tag{codec: c.codec, body: c.body})
		got := ""
		if track != nil {
			got = track.RFC
		}
		if got != c.rfc || errors.Is(err, errFormat) != c.bad {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// avcC is the configuration record of H.264.
func avcC(sps, pps []byte) []byte {
	return raw(1, sps[1:4], 0xff, 0xe1, len(sps)>>8, len(sps), sps, 1, len(pps)>>8, len(pps), pps)
}

// TestVP9 takes the parameters from key frames, and the level from where it is told.
//
// Clause: rtmp-fourcc
func TestVP9(t *testing.T) {
	key := []byte{0x82, 0x49, 0x83, 0x42, 0x00, 0x77, 0xf0, 0x32, 0x34, 0x30, 0x38, 0x24, 0x1c, 0x19, 0x40, 0x18, 0x03, 0x40, 0x5f, 0xb4}
	for name, c := range map[string]struct {
		configuration []byte
		rfc           string
	}{
		"with a level":                      {[]byte{0, 41, 0x80, 2, 2, 2, 0, 0}, "vp09.00.41.08"},
		"with a level, as ffmpeg writes it": {[]byte{1, 0, 0, 0, 0, 41, 0x80, 2, 2, 2, 0, 0}, "vp09.00.41.08"},
		"without":                           {nil, "vp09.00.40.08"},
	} {
		s := &source{}
		if _, err := s.start(tag{video: true, codec: fourVP9, body: c.configuration}); err != nil {
			t.Fatal(err)
		}
		f, changed, err := s.frame(tag{video: true, codec: fourVP9, kind: tagFrames, key: true, body: key}, time.Second)
		if err != nil || changed == nil || changed.RFC != c.rfc || !f.Key || changed.Width != 1920 || changed.Height != 804 {
			t.Errorf("%s: %+v, %v", name, changed, err)
		}
		if f, changed, err = s.frame(tag{video: true, codec: fourVP9, kind: tagFrames, body: []byte{0x86}}, time.Second); err != nil || changed != nil || f.Key {
			t.Errorf("%s: a frame that is no key frame: %+v, %v", name, changed, err)
		}
	}
	if _, err := media.NewVP9([]byte{0x86}, 0); !errors.Is(err, media.ErrParameters) {
		t.Error(err)
	}
}

// TestSetsBetweenKeyFrames: a set that comes with a picture that is no key frame stays with it, and the next key frame leans on what it
// did before. One that comes with no picture counts.
func TestSetsBetweenKeyFrames(t *testing.T) {
	sps, pps := testclip.Parameters()
	other, plain, key := raw(0x68, 0x4d, 0x80), raw(0x61, 0x99, 0), raw(0x65, 0xb8) // the set and the picture after it are of number 1, the key frame of number 0
	s := &source{}
	if _, err := s.start(tag{video: true, codec: fourAVC, body: avcC(sps, pps)}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		body    []byte
		changed bool
	}{
		{"key frame", unit(key), false},
		{"set and picture", unit(other, plain), false},
		{"key frame after a picture's set", unit(key), false},
		{"set alone", unit(other), false},
		{"key frame after a set alone", unit(key), true},
	} {
		if _, changed, err := s.frame(tag{video: true, codec: fourAVC, kind: tagFrames, body: c.body}, time.Second); err != nil || (changed != nil) != c.changed {
			t.Errorf("%s: changed %v, want %v; %v", c.name, changed != nil, c.changed, err)
		}
	}
}

// FuzzTags reads anything.
func FuzzTags(f *testing.F) {
	for _, c := range tagCases() {
		f.Add(c.video, c.b)
	}
	f.Fuzz(func(t *testing.T, video bool, b []byte) {
		read := readAudio
		if video {
			read = readVideo
		}
		tags, _ := read(nil, b)
		sum := 0
		for _, g := range tags {
			sum += len(g.body) + 1
			s := &source{}
			if g.kind == tagStart {
				_, _ = s.start(g)
			} else {
				_, _, _ = s.frame(g, 0)
			}
		}
		if sum > len(b) {
			t.Errorf("%d bytes of %d in %d tags", sum, len(b), len(tags))
		}
	})
}
