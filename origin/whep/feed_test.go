package whep

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
	"github.com/pion/rtp"
	rtpcodecs "github.com/pion/rtp/codecs"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/testclip"
)

// alone is a feed of pictures with sound, without a stream.
func alone(t testing.TB) *feed {
	t.Helper()
	opus, _, _ := sound(t, "opus")
	f := &feed{tap: new(stream.Tap), log: slog.New(slog.NewTextHandler(io.Discard, nil)), changed: make(chan struct{}), queues: map[*queue]struct{}{}}
	f.take(stream.Sample{Tracks: []media.Track{picture(t), opus}}, time.Now())
	return f
}

func frame(n int) stream.Sample {
	at := time.Duration(n) * testclip.Interval
	return stream.Sample{Frame: media.Frame{Video: true, Key: n%testclip.GOP == 0, DTS: at, PTS: at, Bytes: []byte{0, 0, 0, 1, 1}}}
}

// TestSlow: a viewer that takes nothing holds nobody up; when it takes again it goes on with a key frame.
func TestSlow(t *testing.T) {
	f := alone(t)
	slow, fast := newQueue("H264", true), newQueue("H264", true)
	f.join(slow, time.Now())
	f.join(fast, time.Now())
	n := 0
	more := func(frames int) {
		for range frames {
			f.take(frame(n), time.Now())
			if u := <-fast.c; u.PTS != time.Duration(n)*testclip.Interval {
				t.Fatalf("the other viewer gets the picture of %v", u.PTS)
			}
			n++
		}
	}
	more(maxQueued + 70)
	for range maxQueued {
		<-slow.c
	}
	more(testclip.GOP)
	u := <-slow.c
	if !u.Key || u.PTS < maxQueued*testclip.Interval || slow.skipped() != 1 || fast.skipped() != 0 {
		t.Errorf("it goes on at %v, key %v, with %d skips", u.PTS, u.Key, slow.skipped())
	}
}

// TestSlowBytes: of large pictures fewer wait for a viewer, and of large sound for ffmpeg.
//
// Clause: hostile
func TestSlowBytes(t *testing.T) {
	q := newQueue("H264", true)
	o := &opus{in: make(chan media.Frame, opusWaiting), waits: media.NewBacklog(opusBytes)}
	f := media.Frame{Video: true, Key: true, Bytes: make([]byte, 1<<20)}
	for range maxQueued {
		q.offer(unit{Frame: f}, time.Now())
		o.give(f)
	}
	if len(q.c) != maxBytes>>20 || q.skipped() != 1 || len(o.in) != 1 {
		t.Errorf("%d MiB wait for a viewer, %d for ffmpeg", len(q.c), len(o.in))
	}
	<-q.c
	if q.offer(unit{Frame: f}, time.Now()); len(q.c) != maxBytes>>20 {
		t.Errorf("%d MiB wait after one was taken", len(q.c))
	}
}

// TestOtherCoding: a viewer whose connection cannot carry what an encoder changes to is let go; new parameters of the same are not felt.
func TestOtherCoding(t *testing.T) {
	f := alone(t)
	q := newQueue("H264", true)
	f.join(q, time.Now())
	f.take(stream.Sample{Tracks: []media.Track{picture(t)}}, time.Now())
	if q.why() != nil {
		t.Error(q.why())
	}
	f.take(stream.Sample{Tracks: []media.Track{{Codec: &codecs.AV1{}}}}, time.Now())
	if q.why() != errNoCodec {
		t.Error(q.why())
	}
}

// TestLost: who has lost a picture gets none until the next key frame, unless one is on its way to it.
func TestLost(t *testing.T) {
	f := alone(t)
	q := newQueue("H264", true)
	f.join(q, time.Now())
	now := time.Now()
	f.take(frame(0), now)
	q.lost(now.Add(onItsWay / 2))
	f.take(frame(1), now)
	if len(q.c) != 2 {
		t.Fatal("a key frame was on its way")
	}
	q.lost(now.Add(onItsWay))
	for n := 2; n <= testclip.GOP; n++ {
		f.take(frame(n), now)
	}
	if len(q.c) != 3 {
		t.Errorf("%d pictures are sent", len(q.c))
	}
}

// TestUrgent: frames are wanted one by one while somebody watches.
func TestUrgent(t *testing.T) {
	h := open(t, nil)
	h.broadcast(t, "opus", 100, func(int, *media.Frame) {})
	session := h.streams.Get("demo").Session()
	leisure := func(want bool, when string) {
		t.Helper()
		if _, _, ok := session.Awaited(); ok != want {
			t.Errorf("%s: the broadcast may be read at leisure: %v", when, ok)
		}
	}
	leisure(true, "before anybody watches")
	f := h.endpoint.hold(h.streams.Get("demo"))
	defer h.endpoint.release(f)
	a, b := newQueue("H264", true), newQueue("H264", true)
	f.join(a, time.Now())
	leisure(false, "once one watches")
	f.join(b, time.Now())
	f.leave(a)
	leisure(false, "while one of two watches")
	f.leave(b)
	leisure(true, "once both have left")
}

// TestKept: who comes gets what followed the newest key frame, unless that is too much.
func TestKept(t *testing.T) {
	for _, c := range []struct {
		name         string
		frames, size int
		want         int
	}{
		{"half a GOP", testclip.GOP / 2, 100, testclip.GOP / 2},
		{"one picture of the next", testclip.GOP + 1, 100, 1},
		{"too many bytes", 30, maxKeptBytes / 20, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := alone(t)
			for n := range c.frames {
				s := frame(n)
				s.Frame.Bytes = make([]byte, c.size)
				f.take(s, time.Now())
			}
			if got := f.join(newQueue("H264", false), time.Now()); len(got) != c.want || len(got) > 0 && !got[0].Key {
				t.Errorf("%d units", len(got))
			}
			f.take(stream.Sample{Ended: true}, time.Now())
			if got := f.join(newQueue("H264", false), time.Now()); len(got) != 0 {
				t.Error("what an ended broadcast sent last is shown")
			}
		})
	}
}

// TestClock: what comes late does not move the time of day, and a clock that runs slower than ours is followed.
func TestClock(t *testing.T) {
	began := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	var c clock
	if _, known := c.zero(); known {
		t.Error("known before the first frame")
	}
	held := 2 * time.Second // what came before the first frame was read comes at once
	for at := time.Duration(0); at < 20*time.Second; at += 20 * time.Millisecond {
		late := max(0, held-at)
		if at%time.Second == 0 {
			late += 300 * time.Millisecond
		}
		c.note(at, began.Add(at+late))
	}
	if zero, _ := c.zero(); !zero.Equal(began) {
		t.Errorf("%v late", zero.Sub(began))
	}
	for at := 20 * time.Second; at < 80*time.Second; at += 20 * time.Millisecond {
		c.note(at, began.Add(20*time.Second+(at-20*time.Second)*101/100))
	}
	if zero, _ := c.zero(); zero.Sub(began) < 500*time.Millisecond {
		t.Errorf("followed by %v of 600 ms", zero.Sub(began))
	}
}

// TestPack: pictures of each codec can be put together again from packets of 1200 bytes at most.
func TestPack(t *testing.T) {
	large := bytes.Repeat([]byte{7}, 5000)
	h265 := append([]byte{2, 1}, large...)            // a slice
	av1 := append([]byte{0x32, 0x89, 0x27}, large...) // a frame OBU with its size
	av1[1], av1[2] = byte(len(large)&0x7f|0x80), byte(len(large)>>7)
	for _, c := range []struct {
		name   string
		track  media.Track
		frame  []byte
		depack func() rtp.Depacketizer
		least  int
	}{
		{"H264", picture(t), join(append([]byte{0x65}, large...)), func() rtp.Depacketizer { return &rtpcodecs.H264Packet{} }, len(large)},
		{"H265", media.Track{Codec: &codecs.H265{VPS: []byte{0x40, 1, 1}, SPS: []byte{0x42, 1, 1}, PPS: []byte{0x44, 1, 1}}}, join(h265),
			func() rtp.Depacketizer { return &rtpcodecs.H265Depacketizer{} }, len(large)},
		{"AV1", media.Track{Codec: &codecs.AV1{}}, av1, func() rtp.Depacketizer { return &rtpcodecs.AV1Depacketizer{} }, len(large)},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := newOutlet(rtc.Codec{Name: c.name})
			if err != nil {
				t.Fatal(err)
			}
			depack, whole := c.depack(), []byte(nil)
			packets := o.pack(unit{media.Frame{Video: true, Key: true, PTS: time.Second, Bytes: c.frame}, &c.track})
			for i, p := range packets {
				if p.MarshalSize() > 1200-16 || p.Marker != (i == len(packets)-1) || p.Timestamp-o.base != 90000 {
					t.Fatalf("packet %d: %v, %d bytes", i, p.Header, p.MarshalSize())
				}
				b, err := depack.Unmarshal(p.Payload)
				if err != nil {
					t.Fatal(err)
				}
				whole = append(whole, b...)
			}
			if bytes.Count(whole, []byte{7}) < c.least {
				t.Errorf("%d packets hold %d of %d bytes", len(packets), bytes.Count(whole, []byte{7}), c.least)
			}
		})
	}
	if _, err := newOutlet(rtc.Codec{Name: "VP8"}); !errors.Is(err, errCodecs) {
		t.Error(err)
	}
}

func join(n []byte) []byte { return append([]byte{0, 0, byte(len(n) >> 8), byte(len(n))}, n...) }

// TestSilence: a viewer that is not heard of any more is let go, and so is one who has nothing to watch.
func TestSilence(t *testing.T) {
	for name, c := range map[string]struct {
		heard, media time.Duration // until then
		want         error
		at           time.Duration
	}{
		"viewer":      {5 * time.Second, time.Hour, errGone, 36 * time.Second},
		"broadcaster": {time.Hour, 5 * time.Second, errOver, 66 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				f := alone(t)
				f.heard = began.Add(c.media)
				s := &session{Session: rtc.NewSession("demo"), feed: f, queue: newQueue("H264", false)}
				s.Hear(began.Add(c.heard))
				s.watch(context.Background())
				if d := time.Since(began); s.Cause() != c.want || d != c.at {
					t.Errorf("after %v: %v", d, s.Cause())
				}
			})
		})
	}
}
