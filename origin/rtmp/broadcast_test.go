package rtmp

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"
	"github.com/bluenviron/gortmplib/pkg/bytecounter"
	"github.com/bluenviron/gortmplib/pkg/message"

	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/testclip"
)

// TestCodecs broadcasts every codec in every dress it may come in. None of these broadcasters said in connect that it would
// (fourCcList): OBS does not.
//
// Clause: rtmp-negotiation, rtmp-fourcc, rtmp-modex, rtmp-legacy-hevc, rtmp-single-track
func TestCodecs(t *testing.T) {
	sps, pps := testclip.Parameters()
	opusHead := raw("OpusHead", 1, 2, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0)
	const avc, hevc, av01 = "avc1.42c00c", "hvc1.2.4.L123.b0", "av01.0.08M.08"
	av1 := func(key bool) []byte {
		if key {
			return append(obu(av1Head), obu([]byte{0x30, 1, 2, 3})...)
		}
		return obu([]byte{0x30, 4, 5})
	}
	hevcFrame := func(key bool) []byte { return unit([]byte{byte(pick(key, 19, 1)) << 1, 1, 9}) }
	flv := func(key bool, four string, more ...any) []any {
		return append([]any{pick(key, 0x91, 0xa1), four}, more...)
	}
	for _, c := range []struct {
		name   string
		codecs string
		starts [][]any // video, audio
		video  func(n int, key bool) []any
		audio  func() []any
		warns  string
	}{
		{"H.264 and AAC", avc + ",mp4a.40.2", [][]any{{0x17, 0, 0, 0, 0, avcC(sps, pps)}, {0xaf, 0, 0x11, 0x90}},
			func(n int, key bool) []any { b, _ := picture(n); return []any{pick(key, 0x17, 0x27), 1, 0, 0, 0, b} },
			func() []any { return []any{0xaf, 1, testclip.AAC} }, ""},
		{"avc1 and mp4a", avc + ",mp4a.40.2", [][]any{{0x90, "avc1", avcC(sps, pps)}, {0x90, "mp4a", 0x11, 0x90}},
			func(n int, key bool) []any { b, _ := picture(n); return flv(key, "avc1", 0, 0, 0, b) },
			func() []any { return []any{0x91, "mp4a", testclip.AAC} }, ""},
		{"avc1 with ModEx and Opus", avc + ",opus", [][]any{{0x97, 2, 0, 0, 0, 0, "avc1", avcC(sps, pps)}, {0x90, "Opus", opusHead}},
			func(n int, key bool) []any {
				b, _ := picture(n)
				return []any{pick(key, 0x97, 0xa7), 2, 0, 1, 0, 1, "avc1", 0, 0, 0, b}
			},
			func() []any { return []any{0x97, 2, 0, 1, 0, 1, "Opus", testclip.Opus} }, ""},
		{"hvc1 and Opus", hevc + ",opus", [][]any{{0x90, "hvc1", hvcC()}, {0x90, "Opus", opusHead}},
			func(_ int, key bool) []any { return flv(key, "hvc1", 0, 0, 0, hevcFrame(key)) },
			func() []any { return []any{0x91, "Opus", testclip.Opus} }, ""},
		{"hvc1 without offsets, alone", hevc, [][]any{{0x90, "hvc1", hvcC()}},
			func(_ int, key bool) []any { return []any{pick(key, 0x93, 0xa3), "hvc1", hevcFrame(key)} }, nil, ""},
		{"HEVC as number 12", hevc + ",mp4a.40.2", [][]any{{0x1c, 0, 0, 0, 0, hvcC()}, {0xaf, 0, 0x11, 0x90}},
			func(_ int, key bool) []any { return []any{pick(key, 0x1c, 0x2c), 1, 0, 0, 0, hevcFrame(key)} },
			func() []any { return []any{0xaf, 1, testclip.AAC} }, "unofficial codec id 12"},
		{"av01", av01 + ",opus", [][]any{{0x90, "av01", 0x81, 8, 0, 0, obu(av1Head)}, {0x90, "Opus", opusHead}},
			func(_ int, key bool) []any { return flv(key, "av01", av1(key)) },
			func() []any { return []any{0x91, "Opus", testclip.Opus} }, ""},
		{"av01 without its header, alone", av01, [][]any{{0x90, "av01", 0x81, 8, 0, 0}},
			func(_ int, key bool) []any { return flv(key, "av01", av1(key)) }, nil, ""},
		{"vp09", "vp09.00.41.08,opus", [][]any{{0x90, "vp09", 1, 0, 0, 0, 0, 41, 0x80, 2, 2, 2, 0, 0}, {0x90, "Opus", opusHead}},
			func(_ int, key bool) []any {
				if key {
					return flv(key, "vp09", vp9Key)
				}
				return flv(key, "vp09", 0x86, 1, 2)
			},
			func() []any { return []any{0x91, "Opus", testclip.Opus} }, ""},
		{"AAC alone", "mp4a.40.2", [][]any{nil, {0xaf, 0, 0x11, 0x90}}, nil, func() []any { return []any{0xaf, 1, testclip.AAC} }, ""},
		{"Opus alone", "opus", [][]any{nil, {0x90, "Opus", opusHead}}, nil, func() []any { return []any{0x91, "Opus", testclip.Opus} }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := open(t)
			b := h.cast(t)
			for i, s := range c.starts {
				if s != nil {
					b.send([]byte{typeVideo, typeAudio}[i], 0, s...)
				}
			}
			for n := range 150 {
				at := time.Duration(n) * testclip.Interval
				if c.video != nil {
					b.send(typeVideo, at, c.video(n, n%60 == 0)...)
				}
				for i := 0; c.audio != nil && i < 2; i++ {
					b.send(typeAudio, at+time.Duration(i)*testclip.Interval/2, c.audio()...)
				}
			}
			h.described(t, "live with "+c.codecs, hasCodecs(c.codecs))
			if want := pick(c.warns != "", 1, 0); h.log.count("level=WARN") != want || h.log.count(c.warns) < want {
				t.Error(h.log.text.String())
			}
		})
	}
}

// TestRefused: a broadcaster whose codec cannot be carried is told which and what to choose, and its stream is not taken.
//
// Clause: rtmp-refused-codecs, rtmp-errors
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		kind byte
		body []byte
		text string
	}{
		{"AC-3", typeAudio, raw(0x90, "ac-3"), "AC-3 audio: choose AAC (or Opus)"},
		{"FLAC", typeAudio, raw(0x90, "fLaC"), "FLAC audio: choose AAC (or Opus)"},
		{"Speex", typeAudio, raw(0xb2, 1, 2), "Speex audio: choose AAC (or Opus)"},
		{"Sorenson", typeVideo, raw(0x22, 1, 2), "Sorenson H.263 video: choose H.264"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := open(t)
			b := h.cast(t)
			b.send(c.kind, 0, c.body)
			if got := b.status(); !strings.HasPrefix(got, "NetStream.Publish.Rejected: ") || !strings.Contains(got, c.text) {
				t.Error(got)
			}
			if _, err := io.Copy(io.Discard, b); err != nil {
				t.Error(err)
			}
			h.said(t, c.text)
		})
	}
}

// TestSequence follows the answers to connect, releaseStream, FCPublish, createStream and publish, as tools wait for them.
//
// Clause: rtmp-sequence
func TestSequence(t *testing.T) {
	h := open(t)
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = conn.Write(hello)
	_, _ = io.CopyN(io.Discard, conn, 1+2*1536)
	_, _ = conn.Write(whole(typeControl, 0, 6, 1, 2, 3, 4)) // a ping, before anything else
	_, _ = conn.Write(introduced("live", "secret"))
	r := message.NewReader(conn, bytecounter.NewReader(conn), func(uint32) error { return nil })
	var said []string
	for len(said) == 0 || !strings.Contains(said[len(said)-1], "onStatus") {
		m, err := r.Read()
		if err != nil {
			t.Fatalf("%v after %v", err, said)
		}
		switch m := m.(type) {
		case *message.CommandAMF0:
			line := fmt.Sprint(m.Name, " ", m.CommandID)
			for _, a := range m.Arguments {
				if o, ok := a.(amf0.Object); ok {
					code, _ := o.GetString("code")
					line += " " + code
				} else if a != nil {
					line += fmt.Sprint(" ", a)
				}
			}
			said = append(said, strings.Join(strings.Fields(line), " "))
		default:
			said = append(said, fmt.Sprintf("%T", m)[len("*message."):])
		}
	}
	want := "UserControlPingResponse, SetWindowAckSize, SetPeerBandwidth, SetChunkSize, _result 1 NetConnection.Connect.Success, " +
		"_result 2, _result 3, _result 4 1, onStatus 5 NetStream.Publish.Start"
	if got := strings.Join(said, ", "); got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
}

// TestErrors: what publish is answered with where the broadcaster is not let in.
//
// Clause: rtmp-errors
func TestErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, port := newHouse(t, Config{}), newPipes()
		h.run(t, port, nil)
		h.keys.Store("nameless", "a name/that is none")
		const none = "NetStream.Publish.BadName: There is no publish key: enter it as the stream key in your settings."
		const wrong = "NetStream.Publish.BadName: Wrong publish key: check the stream key in your settings."
		for _, c := range []struct{ app, key, want, says string }{
			{"live", "wrong", wrong, "unknown publish key"},
			{"live", "live", wrong, "unknown publish key"},
			{"wrong", "", wrong, "unknown publish key"},
			{"live", "", none, "no publish key"},
			{"live/", "?user=x", none, "no publish key"},
			{"", " ", none, "no publish key"},
			{"", "nameless", "NetStream.Publish.Rejected: The origin cannot take this stream now: its log says why.", "a name/that is none"},
		} {
			said := h.log.count(c.says)
			b, got := h.greet(t, port.dial(t), c.app, c.key)
			if got != c.want {
				t.Errorf("%q, %q: %s", c.app, c.key, got)
			}
			synctest.Wait()
			if h.log.count(c.says) != said+1 {
				t.Errorf("%q, %q: the log does not say %q once more", c.app, c.key, c.says)
			}
			_ = b.Close()
		}
	})
}

// TestApplication: the key alone says which stream it is; whatever the application is called, the broadcaster is taken.
//
// Clause: rtmp-url
func TestApplication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, port := newHouse(t, Config{}), newPipes()
		h.run(t, port, nil)
		for _, c := range []struct{ app, key string }{
			{"live", "secret"}, {"app", "secret"}, {"another-stream", "secret"}, {"live2/instance", "secret"}, {"", "secret"},
			{"live/secret", ""}, {"app/secret", ""}, {"secret", ""}, {"live?user=x", "secret?session=y"}, {"LIVE", "/secret"},
		} {
			b, got := h.greet(t, port.dial(t), c.app, c.key)
			if got != "NetStream.Publish.Start" {
				t.Errorf("application %q, stream key %q: %s", c.app, c.key, got)
			}
			_ = b.Close()
			synctest.Wait()
		}
	})
}

// TestUnpublish: a broadcaster who stops says so in one of several ways, and viewers are told that it is over within seconds. One
// whose connection breaks says nothing, and is waited for.
//
// Clause: rtmp-unpublish
func TestUnpublish(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*caster)
		want stream.Status
	}{
		{"FCUnpublish", func(b *caster) { b.write(ask("FCUnpublish", float64(6), nil, "secret")) }, stream.Ended},
		{"deleteStream", func(b *caster) { b.write(ask("deleteStream", float64(7), nil, float64(1))) }, stream.Ended},
		{"closeStream", func(b *caster) { b.write(ask("closeStream", float64(0), nil)) }, stream.Ended},
		{"closed", func(b *caster) { _ = b.Close() }, stream.Interrupted},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, port := newHouse(t, Config{}), newPipes()
				h.run(t, port, nil)
				go h.streams.Run(t.Context())
				b, _ := h.greet(t, port.dial(t), "live", "secret")
				b.begin(clipDress())
				b.play(clipDress(), 0, 5*time.Second)
				c.end(b)
				time.Sleep(5 * time.Second)
				if d := h.streams.Get("demo").Describe(); d.State != c.want {
					t.Errorf("it is %s, want %s", d.State, c.want)
				}
			})
		})
	}
}

// TestLastWords: who says that it is over and then goes on talking for a moment, as GStreamer does, is not cut off.
//
// Clause: rtmp-unpublish
func TestLastWords(t *testing.T) {
	h := open(t)
	b := h.cast(t)
	b.begin(clipDress())
	b.play(clipDress(), 0, 5*time.Second)
	b.write(ask("FCUnpublish", float64(6), nil, "secret"))
	h.described(t, "interrupted", func(d stream.Description) bool { return d.State == stream.Interrupted })
	b.write(ask("deleteStream", float64(7), nil, float64(1)))
	_ = b.Conn.(*net.TCPConn).CloseWrite()
	_ = b.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.Copy(io.Discard, b); err != nil {
		t.Error(err)
	}
}

// TestReset: a connection that is torn down is one that breaks.
//
// Clause: rtmp-unpublish
func TestReset(t *testing.T) {
	h := open(t)
	b := h.cast(t)
	b.begin(clipDress())
	b.play(clipDress(), 0, 5*time.Second)
	h.described(t, "live", isLive)
	_ = b.Conn.(*net.TCPConn).SetLinger(0)
	_ = b.Close()
	h.described(t, "interrupted", func(d stream.Description) bool { return d.State == stream.Interrupted })
}

// TestReconnect: who comes back continues the same stream: numbers go on, and a discontinuity is said.
//
// Clause: rtmp-reconnect
func TestReconnect(t *testing.T) {
	h := open(t)
	for i := range 3 {
		b := h.cast(t)
		b.begin(clipDress())
		b.play(clipDress(), 0, 5*time.Second)
		h.described(t, "live", func(d stream.Description) bool { return d.State == stream.Live && d.LastMSN >= uint64(3*i+2) })
		_ = b.Close()
		h.described(t, "interrupted", func(d stream.Description) bool { return d.State == stream.Interrupted })
	}
	text := plain(h)
	if err := has(text, "#EXT-X-MEDIA-SEQUENCE:0\n", "/s8.m4s"); err != nil || strings.Count(text, "#EXT-X-DISCONTINUITY\n") != 2 || strings.Count(text, "#EXT-X-MAP") > 1 {
		t.Error(err, text)
	}
}

// TestTracks: each video track is a rendition with the segments of the first; of audio, the first is taken.
//
// Clause: rtmp-multitrack
func TestTracks(t *testing.T) {
	h := open(t)
	b := h.cast(t)
	sps, pps := testclip.Parameters()
	record := avcC(sps, pps)
	b.send(typeVideo, 0, 0x17, 0, 0, 0, 0, record)
	b.send(typeVideo, 0, 0x96, 0x00, "avc1", 1, record)
	b.send(typeVideo, 0, 0x96, 0x20, "avc1", 2, len(record)>>16, len(record)>>8, len(record), record) // of many tracks, one
	b.send(typeAudio, 0, 0xaf, 0, 0x11, 0x90)
	for n := range 300 {
		at := time.Duration(n) * testclip.Interval
		p, key := picture(n)
		b.send(typeVideo, at, pick(key, 0x17, 0x27), 1, 0, 0, 0, p)
		b.send(typeVideo, at, pick(key, 0x96, 0xa6), 0x01, "avc1", 1, 0, 0, 0, p)
		offset := pick(n%2 == 0, 99, 0)
		b.send(typeVideo, at, pick(key, 0x96, 0xa6), 0x01, "avc1", 2, 0, 0, offset, p)
		for i := range 2 {
			at := at + time.Duration(i)*testclip.Interval/2
			b.send(typeAudio, at, 0xaf, 1, testclip.AAC)
			b.send(typeAudio, at, 0x95, 0x01, "mp4a", 1, testclip.AAC)
			b.send(typeAudio, at, 0x95, 0x01, "fLaC", 2, "x")
		}
	}
	h.described(t, "live with two renditions", func(d stream.Description) bool { return d.LastMSN >= 4 && len(d.Renditions) == 2 })
	for _, text := range []string{"several audio tracks: the first is taken", "another track cannot be carried: FLAC", "track=2 error=\"it has B-frames"} {
		if n := h.log.count(text); n != 1 {
			t.Errorf("%q: said %d times\n%s", text, n, h.log.text.String())
		}
	}
	source, second := h.samples(t, 0), h.samples(t, 1)
	if len(second[1]) < 120 || len(second[2]) < 150 {
		t.Fatalf("%d pictures, %d of sound", len(second[1]), len(second[2]))
	}
	for i, s := range second[1] {
		if o := source[1][i]; s.pts != o.pts {
			t.Fatalf("frame %d is shown at %d, that of the source at %d", i, s.pts, o.pts)
		}
	}
}

// TestSlowly: a broadcast of which each byte comes alone is as good as any other.
//
// Clause: hostile
func TestSlowly(t *testing.T) {
	h := open(t)
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	b := &caster{Conn: slow{conn}, t: t}
	b.write(join(hello, introduced("live", "secret")))
	go func() { _, _ = io.Copy(io.Discard, conn) }()
	b.begin(clipDress())
	b.play(clipDress(), 0, 5*time.Second)
	h.described(t, "live", isLive)
}

type slow struct{ net.Conn }

func (s slow) Write(p []byte) (int, error) {
	for i := range p {
		if _, err := s.Conn.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

// TestBadFrames ends the broadcast whose frames cannot be taken apart, and says so.
func TestBadFrames(t *testing.T) {
	h := open(t)
	b := h.cast(t)
	b.begin(clipDress())
	b.send(typeVideo, 0, 0x17, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1)
	if _, err := io.Copy(io.Discard, b); err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
		t.Error(err)
	}
	h.said(t, "a broken access unit")
}
