package whip

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/testclip"
)

// TestHeldBytes sends large pictures, and the sound that was offered does not come: no more is held than may be.
//
// Clause: hostile
func TestHeldBytes(t *testing.T) {
	session, err := open(t).streams.Publish("demo", "whip")
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	f := newFeed(session, offer{coding: "h264", video: []rtc.Codec{{}}, audio: []rtc.Codec{{}}}, func() {})
	sps, pps := testclip.Parameters()
	track, err := media.NewH264(sps, pps)
	if err != nil {
		t.Fatal(err)
	}
	f.lead.track = &track
	for n := range maxBytes >> 20 {
		if f.running {
			t.Fatalf("%d frames of 1 MiB were too many", n)
		}
		f.write(media.Frame{Video: true, Key: true, Bytes: make([]byte, 1<<20)})
	}
	if !f.running || f.held != nil || f.err != nil {
		t.Errorf("%d frames are held: %v", len(f.held), f.err)
	}
}

// TestAnotherSource: a source that takes the place of another, in a sequence and on a clock of its own, is heard at once, and the
// timeline goes on. What still comes from the one before is dropped, until the new one is silent.
func TestAnotherSource(t *testing.T) {
	for name, layers := range map[string][]string{"alone": nil, "of simulcast": {"h"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				first := &studio{filmed: filmed{width: 20, height: 11, start: 1 << 20, sequence: 40000, ssrc: 1, wanted: true}, spoken: 50000}
				if layers != nil {
					first.rid = layers[0]
				}
				s.layers = nil
				s.feed = newFeed(s.feed.session, offer{coding: "h264", video: make([]rtc.Codec, 1), audio: []rtc.Codec{{}}, layers: layers}, s.wanted)
				t.Cleanup(s.feed.close)
				second := &studio{filmed: first.filmed, spoken: 100}
				second.start, second.sequence, second.ssrc = 7, 30000, 2

				first.broadcast(s, 300)
				second.broadcast(s, 10)
				late := *first
				late.broadcast(s, 1)
				second.broadcast(s, 290)
				v, _ := s.st.Window(0).View()
				shown := time.Duration(0)
				for _, g := range v.Segments {
					shown += g.Duration
					if g.Break {
						t.Errorf("segment %d is behind a discontinuity", g.MSN)
					}
				}
				if shown < 18*time.Second {
					t.Errorf("%v of 20 s", shown)
				}

				time.Sleep(2 * pause)
				before := s.st.Describe().LastMSN
				first.wanted = true
				first.broadcast(s, 150)
				if d := s.st.Describe(); d.LastMSN < before+2 {
					t.Errorf("the first is back, and segment %d is the newest after %d", d.LastMSN, before)
				}
			})
		})
	}
}

// TestFirstSegment: the first segment ends at the key frame that is asked for, from near and from far, and its last part is no crumb.
//
// Clause: hls-part-durations
func TestFirstSegment(t *testing.T) {
	for late := range 4 { // pictures between the asking and the key frame
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t)
			film := &filmed{width: 20, height: 11, ssrc: 1}
			due, asked := -1, 0
			s.feed = newFeed(s.feed.session, offer{coding: "h264", video: make([]rtc.Codec, 1)}, func() {
				asked++
				due = s.n + 1 + late
			})
			t.Cleanup(s.feed.close)
			for range 45 {
				film.wanted = s.n == due
				for _, p := range film.frame(s.n) {
					if err := s.feed.packet(s.feed.layer(""), p, time.Now()); err != nil {
						t.Fatal(err)
					}
				}
				s.n++
				time.Sleep(testclip.Interval)
			}
			v, _ := s.st.Window(0).View()
			if asked != 1 || len(v.Segments) == 0 {
				t.Fatalf("%d key frames were asked for, and %d segments are complete", asked, len(v.Segments))
			}
			parts := v.Segments[0].Parts
			if last := parts[len(parts)-1].Duration; last < 150*time.Millisecond || v.Segments[0].Duration > 1010*time.Millisecond {
				t.Errorf("%d pictures late: of %v, the last part lasts %v", late, v.Segments[0].Duration, last)
			}
		})
	}
}

// studio sends pictures and sound from sources with one number.
type studio struct {
	filmed
	spoken uint16 // the next packet of sound
}

func (o *studio) broadcast(s *stage, pictures int) {
	s.t.Helper()
	for range pictures {
		packets := o.frame(s.n)
		l := s.feed.layer(o.rid)
		for _, p := range packets {
			if err := s.feed.packet(l, p, time.Now()); err != nil {
				s.t.Fatal(err)
			}
		}
		for range 1 + s.n%3%2 + s.n%3/2 { // five in three pictures
			p := &rtp.Packet{Header: rtp.Header{
				Version: 2, SSRC: o.ssrc + 10, SequenceNumber: o.spoken, Timestamp: o.start + uint32(o.spoken)*960,
			}, Payload: testclip.Opus}
			if err := s.feed.packet(nil, p, time.Now()); err != nil {
				s.t.Fatal(err)
			}
			o.spoken++
		}
		s.n++
		time.Sleep(testclip.Interval)
	}
}
