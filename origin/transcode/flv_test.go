package transcode

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/shoal-live/shoal/origin/testclip"
)

// tag writes a tag of video.
func tag(millis, offset uint32, kind byte, body []byte) []byte {
	size := uint32(5 + len(body))
	b := []byte{9, byte(size >> 16), byte(size >> 8), byte(size), byte(millis >> 16), byte(millis >> 8), byte(millis), byte(millis >> 24), 0, 0, 0}
	b = append(b, 0x17, kind, byte(offset>>16), byte(offset>>8), byte(offset))
	b = append(b, body...)
	return append(b, 0, 0, 0, 0)
}

func parameters() []byte {
	sps, pps := testclip.Parameters()
	b := []byte{1, sps[1], sps[2], sps[3], 0xff, 0xe1, byte(len(sps) >> 8), byte(len(sps))}
	b = append(b, sps...)
	b = append(b, 1, byte(len(pps)>>8), byte(len(pps)))
	return append(b, pps...)
}

func file(tags ...[]byte) []byte {
	b := []byte{'F', 'L', 'V', 1, 1, 0, 0, 0, 9, 0, 0, 0, 0}
	return append(b, bytes.Join(tags, nil)...)
}

func TestFLV(t *testing.T) {
	script := []byte{18, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0}
	f, err := newFLV(bytes.NewReader(file(
		script, tag(0, 0, 0, parameters()), tag(0x12345678, 40, 1, []byte{0, 0, 0, 2, 0x65, 1}), tag(0x7fffffff, 1, 1, []byte{0, 0, 0, 1, 0x41}),
		tag(9, 0, 2, nil),
	)))
	if err != nil {
		t.Fatal(err)
	}
	if p, err := f.next(); err != nil || p.track == nil || p.track.Width != 160 || p.track.RFC != "avc1.42c00c" {
		t.Errorf("parameters: %+v %v", p, err)
	}
	if p, err := f.next(); err != nil || !p.key || p.millis != 0x12345678+40 || !bytes.Equal(p.bytes, []byte{0, 0, 0, 2, 0x65, 1}) {
		t.Errorf("a key frame: %+v %v", p, err)
	}
	if p, err := f.next(); err != nil || p.key || p.millis != 0 {
		t.Errorf("another: %+v %v", p, err)
	}
	if _, err := f.next(); !errors.Is(err, io.EOF) {
		t.Errorf("the end: %v", err)
	}
}

func TestFLVRefuses(t *testing.T) {
	for name, b := range map[string][]byte{
		"another format":     []byte("0123456789abcdef"),
		"no SPS":             file(tag(0, 0, 0, []byte{1, 0, 0, 0, 0xff, 0xe0, 0})),
		"parameters cut":     file(tag(0, 0, 0, parameters()[:12])),
		"a unit cut":         file(tag(0, 0, 1, []byte{0, 0, 0, 9, 0x65})),
		"a tag of 16 MB":     file([]byte{9, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0}),
		"parameters of a B":  file(tag(0, 0, 0, []byte{1})),
		"a header of length": []byte("FLV\x01\x01\x00\x00\x00\x0a\x00\x00\x00\x00"),
	} {
		f, err := newFLV(bytes.NewReader(b))
		if err == nil {
			_, err = f.next()
		}
		if !errors.Is(err, errFLV) && !errors.Is(err, io.EOF) && err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzFLV(f *testing.F) {
	f.Add(file(tag(0, 0, 0, parameters()), tag(40, 0, 1, []byte{0, 0, 0, 2, 0x65, 1})))
	f.Fuzz(func(t *testing.T, b []byte) {
		made, err := newFLV(bytes.NewReader(b))
		for err == nil {
			var p picture
			if p, err = made.next(); err == nil && p.millis > wrap {
				t.Error(p.millis)
			}
		}
	})
}
