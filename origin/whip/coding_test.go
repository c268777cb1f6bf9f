package whip

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtp"
	rtpcodecs "github.com/pion/rtp/codecs"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/testclip"
)

// From an x265 stream and a libaom stream.
var (
	hevcVPS = []byte{0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x02, 0x20, 0x00, 0x00, 0x03, 0x00, 0xb0, 0x00, 0x00, 0x03,
		0x00, 0x00, 0x03, 0x00, 0x7b, 0x18, 0xb0, 0x24}
	hevcSPS = []byte{0x42, 0x01, 0x01, 0x02, 0x20, 0x00, 0x00, 0x03, 0x00, 0xb0, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03,
		0x00, 0x7b, 0xa0, 0x07, 0x82, 0x00, 0x88, 0x7d, 0xb6, 0x71, 0x8b, 0x92, 0x44, 0x80, 0x53, 0x88,
		0x88, 0x92, 0xcf, 0x24, 0xa6, 0x92, 0x72, 0xc9, 0x12, 0x49, 0x22, 0xdc, 0x91, 0xaa, 0x48, 0xfc,
		0xa2, 0x23, 0xff, 0x00, 0x01, 0x00, 0x01, 0x6a, 0x02, 0x02, 0x02, 0x01}
	hevcPPS = []byte{0x44, 0x01, 0xc0, 0x25, 0x2f, 0x05, 0x32, 0x40}
	av1Head = []byte{8, 0, 0, 0, 66, 167, 191, 228, 96, 13, 0, 64}
)

func long(head ...byte) []byte { return append(head, bytes.Repeat([]byte{0xa5, 1}, 2000)...) }

// units sends access units through a payloader and a depacketizer.
func units(t *testing.T, c coding, mtu uint16, p rtp.Payloader, sent ...[]byte) (got []*unit) {
	t.Helper()
	d := depacketizer{coding: c}
	for n, b := range sent {
		payloads := p.Payload(mtu, b)
		for i, payload := range payloads {
			u, broken := d.push(&rtp.Packet{Header: rtp.Header{Timestamp: uint32(n) * 3000, Marker: i == len(payloads)-1}, Payload: payload}, false)
			if broken {
				t.Fatalf("access unit %d, packet %d is called broken", n, i)
			}
			if u != nil {
				got = append(got, u)
			}
		}
	}
	return got
}

func TestHEVC(t *testing.T) {
	c := &h265Coding{}
	idr, next := long(19<<1, 1), long(1<<1, 1)
	var key []byte
	for _, nal := range [][]byte{hevcVPS, hevcSPS, hevcPPS, idr} {
		key = append(append(key, 0, 0, 0, 1), nal...)
	}
	got := units(t, c, 1200, &rtpcodecs.H265Payloader{}, key, append([]byte{0, 0, 0, 1}, next...))
	if len(got) != 2 {
		t.Fatal(len(got))
	}
	first, err := c.read(got[0].parts)
	if err != nil || !first.key || !bytes.Equal(first.bytes[4:], idr) {
		t.Error(first.key, err)
	}
	second, err := c.read(got[1].parts)
	if err != nil || second.key || !bytes.Equal(second.bytes[4:], next) {
		t.Error(second.key, err)
	}
	if track, known, err := c.track(); !known || err != nil || track.RFC != "hvc1.2.4.L123.b0" {
		t.Error(track.RFC, known, err)
	}
}

// TestSetsBetweenKeyFrames: a set that comes with a picture that is no key frame does not replace what key frames lean on.
func TestSetsBetweenKeyFrames(t *testing.T) {
	sps, pps := testclip.Parameters()
	other := bytes.Clone(hevcPPS)
	other[2] = 0x50 // of number 1
	avc, hevc := &h264Coding{}, &h265Coding{}
	for _, c := range []struct {
		coding
		units [][]byte
	}{
		{avc, [][]byte{sps, pps, {0x65, 0xb8}}},
		{avc, [][]byte{{0x68, 0x4d, 0x80}, {0x61, 0x99, 0}}},
		{hevc, [][]byte{hevcVPS, hevcSPS, hevcPPS, {19 << 1, 1, 0xa0}}},
		{hevc, [][]byte{other, {1 << 1, 1, 0xa0}}},
	} {
		if _, err := c.read(c.units); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(avc.pps, pps) || !bytes.Equal(hevc.pps, hevcPPS) {
		t.Errorf("the PPS are %x and %x", avc.pps, hevc.pps)
	}
}

func TestAV1(t *testing.T) {
	c := &av1Coding{}
	frame, next := long(6<<3), long(6<<3)
	sized := func(obus ...[]byte) (b []byte) { // as encoders write them
		for _, o := range obus {
			n := len(o) - 1
			b = append(b, o[0]|2, byte(n&0x7f)|0x80, byte(n>>7))
			b = append(b, o[1:]...)
		}
		return b
	}
	got := units(t, c, 1200, &rtpcodecs.AV1Payloader{}, sized([]byte{2 << 3}, av1Head, frame), sized([]byte{2 << 3}, next))
	if len(got) != 2 {
		t.Fatal(len(got))
	}
	first, err := c.read(got[0].parts)
	want, _ := media.ParseAV1([][]byte{av1Head, frame})
	if err != nil || !first.key || !bytes.Equal(first.bytes, want.Bytes) {
		t.Error(first.key, err)
	}
	second, err := c.read(got[1].parts)
	want, _ = media.ParseAV1([][]byte{next})
	if err != nil || second.key || !bytes.Equal(second.bytes, want.Bytes) {
		t.Error(second.key, err)
	}
	if track, known, err := c.track(); !known || err != nil || track.RFC != "av01.0.08M.08" {
		t.Error(track.RFC, known, err)
	}
}

// TestAV1Payloads reads what stands in the RTP payload format for AV1, section 4.4.
func TestAV1Payloads(t *testing.T) {
	for _, c := range []struct {
		name    string
		payload []byte
		want    [][]byte
		cut     bool
	}{
		{"one without a size", []byte{0x10, 6 << 3, 1, 2}, [][]byte{{6 << 3, 1, 2}}, false},
		{"two, the first with a size", []byte{0x20, 2, 1 << 3, 9, 6 << 3, 1}, [][]byte{{1 << 3, 9}, {6 << 3, 1}}, false},
		{"all with a size", []byte{0, 2, 1 << 3, 9, 2, 6 << 3, 1}, [][]byte{{1 << 3, 9}, {6 << 3, 1}}, false},
		{"with a size of its own", []byte{0x10, 6<<3 | 2, 2, 1, 2}, [][]byte{{6 << 3, 1, 2}}, false},
		{"of a layer in time", []byte{0x10, 6<<3 | 4, 0x20, 1, 2}, [][]byte{{6 << 3, 1, 2}}, false},
		{"of a layer, with a size", []byte{0x10, 6<<3 | 6, 0x20, 2, 1, 2}, [][]byte{{6 << 3, 1, 2}}, false},
		{"that goes on", []byte{0x50, 6 << 3, 1}, nil, true},
		{"goes on from nothing", []byte{0x90, 6 << 3, 1}, nil, false},
		{"size beyond the end", []byte{0x20, 9, 1}, nil, false},
		{"fewer than said", []byte{0x30, 1, 6 << 3}, nil, false},
		{"nothing in it", []byte{0x10}, nil, false},
		{"an empty one", []byte{0, 0}, nil, false},
		{"a layer, cut off", []byte{0x10, 6<<3 | 4}, nil, false},
		{"a size of its own beyond the end", []byte{0x10, 6<<3 | 2, 9}, nil, false},
	} {
		var a av1Coding
		got, err := a.unpack(c.payload)
		if (err == nil) != (c.want != nil || c.cut) || len(got) != len(c.want) || a.pending() != c.cut {
			t.Errorf("%s: %v, %v, pending %v", c.name, got, err, a.pending())
			continue
		}
		for i := range got {
			if !bytes.Equal(got[i], c.want[i]) {
				t.Errorf("%s: %v", c.name, got)
			}
		}
	}
}

// TestDecodeTimes: without B-frames a picture is decoded when it is shown, in every coding.
func TestDecodeTimes(t *testing.T) {
	for name, key := range map[string][][]byte{"h265": {hevcVPS, hevcSPS, hevcPPS, long(19<<1, 1)}, "av1": {av1Head, long(6 << 3)}} {
		l := newLayer("", name)
		if _, err := l.coding.read(key); err != nil {
			t.Fatal(err)
		}
		if at := l.dts(key, true, time.Second); at > time.Second || at < 999*time.Millisecond {
			t.Errorf("%s: %v", name, at)
		}
	}
}
