package whip

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/pion/rtp"
	rtpcodecs "github.com/pion/rtp/codecs"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/testclip"
)

// TestSeams: RTP's times tremble, sender reports move the picture to the sound, and packets are lost: in each track a part begins
// where the one before it ended, to the tick.
//
// Clause: hls-part-durations
func TestSeams(t *testing.T) {
	for name, c := range map[string]struct {
		tremble int // ticks of 90 kHz
		loss    int // packets in a thousand
	}{
		"as it should be": {0, 0}, "trembling": {900, 0}, "with losses": {900, 20},
	} {
		t.Run(name, func(t *testing.T) {
			session, err := open(t).streams.Publish("demo", "whip")
			if err != nil {
				t.Fatal(err)
			}
			defer session.Close()
			f := newFeed(session, offer{coding: "h264", video: []rtc.Codec{{}}, audio: []rtc.Codec{{}}}, func() {})
			random := rand.New(rand.NewPCG(1, 2))
			numbers := map[*layer]uint16{}
			send := func(l *layer, at time.Duration, timestamp int, marker bool, payload []byte) {
				numbers[l]++
				if at > time.Second && random.IntN(1000) < c.loss {
					return
				}
				p := &rtp.Packet{Header: rtp.Header{SequenceNumber: numbers[l], Timestamp: uint32(timestamp), Marker: marker}, Payload: payload}
				if err := f.packet(l, p, f.begun.Add(at)); err != nil {
					t.Fatal(err)
				}
			}
			units, sound := testclip.Units(), 0
			for n := range 5 * testclip.GOP {
				at := time.Duration(n) * testclip.Interval
				timestamp := n*3000 + random.IntN(c.tremble+1)
				var unit []byte
				for _, nal := range units[n%testclip.GOP] {
					unit = append(append(unit, 0, 0, 0, 1), nal...)
				}
				payloads := (&rtpcodecs.H264Payloader{}).Payload(1200, unit)
				for i, p := range payloads {
					send(f.lead, at, timestamp, i == len(payloads)-1, p)
				}
				for ; sound*960*90 < n*3000*48; sound++ {
					send(nil, at, sound*960, false, testclip.Opus)
				}
				if n%testclip.GOP == 30 { // the picture was taken 40 ms before it should have been
					f.report(f.lead, 0, uint64(3976000000+n/30)<<32, uint32(n*3000))
					f.report(nil, 0, uint64(3976000000+n/30)<<32, uint32(n*1600+40*48))
				}
			}
			view, _ := session.Stream().Window(0).View()
			seams(t, view)
		})
	}
}

// seams looks at all parts of a list.
func seams(t *testing.T, view *hls.View) {
	t.Helper()
	next, samples := map[int]uint64{}, map[int]int{}
	for _, s := range view.Segments {
		for n, p := range s.Parts {
			var read fmp4.Parts
			if err := read.Unmarshal(p.Bytes); err != nil {
				t.Fatalf("part %d.%d: %v", s.MSN, n, err)
			}
			for _, track := range read[0].Tracks {
				if want, known := next[track.ID]; known && track.BaseTime != want {
					t.Errorf("part %d.%d: track %d goes on at %d, and was at %d", s.MSN, n, track.ID, track.BaseTime, want)
				}
				next[track.ID] = track.BaseTime
				for _, sample := range track.Samples {
					next[track.ID] += uint64(sample.Duration)
				}
				samples[track.ID] += len(track.Samples)
			}
		}
	}
	if samples[1] < 60 || samples[2] < 100 {
		t.Errorf("%v samples", samples)
	}
}
