package whip

import (
	"io"
	"log/slog"
	"math/bits"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	rtpcodecs "github.com/pion/rtp/codecs"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/testclip"
)

// sized returns the clip's SPS with another size, in macroblocks.
func sized(width, height int) []byte {
	var b []byte
	free := 0
	put := func(v uint64, n int) {
		for n--; n >= 0; n-- {
			if free == 0 {
				b, free = append(b, 0), 8
			}
			free--
			b[len(b)-1] |= byte(v>>n&1) << free
		}
	}
	ue := func(v int) {
		n := bits.Len(uint(v + 1))
		put(0, n-1)
		put(uint64(v+1), n)
	}
	for _, v := range []int{0, 1, 2, 16} { // id, frame numbers, picture order, reference frames
		ue(v)
	}
	put(0, 1)
	ue(width - 1)
	ue(height - 1)
	put(0b11001, 5) // frames only, 8x8 inference, no cropping, no VUI, the end
	return append([]byte{0x67, 66, 0xc0, 31}, b...)
}

// filmed is one layer as a browser sends it: the clip, of another size, on an RTP clock of its own.
type filmed struct {
	rid           string
	width, height int // macroblocks
	start         uint32
	sequence      uint16
	ssrc          uint32
	dark          bool // nothing is sent
	wanted        bool // a key frame
	at            int  // in the clip
}

// frame returns the packets of picture n, which was taken n intervals after the first.
func (f *filmed) frame(n int) (packets []*rtp.Packet) {
	if f.dark {
		return nil
	}
	if f.wanted || f.at == testclip.GOP {
		f.at, f.wanted = 0, false
	}
	var b []byte
	for _, nal := range testclip.Units()[f.at] {
		if nal[0]&0x1f == 7 {
			nal = sized(f.width, f.height)
		}
		b = append(append(b, 0, 0, 0, 1), nal...)
	}
	f.at++
	payloads := (&rtpcodecs.H264Payloader{}).Payload(1000, b)
	for i, p := range payloads {
		packets = append(packets, &rtp.Packet{Header: rtp.Header{
			Version: 2, SequenceNumber: f.sequence, Timestamp: f.start + uint32(n)*3000, Marker: i == len(payloads)-1, SSRC: f.ssrc,
		}, Payload: p})
		f.sequence++
	}
	return packets
}

// stamp is what a sender report says at picture n: the RTP time is off by up to a millisecond.
func (f *filmed) stamp(n, off int) (ntp uint64, rtp uint32) {
	at := time.Duration(n) * testclip.Interval
	return 3976000000<<32 + uint64(at/time.Second)<<32 + uint64(at%time.Second)<<32/uint64(time.Second), f.start + uint32(n*3000+off)
}

// stage is a feed with three layers, in virtual time.
type stage struct {
	t      *testing.T
	feed   *feed
	st     *stream.Stream
	layers []*filmed // h, m, l
	n      int
	due    int // when key frames are asked for next, if nothing else asks
}

func newStage(t *testing.T) *stage {
	t.Helper()
	metrics, err := stream.NewMetrics(nil)
	if err != nil {
		t.Fatal(err)
	}
	streams := stream.New(stream.Config{
		Dir: t.TempDir(), PartDuration: 333 * time.Millisecond, SegmentDuration: 2 * time.Second, Grace: time.Minute, WindowSegments: 20,
	}, metrics, slog.New(slog.NewTextHandler(io.Discard, nil)))
	session, err := streams.Publish("demo", "whip")
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, st: session.Stream(), layers: []*filmed{
		{rid: "h", width: 40, height: 22, start: 4294960000}, {rid: "m", width: 20, height: 11, start: 77}, {rid: "l", width: 10, height: 6, start: 1 << 31},
	}}
	o := offer{coding: "h264", video: make([]rtc.Codec, 1), layers: []string{"l", "h", "m"}}
	s.feed = newFeed(session, o, s.wanted)
	t.Cleanup(func() { s.feed.close(); session.Close() })
	return s
}

func (s *stage) wanted() {
	s.due = s.n + 60
	for _, l := range s.layers {
		l.wanted = true
	}
}

// run films so many pictures. Of each the small layers come first, as an encoder is done with them first.
func (s *stage) run(pictures int) {
	s.t.Helper()
	for range pictures {
		if s.n >= s.due {
			s.wanted()
		}
		for i, f := range slices.Backward(s.layers) {
			l := s.feed.layer(f.rid)
			for _, p := range f.frame(s.n) {
				if err := s.feed.packet(l, p, time.Now()); err != nil {
					s.t.Fatal(err)
				}
			}
			if s.n%30 == 10+i {
				ntp, stamp := f.stamp(s.n, s.n/30%3*45*(i-1))
				s.feed.report(l, f.ssrc, ntp, stamp)
			}
		}
		s.n++
		time.Sleep(testclip.Interval)
	}
}

// newest returns the number of the newest complete segment of a rendition, and whether it is a gap.
func (s *stage) newest(rendition int) (msn uint64, gap bool) {
	v, _ := s.st.Window(rendition).View()
	last := v.Segments[len(v.Segments)-1]
	return last.MSN, last.Gap
}

// widths returns how wide the renditions are.
func (s *stage) widths() (all []int) {
	for _, r := range s.st.Describe().Renditions {
		all = append(all, r.Width)
	}
	return all
}

// TestLayers films in three sizes: each is a rendition, cut where the largest is, and to the millisecond.
//
// Clause: whip-simulcast
func TestLayers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.run(600)
		if got := s.st.Renditions(); !slices.Equal(got, []int{0, 1, 2}) {
			t.Fatal(got)
		}
		source, _ := s.st.Window(0).View()
		for r := 1; r <= 2; r++ {
			v, _ := s.st.Window(r).View()
			if len(v.Segments) < len(source.Segments)-2 {
				t.Errorf("rendition %d has %d segments, the source %d", r, len(v.Segments), len(source.Segments))
			}
			for _, segment := range v.Segments {
				i := slices.IndexFunc(source.Segments, func(o *hls.Segment) bool { return o.MSN == segment.MSN })
				if i < 0 || segment.Gap || segment.Duration != source.Segments[i].Duration || !segment.Date.Equal(source.Segments[i].Date) {
					t.Errorf("rendition %d, segment %d: gap %v, %v", r, segment.MSN, segment.Gap, segment.Duration)
				}
			}
		}
		if got := s.widths(); !slices.Equal(got, []int{640, 320, 160}) {
			t.Errorf("the renditions are %v wide", got)
		}
		for _, f := range s.layers[1:] {
			if l := s.feed.layer(f.rid); l.shift != (follow{0, true}) { // they began together
				t.Errorf("%s: %+v", f.rid, l.shift)
			}
		}
	})
}

// TestLayerRests: a layer for which there is no bandwidth is a gap in its rendition and nowhere else, and comes back by itself.
//
// Clause: whip-simulcast
func TestLayerRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.run(300)
		s.layers[1].dark = true
		s.run(300)
		if msn, gap := s.newest(1); !gap {
			t.Errorf("segment %d of the layer that rests is no gap", msn)
		}
		if msn, gap := s.newest(2); gap {
			t.Errorf("segment %d of another layer is a gap", msn)
		}
		s.layers[1].dark = false
		s.run(300)
		if msn, gap := s.newest(1); gap {
			t.Errorf("segment %d of the layer that is back is a gap", msn)
		}
		v, _ := s.st.Window(0).View()
		for _, segment := range v.Segments {
			if segment.Break && segment.MSN > 0 || segment.Gap {
				t.Errorf("the source's segment %d: %+v", segment.MSN, segment)
			}
		}
	})
}

// TestLeaderRests: when the largest layer rests the next leads, and the largest again when it is back for good.
//
// Clause: whip-simulcast
func TestLeaderRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.run(300)
		s.layers[0].dark = true
		s.run(300)
		if got := s.widths(); len(got) < 1 || got[0] != 320 {
			t.Errorf("without the largest the renditions are %v wide", got)
		}
		if s.feed.lead.rid != "m" {
			t.Error("it is led by", s.feed.lead.rid)
		}
		s.layers[0].dark = false
		s.run(90)
		if s.feed.lead.rid != "m" {
			t.Error("one that has hardly come leads")
		}
		s.run(400)
		if got := s.widths(); !slices.Equal(got, []int{640, 320, 160}) {
			t.Errorf("with the largest again the renditions are %v wide", got)
		}
		breaks := 0
		v, _ := s.st.Window(0).View()
		for _, segment := range v.Segments {
			if segment.Break && segment.MSN > 0 {
				breaks++
			}
		}
		if breaks != 2 {
			t.Errorf("%d discontinuities", breaks)
		}
	})
}

// TestLeaderAlone: where the others come late, as while the bandwidth is not known yet, the first leads until a larger one has lasted.
func TestLeaderAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.layers[0].dark, s.layers[1].dark = true, true
		s.run(90)
		if s.feed.lead == nil || s.feed.lead.rid != "l" {
			t.Fatal("nobody leads")
		}
		s.layers[0].dark, s.layers[1].dark = false, false
		s.run(400)
		if got := s.widths(); !slices.Equal(got, []int{640, 320, 160}) && !slices.Equal(got, []int{640, 160, 320}) {
			t.Errorf("the renditions are %v wide", got)
		}
	})
}
