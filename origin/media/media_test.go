package media_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/testclip"
)

// From an x265 stream of 640x360 and a libaom stream of 640x360.
var (
	hevcVPS = []byte{0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x02, 0x20, 0x00, 0x00, 0x03, 0x00, 0xb0, 0x00, 0x00, 0x03,
		0x00, 0x00, 0x03, 0x00, 0x7b, 0x18, 0xb0, 0x24}
	hevcSPS = []byte{0x42, 0x01, 0x01, 0x02, 0x20, 0x00, 0x00, 0x03, 0x00, 0xb0, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03,
		0x00, 0x7b, 0xa0, 0x07, 0x82, 0x00, 0x88, 0x7d, 0xb6, 0x71, 0x8b, 0x92, 0x44, 0x80, 0x53, 0x88,
		0x88, 0x92, 0xcf, 0x24, 0xa6, 0x92, 0x72, 0xc9, 0x12, 0x49, 0x22, 0xdc, 0x91, 0xaa, 0x48, 0xfc,
		0xa2, 0x23, 0xff, 0x00, 0x01, 0x00, 0x01, 0x6a, 0x02, 0x02, 0x02, 0x01}
	hevcPPS = []byte{0x44, 0x01, 0xc0, 0x25, 0x2f, 0x05, 0x32, 0x40}
	vp9Key  = []byte{0x82, 0x49, 0x83, 0x42, 0x00, 0x77, 0xf0, 0x32, 0x34, 0x30, 0x38, 0x24, 0x1c, 0x19, 0x40, 0x18, 0x03, 0x40, 0x5f, 0xb4}
	av1Head = []byte{8, 0, 0, 0, 66, 167, 191, 228, 96, 13, 0, 64}
)

func TestTracks(t *testing.T) {
	for _, c := range []struct {
		name string
		make func() (media.Track, error)
		rfc  string
		w, h int
	}{
		{"H.264", func() (media.Track, error) { return media.NewH264(testclip.Parameters()) }, "avc1.42c00c", 160, 90},
		{"HEVC", func() (media.Track, error) { return media.NewH265(hevcVPS, hevcSPS, hevcPPS) }, "hvc1.2.4.L123.b0", 960, 540},
		{"AV1", func() (media.Track, error) { return media.NewAV1(av1Head) }, "av01.0.08M.08", 1920, 804},
		{"VP9", func() (media.Track, error) { return media.NewVP9(vp9Key, 0) }, "vp09.00.40.08", 1920, 804},
		{"VP9, by level", func() (media.Track, error) { return media.NewVP9(vp9Key, 51) }, "vp09.00.51.08", 1920, 804},
		{"AAC", func() (media.Track, error) { return media.NewAAC(testclip.AACConfig()) }, "mp4a.40.2", 0, 0},
		{"Opus", func() (media.Track, error) { return media.NewOpus(2) }, "opus", 0, 0},
	} {
		track, err := c.make()
		if err != nil || track.RFC != c.rfc || track.Width != c.w || track.Height != c.h || !track.Same(track) {
			t.Errorf("%s: %q %dx%d %v", c.name, track.RFC, track.Width, track.Height, err)
		}
	}
}

func TestBadTracks(t *testing.T) {
	for name, make := range map[string]func() (media.Track, error){
		"H.264":         func() (media.Track, error) { return media.NewH264(nil, nil) },
		"H.264, no PPS": func() (media.Track, error) { sps, _ := testclip.Parameters(); return media.NewH264(sps, nil) },
		"HEVC":          func() (media.Track, error) { return media.NewH265(nil, nil, nil) },
		"AV1":           func() (media.Track, error) { return media.NewAV1(nil) },
		"VP9":           func() (media.Track, error) { return media.NewVP9(nil, 0) },
		"VP9, no key":   func() (media.Track, error) { return media.NewVP9([]byte{0x86}, 0) },
		"AAC":           func() (media.Track, error) { return media.NewAAC(nil) },
		"AAC, no rate":  func() (media.Track, error) { return media.NewAAC(&mpeg4audio.AudioSpecificConfig{}) },
		"Opus":          func() (media.Track, error) { return media.NewOpus(9) },
	} {
		if _, err := make(); !errors.Is(err, media.ErrParameters) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseH264(t *testing.T) {
	u := media.ParseH264([][]byte{{}, {9, 0x10}, {0x67, 1}, {0x68, 2}, {0x06, 5}, {0x65, 3}})
	if !u.Key || string(u.SPS) != "\x67\x01" || string(u.PPS) != "\x68\x02" || string(u.Bytes) != "\x00\x00\x00\x02\x06\x05\x00\x00\x00\x02\x65\x03" {
		t.Fatalf("%+v", u)
	}
	if u := media.ParseH264([][]byte{{0x67, 1}, {0x68, 2}}); u.Bytes != nil || u.Key {
		t.Fatal("parameter sets alone are no picture")
	}
}

// TestSets: the sets that the picture names are those of the init segment, be they the first or the last; what else there is stays
// in the sample, and everything does that comes with a picture that is no key frame.
func TestSets(t *testing.T) {
	const (
		sps0, sps1        = "\x67\x42\xc0\x0c\x80", "\x67\x42\xc0\x0d\x40" // Exp-Golomb: 1 is 0, 010 is 1
		pps0, pps1        = "\x68\xc0", "\x68\x48"                         // 0 of SPS 0, 1 of SPS 1
		newer             = "\x68\xe0"                                     // 0 of SPS 0 again
		idr0, idr1, plain = "\x65\xf0", "\x65\xd0", "\x61\xf0"
	)
	for _, c := range []struct {
		name     string
		units    []string
		sps, pps string
		sample   []string
	}{
		{"one of each", []string{sps0, pps0, idr0}, sps0, pps0, []string{idr0}},
		{"two, the first", []string{sps0, sps1, pps0, pps1, idr0}, sps0, pps0, []string{sps1, pps1, idr0}},
		{"two, the second", []string{sps0, sps1, pps0, pps1, idr1}, sps1, pps1, []string{sps0, pps0, idr1}},
		{"one number twice", []string{sps0, pps0, newer, idr0}, sps0, newer, []string{idr0}},
		{"not the one that is named", []string{pps1, idr0}, "", "", []string{pps1, idr0}},
		{"no picture", []string{sps0, pps0}, sps0, pps0, nil},
		{"no key frame", []string{sps0, pps0, plain}, "", "", []string{sps0, pps0, plain}},
	} {
		var units [][]byte
		for _, u := range c.units {
			units = append(units, []byte(u))
		}
		want := string(long(c.sample...))
		if u := media.ParseH264(units); string(u.SPS) != c.sps || string(u.PPS) != c.pps || string(u.Bytes) != want {
			t.Errorf("%s: %+v", c.name, u)
		}
		if u, err := media.SortH264(long(c.units...)); err != nil || string(u.SPS) != c.sps || string(u.PPS) != c.pps || string(u.Bytes) != want {
			t.Errorf("%s, in place: %+v, %v", c.name, u, err)
		}
	}
	other := bytes.Clone(hevcPPS)
	other[2] = 0x50 // of number 1
	for name, c := range map[string]struct {
		slice   string
		pps, in []byte
	}{
		"the first":  {"\x26\x01\xa0", hevcPPS, other},
		"the second": {"\x26\x01\x90", other, hevcPPS},
	} {
		u := media.ParseH265([][]byte{hevcVPS, hevcSPS, hevcPPS, other, []byte(c.slice)})
		if !bytes.Equal(u.VPS, hevcVPS) || !bytes.Equal(u.SPS, hevcSPS) || !bytes.Equal(u.PPS, c.pps) || !bytes.Equal(u.Bytes, long(string(c.in), c.slice)) {
			t.Errorf("HEVC, %s: %+v", name, u)
		}
	}
}

// long is units in one piece, each behind its length.
func long(units ...string) (b []byte) {
	for _, u := range units {
		b = append(b, 0, 0, 0, byte(len(u)))
		b = append(b, u...)
	}
	return b
}

// TestSort does in place what Parse does with units taken apart.
func TestSort(t *testing.T) {
	avc, err := media.SortH264(long("\x09\x10", "\x67\x01", "\x06\x05", "", "\x68\x02", "\x65\x03"))
	if err != nil || !avc.Key || string(avc.SPS) != "\x67\x01" || string(avc.PPS) != "\x68\x02" || !bytes.Equal(avc.Bytes, long("\x06\x05", "\x65\x03")) {
		t.Errorf("%+v, %v", avc, err)
	}
	hevc, err := media.SortH265(long("\x40\x01v", "\x42\x01s", "\x44\x01\xc0", "\x26\x01i"))
	if err != nil || !hevc.Key || string(hevc.VPS) != "\x40\x01v" || string(hevc.SPS) != "\x42\x01s" || !bytes.Equal(hevc.Bytes, long("\x26\x01i")) {
		t.Errorf("%+v, %v", hevc, err)
	}
	av1, err := media.SortAV1([]byte("\x12\x00" + "\x0a\x02hh" + "\x36\x55\x03xyz")) // a delimiter, a header, a frame with an extension
	if err != nil || !av1.Key || string(av1.Header) != "\x08hh" || string(av1.Bytes) != "\x0a\x02hh\x36\x55\x03xyz" {
		t.Errorf("%+v, %v", av1, err)
	}
	for name, b := range map[string]string{"length": "\x00\x00", "unit": "\x00\x00\x00\x09\x65"} {
		if _, err := media.SortH264([]byte(b)); !errors.Is(err, media.ErrSample) {
			t.Errorf("H.264, %s cut off: %v", name, err)
		}
	}
	for name, b := range map[string]string{"size missing": "\x08hh", "size cut off": "\x0a", "OBU cut off": "\x0a\x09h", "extension cut off": "\x0e"} {
		if _, err := media.SortAV1([]byte(b)); !errors.Is(err, media.ErrSample) {
			t.Errorf("AV1, %s: %v", name, err)
		}
	}
}

// TestBacklog sends to a channel as long as its bytes allow, and again when it was read from.
func TestBacklog(t *testing.T) {
	b := media.NewBacklog(10)
	for i, c := range []struct {
		waiting, size int
		takes         bool
	}{
		{0, 6, true}, {1, 4, true}, {2, 1, false}, {2, 0, true}, {3, 1, false}, {2, 6, true}, {3, 1, false}, {1, 4, true}, {2, 1, false},
		{0, 50, true}, {1, 1, false}, {1, 0, true}, {0, 1, true},
	} {
		if got := b.Takes(c.waiting, c.size); got != c.takes {
			t.Errorf("%d: %d bytes behind %d: %v", i, c.size, c.waiting, got)
		}
	}
}

func TestOpusLength(t *testing.T) {
	if d := media.OpusLength(testclip.Opus); d != 20*time.Millisecond {
		t.Fatal(d)
	}
	if d := media.OpusLength(nil); d != 0 {
		t.Fatal(d)
	}
}

func FuzzUnits(f *testing.F) {
	f.Add([]byte{0x65, 1, 2}, []byte{0x40, 1})
	f.Add(av1Head, hevcSPS)
	f.Fuzz(func(t *testing.T, a, b []byte) {
		units := [][]byte{a, b}
		media.ParseH264(units)
		media.ParseH265(units)
		_, _ = media.ParseAV1(units)
		_, _ = media.NewH264(a, b)
		_, _ = media.NewH265(a, b, a)
		_, _ = media.NewAV1(a)
		_, _ = media.NewVP9(a, 0)
		if u, err := media.SortH264(bytes.Clone(b)); err == nil && len(u.Bytes) > len(b) {
			t.Error("more than there was")
		}
		_, _ = media.SortH265(bytes.Clone(b))
		if u, err := media.SortAV1(bytes.Clone(b)); err == nil && len(u.Bytes) > len(b) {
			t.Error("more than there was")
		}
		media.OpusLength(a)
	})
}

func ExampleNewOpus() {
	t, err := media.NewOpus(2)
	fmt.Println(t.RFC, t.Scale, err)
	// Output: opus 48000 <nil>
}
