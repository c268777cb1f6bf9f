package stream

import (
	"context"
	"encoding/hex"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/testclip"
)

// TestReturnWithAnotherPicture: the broadcaster is away for 30 s and comes back with another resolution. It is the same stream, with
// a discontinuity and a new init segment, and no number is used twice.
//
// Clause: rtmp-reconnect, hls-discontinuity, hls-msn
func TestReturnWithAnotherPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newStreams(t, t.TempDir())
		done := make(chan struct{})
		go func() { all.Run(t.Context()); close(done) }()
		s := publish(t, all, "demo")
		st := s.Stream()
		send(t, s, 0, 5*time.Second)
		s.Close()
		before, _ := st.Window(0).View()
		epoch, key := st.Epoch(), st.PublicKey()
		end := before.Segments[len(before.Segments)-1]

		time.Sleep(30 * time.Second)
		if i := st.Describe(); i.State != Interrupted || strings.Contains(playlist(st), "ENDLIST") {
			t.Fatal("the stream did not wait for 30 s, but is", i.State)
		}
		sps, err := hex.DecodeString("6742c00dd901419f9f0110000003001000000303c0f142a480") // 320x180
		if err != nil {
			t.Fatal(err)
		}
		video, err := media.NewH264(sps, []byte{0x68, 0xcb, 0x83, 0xcb, 0x20})
		if err != nil {
			t.Fatal(err)
		}
		s, err = all.Publish("demo", "rtmp")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetTracks([]media.Track{video, tracks(t, 2)[1]}); err != nil {
			t.Fatal(err)
		}
		send(t, s, 0, 5*time.Second)
		if s.Stream() != st || st.Epoch() != epoch || st.PublicKey() != key {
			t.Fatal("it became another stream")
		}
		v, _ := st.Window(0).View()
		next := v.Segments[len(before.Segments)]
		if next.MSN != end.MSN+1 || !next.Break || next.Discontinuity != end.Discontinuity+1 || next.Init.Number == end.Init.Number {
			t.Errorf("after segment %d comes %d: discontinuity %d after %d, init %d after %d",
				end.MSN, next.MSN, next.Discontinuity, end.Discontinuity, next.Init.Number, end.Init.Number)
		}
		if at := before.Segments[0].Date.Add(30 * time.Second); next.Date.Sub(at).Abs() > time.Second { // the clip is sent at once
			t.Errorf("it is of %v, want %v", next.Date, at)
		}
		if i := st.Describe(); i.State != Live || i.Renditions[0].Width != 320 {
			t.Errorf("%+v", i)
		}
		verify(t, st)
		s.Close()
		synctest.Wait()
	})
}

// TestCodecsOfAllListed: CODECS names what is in any of the segments that are listed, and what is in none any more no longer.
//
// Clause: hls-codecs
func TestCodecsOfAllListed(t *testing.T) {
	s := publish(t, newStreams(t, t.TempDir()), "demo")
	both := tracks(t, 2)
	st := s.Stream()
	check := func(want ...media.Track) {
		t.Helper()
		if v := st.Variants(); len(v) != 1 || v[0].Codecs != codecs(want) {
			t.Errorf("%+v, want %s", v, codecs(want))
		}
	}
	send(t, s, 0, 5*time.Second)
	check(both...)
	higher := both[0]
	higher.RFC = "avc1.64001f"
	if err := s.SetTracks([]media.Track{higher, both[1]}); err != nil {
		t.Fatal(err)
	}
	send(t, s, 5*time.Second, 10*time.Second)
	check(both[0], higher, both[1])
	if d := st.Describe(); d.Renditions[0].Codecs != codecs([]media.Track{higher, both[1]}) {
		t.Errorf("the API says %s", d.Renditions[0].Codecs)
	}
	send(t, s, 10*time.Second, 40*time.Second)
	check(higher, both[1])
	s.Close()
}

// TestTracksChangeLater: what comes after the tracks changed is dated when it came, not when the broadcast began.
//
// Clause: hls-discontinuity
func TestTracksChangeLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := publish(t, newStreams(t, t.TempDir()), "demo")
		s.FirstByte(time.Now())
		send(t, s, 0, 4*time.Second)
		time.Sleep(20 * time.Second)
		if err := s.SetTracks(tracks(t, 1)); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		send(t, s, 24*time.Second, 28*time.Second)
		v, _ := s.Stream().Window(0).View()
		for _, g := range v.Segments {
			if g.Break {
				if g.Date.Sub(now).Abs() > time.Millisecond {
					t.Errorf("it is of %v, want %v", g.Date, now)
				}
				s.Close()
				return
			}
		}
		t.Error("no discontinuity")
	})
}

// TestNothingBeforeAnEnd: what is stored from before a stream ended is listed in no rendition that comes later.
func TestNothingBeforeAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := publish(t, newStreams(t, dir), "demo")
		send(t, s, 0, 6*time.Second)
		s.Close()
		end := s.Stream().Describe().NextMSN

		all := newStreams(t, dir) // another process
		all.config.Past = func(string, uint32, int) Past {
			return Past{Segments: []*hls.Segment{{
				MSN: end - 1, Init: &hls.Init{}, Duration: 2 * time.Second, Place: hls.Place{At: strings.NewReader("...."), Size: 4},
			}}}
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { all.Run(ctx); close(done) }()
		st := all.Get("demo")
		if v, _ := st.Window(0).View(); len(v.Segments) != 1 {
			t.Fatalf("%d segments are listed of the process before", len(v.Segments))
		}
		time.Sleep(2 * time.Minute)
		if d := st.Describe(); d.State != Ended {
			t.Fatal(d.State)
		}
		s = publish(t, all, "demo")
		if _, err := s.Follow(1); err != nil {
			t.Fatal(err)
		}
		if v, _ := st.Window(1).View(); len(v.Segments) != 0 {
			t.Errorf("%d segments of before the end", len(v.Segments))
		}
		s.Close()
		stop()
		<-done
	})
}

// TestCutOtherwise: a process that cuts other segments or parts than the one before begins a playlist of its own: another epoch, nothing
// of before listed, and numbers that go on. One that cuts the same goes on with all of it.
//
// Clause: restart, hls-target
func TestCutOtherwise(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		anew   bool
		killed bool // the process before, in the midst of a segment
	}{
		"the same":                      {func(*Config) {}, false, false},
		"other segments":                {func(c *Config) { c.SegmentDuration = 4 * time.Second }, true, false},
		"other segments, after it died": {func(c *Config) { c.SegmentDuration = 4 * time.Second }, true, true},
		"other parts":                   {func(c *Config) { c.PartDuration = 500 * time.Millisecond }, true, false},
		"what it says itself":           {func(c *Config) { c.Grace = time.Hour }, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				s := publish(t, newStreams(t, dir), "demo")
				send(t, s, 0, 6*time.Second)
				if !c.killed {
					s.Close()
				}
				epoch, before := s.Stream().Epoch(), s.Stream().Describe().NextMSN
				time.Sleep(7 * time.Second) // as media last, and a moment
				for range 2 {               // the second finds what the first wrote
					all := newStreams(t, dir)
					c.change(&all.config)
					all.config.Past = func(_ string, e uint32, _ int) Past {
						if e != epoch {
							return Past{}
						}
						return Past{Segments: []*hls.Segment{{
							MSN: before - 1, Init: &hls.Init{}, Duration: 2 * time.Second, Place: hls.Place{At: strings.NewReader("...."), Size: 4},
						}}}
					}
					st := all.Get("demo")
					if v, _ := st.Window(0).View(); (len(v.Segments) == 0) != c.anew {
						t.Errorf("%d segments are listed of the process before", len(v.Segments))
					}
					if st.Epoch() > epoch != c.anew || st.Describe().NextMSN < before {
						t.Errorf("epoch %d after %d, number %d after %d", st.Epoch(), epoch, st.Describe().NextMSN, before)
					}
					s := publish(t, all, "demo")
					send(t, s, 0, 6*time.Second)
					if v, _ := st.Window(0).View(); c.anew && v.Segments[0].MSN < before {
						t.Errorf("%d of the process before is listed", v.Segments[0].MSN)
					}
					s.Close()
					c.anew, epoch, before = false, st.Epoch(), st.Describe().NextMSN
				}
			})
		})
	}
}

// TestTracksChangeOften: a broadcaster of WHIP, each of whose packets says when it came, changes its picture and loses and regains its sound in
// one session. Every segment is of when it came, and none begins before the one before it ends.
//
// Clause: hls-discontinuity, hls-pdt
func TestTracksChangeOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newStreams(t, t.TempDir())
		all.config.WindowSegments = 40
		s, err := all.Publish("demo", "whip")
		if err != nil {
			t.Fatal(err)
		}
		both, units := tracks(t, 2), testclip.Units()
		began, frame := time.Now(), 0
		changes := [][]media.Track{both, both[:1], both, both[1:], both, tracks(t, 1)}
		for i, now := range changes {
			if i > 0 {
				s.FirstByte(time.Now()) // the packet that brings the change
			}
			if err := s.SetTracks(now); err != nil {
				t.Fatal(err)
			}
			for range 150 {
				s.FirstByte(time.Now())
				at := time.Duration(frame) * testclip.Interval
				u := media.ParseH264(units[frame%testclip.GOP])
				if now[0].Video() {
					if err := s.Write(media.Frame{Video: true, DTS: at, PTS: at, Key: u.Key, Bytes: u.Bytes}); err != nil {
						t.Fatal(err)
					}
				}
				if !now[len(now)-1].Video() {
					if err := s.Write(media.Frame{DTS: at, PTS: at, Key: true, Bytes: testclip.AAC}); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(testclip.Interval)
				frame++
			}
		}
		s.Close()
		v, _ := s.Stream().Window(0).View()
		breaks := 0
		for i, g := range v.Segments {
			if g.Break {
				breaks++
			}
			if i == 0 {
				continue
			}
			longest := testclip.Interval
			if g.Break {
				longest *= testclip.GOP // for a key frame
			}
			before := v.Segments[i-1]
			if apart := g.Date.Sub(before.Date.Add(before.Duration)); apart < -time.Millisecond || apart > longest {
				t.Errorf("segment %d begins %v after the end of the one before (%v)", g.MSN, apart, g.Break)
			}
		}
		last := v.Segments[len(v.Segments)-1]
		if end := last.Date.Add(last.Duration); time.Until(end).Abs() > 2*testclip.Interval {
			t.Errorf("the last ends at %v, want %v after the beginning", end.Sub(began), time.Since(began))
		}
		if breaks != len(changes)-1 {
			t.Errorf("%d discontinuities after %d changes", breaks, len(changes)-1)
		}
	})
}
