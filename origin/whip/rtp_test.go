package whip

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtp"
	rtpcodecs "github.com/pion/rtp/codecs"
	"pgregory.net/rapid"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/testclip"
)

var epoch = time.Unix(1e9, 0)

func TestReorder(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []uint16
		out  []uint16
		lost []uint16 // given out with a loss before them
	}{
		{"in order", []uint16{1, 2, 3}, []uint16{1, 2, 3}, nil},
		{"swapped", []uint16{1, 3, 2, 4}, []uint16{1, 2, 3, 4}, nil},
		{"twice", []uint16{1, 2, 2, 1, 3}, []uint16{1, 2, 3}, nil},
		{"wrap", []uint16{65534, 0, 65535, 1}, []uint16{65534, 65535, 0, 1}, nil},
		{"before the first", []uint16{5, 4, 6}, []uint16{5, 6}, nil},
	} {
		var r reorder
		var out, lost []uint16
		for _, n := range c.in {
			r.push(epoch, &rtp.Packet{Header: rtp.Header{SequenceNumber: n}}, func(p *rtp.Packet, l bool) {
				out = append(out, p.SequenceNumber)
				if l {
					lost = append(lost, p.SequenceNumber)
				}
			})
		}
		if !equal(out, c.out) || !equal(lost, c.lost) {
			t.Errorf("%s: %v, lost before %v", c.name, out, lost)
		}
	}
}

func TestReorderGivesUp(t *testing.T) {
	var r reorder
	var out, lost []uint16
	give := func(p *rtp.Packet, l bool) {
		out = append(out, p.SequenceNumber)
		if l {
			lost = append(lost, p.SequenceNumber)
		}
	}
	for i, n := range []uint16{1, 3, 4, 7} {
		r.push(epoch.Add(time.Duration(i)*100*time.Millisecond), &rtp.Packet{Header: rtp.Header{SequenceNumber: n}}, give)
	}
	if !equal(out, []uint16{1}) {
		t.Fatal("did not wait:", out)
	}
	r.push(epoch.Add(400*time.Millisecond), &rtp.Packet{Header: rtp.Header{SequenceNumber: 8}}, give)
	if !equal(out, []uint16{1, 3, 4}) || !equal(lost, []uint16{3}) {
		t.Fatal(out, lost)
	}
	r.push(epoch.Add(700*time.Millisecond), &rtp.Packet{Header: rtp.Header{SequenceNumber: 9}}, give)
	if !equal(out, []uint16{1, 3, 4, 7, 8, 9}) || !equal(lost, []uint16{3, 7}) {
		t.Fatal(out, lost)
	}
}

func equal(a, b []uint16) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// packets is the clip as a browser would send it.
func packets() (all []*rtp.Packet) {
	var sequence uint16
	for n, u := range testclip.Units() {
		var b []byte
		for _, nal := range u {
			b = append(append(b, 0, 0, 0, 1), nal...)
		}
		payloads := (&rtpcodecs.H264Payloader{}).Payload(200, b)
		for i, p := range payloads {
			all = append(all, &rtp.Packet{Header: rtp.Header{
				SequenceNumber: sequence, Timestamp: uint32(n) * 3000, Marker: i == len(payloads)-1,
			}, Payload: p})
			sequence++
		}
	}
	return all
}

func TestDepacketize(t *testing.T) {
	d := depacketizer{coding: &h264Coding{}}
	n := 0
	for _, p := range packets() {
		u, broken := d.push(p, false)
		if broken {
			t.Fatal("broken without a loss")
		}
		if u == nil {
			continue
		}
		want, got := media.ParseH264(testclip.Units()[n]), media.ParseH264(u.parts)
		if !bytes.Equal(got.Bytes, want.Bytes) || got.Key != want.Key || !bytes.Equal(got.SPS, want.SPS) {
			t.Fatalf("access unit %d differs", n)
		}
		n++
	}
	if n != len(testclip.Units()) {
		t.Fatalf("%d access units", n)
	}
}

// TestDepacketizeLoss loses packets at random: what comes out is whole, always.
func TestDepacketizeLoss(t *testing.T) {
	all := packets()
	units := testclip.Units()
	rapid.Check(t, func(r *rapid.T) {
		var order reorder
		d := depacketizer{coding: &h264Coding{}}
		dropped, out, broken := 0, 0, false
		for i, p := range all {
			if i > 0 && rapid.IntRange(0, 30).Draw(r, "drop") == 0 {
				dropped++
				continue
			}
			order.push(epoch.Add(time.Duration(i)*10*time.Millisecond), p, func(p *rtp.Packet, lost bool) {
				u, b := d.push(p, lost)
				broken = broken || b
				if u == nil {
					return
				}
				out++
				if !bytes.Equal(media.ParseH264(u.parts).Bytes, media.ParseH264(units[u.timestamp/3000]).Bytes) {
					r.Fatalf("access unit %d is not as it was sent", u.timestamp/3000)
				}
			})
		}
		if out > len(units) || dropped > 40 && !broken {
			r.Fatalf("%d dropped, %d units, broken %v", dropped, out, broken)
		}
	})
}

// FuzzDepacketize feeds all codings with whatever.
func FuzzDepacketize(f *testing.F) {
	for _, p := range packets()[:5] {
		f.Add("h264", p.Payload, p.Payload, true)
	}
	f.Add("h264", []byte{24, 0, 0}, []byte{28, 0xc0}, false)
	f.Add("h265", []byte{48 << 1, 1, 0, 3, 64, 1, 2}, []byte{49 << 1, 1, 0x93, 1, 2, 3}, true)
	f.Add("av1", []byte{0x18, 0x0a, 0x0b, 0, 0, 0, 66}, []byte{0x90, 1, 2, 3}, true)
	f.Fuzz(func(t *testing.T, name string, a, b []byte, marker bool) {
		made, known := codings[name]
		if !known {
			return
		}
		d := depacketizer{coding: made.new()}
		for i, payload := range [][]byte{a, b, a, b} {
			u, _ := d.push(&rtp.Packet{Header: rtp.Header{Timestamp: uint32(i / 2), Marker: marker}, Payload: payload}, false)
			if u == nil {
				continue
			}
			if _, err := d.coding.read(u.parts); err != nil {
				continue
			}
			_, known, err := d.coding.track()
			if order := d.coding.order(); order != nil && known && err == nil {
				_, _ = order.Extract(append(d.coding.parameters(), u.parts...), int64(i))
			}
		}
	})
}

func TestClock(t *testing.T) {
	c := clock{rate: 90000}
	if got := c.time(0xffffff00, time.Second); got != time.Second {
		t.Fatal(got)
	}
	if got := c.time(9000-0x100, 0); got != 1100*time.Millisecond { // over the wrap
		t.Fatal(got)
	}
	if got := c.time(4500-0x100, 0); got != 1050*time.Millisecond {
		t.Fatal(got)
	}
}

// TestClockFollows lets the picture arrive 80 ms late: its sender reports bring it to the sound, without a jump.
func TestClockFollows(t *testing.T) {
	video, audio := clock{rate: 90000}, clock{rate: 48000}
	ntp := uint64(3976000000) << 32
	audio.time(1000, 0)
	video.time(5000, 80*time.Millisecond) // captured with the sound above
	video.follow(&audio)
	audio.report(ntp, 1000)
	video.follow(&audio)
	if video.offset != 80*time.Millisecond {
		t.Fatal("moved before there was a report")
	}
	video.report(ntp, 5000)
	last := video.time(5000, 0)
	for n := uint32(1); n < 60; n++ {
		video.follow(&audio)
		at := video.time(5000+n*3000, 0)
		if step := at - last; step < 31*time.Millisecond || step > 34*time.Millisecond {
			t.Fatalf("frame %d comes %v after the one before", n, step)
		}
		last = at
	}
	if d := video.offset - audio.offset; d < -time.Millisecond || d > time.Millisecond {
		t.Fatal("the picture is off by", d)
	}
	video.report(ntp+100<<32, 5000) // nonsense
	before := video.offset
	if video.follow(&audio); video.offset != before {
		t.Fatal("believed a report that is 100 s off")
	}
}

// TestEndlessUnit sends pieces of one unit that never ends, as anybody with a key may: no more than the largest frame is kept.
//
// Clause: hostile
func TestEndlessUnit(t *testing.T) {
	piece := make([]byte, 60<<10)
	for name, first := range map[string]struct{ begin, goesOn []byte }{
		"h264": {[]byte{28, 0x85}, []byte{28, 0x05}},
		"h265": {[]byte{49 << 1, 1, 0x93}, []byte{49 << 1, 1, 0x13}},
		"av1":  {[]byte{0x50, 6 << 3}, []byte{0xd0, 0}},
	} {
		d := depacketizer{coding: codings[name].new()}
		kept := func() int {
			switch c := d.coding.(type) {
			case *h264Coding:
				return cap(c.partial)
			case *h265Coding:
				return cap(c.partial)
			case *av1Coding:
				return cap(c.partial)
			}
			return 0
		}
		head, most := first.begin, 0
		for n := range 3 * media.MaxFrame / len(piece) {
			if u, _ := d.push(&rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(n)}, Payload: append(head[:len(head):len(head)], piece...)}, false); u != nil {
				t.Fatal(name, "gave a unit that has no end")
			}
			head, most = first.goesOn, max(most, kept())
		}
		if most < media.MaxFrame/2 || most > 2*media.MaxFrame || kept() != 0 {
			t.Errorf("%s: %d bytes were kept, and %d are at the end", name, most, kept())
		}
		if _, broken := d.push(&rtp.Packet{Header: rtp.Header{Marker: true}, Payload: first.goesOn}, false); !broken {
			t.Error(name, "is not called broken")
		}
	}
}

// BenchmarkAV1Pieces puts together a key frame of 1 MiB in packets of 1200 bytes.
func BenchmarkAV1Pieces(b *testing.B) {
	for b.Loop() {
		c := &av1Coding{}
		head := []byte{0x50, 6 << 3}
		for range 1 << 20 / 1200 {
			if _, err := c.unpack(append(head, make([]byte, 1200)...)); err != nil {
				b.Fatal(err)
			}
			head = []byte{0xd0}
		}
	}
}
