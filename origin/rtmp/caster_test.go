package rtmp

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"
	"github.com/bluenviron/gortmplib/pkg/bytecounter"
	"github.com/bluenviron/gortmplib/pkg/message"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/testclip"
)

// caster is a broadcaster whose every byte is chosen.
type caster struct {
	net.Conn
	t    testing.TB
	said *message.Reader // by the server
}

// greet says all that comes before media, and returns the status that the server answers publish with.
func (h *house) greet(t testing.TB, conn net.Conn, app, key string) (c *caster, code string) {
	t.Helper()
	c = &caster{Conn: conn, t: t}
	c.write(hello[:1537])
	if _, err := io.ReadFull(conn, make([]byte, 1+2*1536)); err != nil {
		t.Fatal(err)
	}
	c.said = message.NewReader(conn, bytecounter.NewReader(conn), func(uint32) error { return nil })
	c.write(hello[1537:])
	c.write(introduced(app, key))
	return c, c.status()
}

// cast is greet where the broadcaster is let in.
func (h *house) cast(t testing.TB) *caster {
	t.Helper()
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c, code := h.greet(t, conn, "live", "secret")
	if code != "NetStream.Publish.Start" {
		t.Fatal(code)
	}
	return c
}

func (c *caster) write(b []byte) {
	c.t.Helper()
	if _, err := c.Write(b); err != nil {
		c.t.Fatalf("%v; the server may have said why: %s", err, c.status())
	}
}

// status returns the next status, its code and, where it is an error, its description.
func (c *caster) status() string {
	c.t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	for {
		m, err := c.said.Read()
		if err != nil {
			c.t.Fatalf("no status: %v", err)
		}
		if m, ok := m.(*message.CommandAMF0); ok && m.Name == "onStatus" {
			o := m.Arguments[1].(amf0.Object)
			code, _ := o.GetString("code")
			if level, _ := o.GetString("level"); level == "error" {
				description, _ := o.GetString("description")
				code += ": " + description
			}
			return code
		}
	}
}

// send sends one message of audio or video.
func (c *caster) send(kind byte, at time.Duration, body ...any) {
	c.t.Helper()
	c.write(timed(kind, at, raw(body...)))
}

// timed is a message of a time.
func timed(kind byte, at time.Duration, body []byte) []byte {
	ms := uint32(at / time.Millisecond)
	b := header(kind, len(body))
	b[0] = kind // audio and video have chunk streams of their own
	if ms >= extendedMarker {
		copy(b[1:], []byte{255, 255, 255})
		return append(binary.BigEndian.AppendUint32(b, ms), body...)
	}
	copy(b[1:], []byte{byte(ms >> 16), byte(ms >> 8), byte(ms)})
	return append(b, body...)
}

// One frame each, none of which a decoder would like.
var (
	hevcVPS = []byte{0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x02, 0x20, 0x00, 0x00, 0x03, 0x00, 0xb0, 0x00, 0x00, 0x03,
		0x00, 0x00, 0x03, 0x00, 0x7b, 0x18, 0xb0, 0x24}
	hevcSPS = []byte{0x42, 0x01, 0x01, 0x02, 0x20, 0x00, 0x00, 0x03, 0x00, 0xb0, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03,
		0x00, 0x7b, 0xa0, 0x07, 0x82, 0x00, 0x88, 0x7d, 0xb6, 0x71, 0x8b, 0x92, 0x44, 0x80, 0x53, 0x88,
		0x88, 0x92, 0xcf, 0x24, 0xa6, 0x92, 0x72, 0xc9, 0x12, 0x49, 0x22, 0xdc, 0x91, 0xaa, 0x48, 0xfc,
		0xa2, 0x23, 0xff, 0x00, 0x01, 0x00, 0x01, 0x6a, 0x02, 0x02, 0x02, 0x01}
	hevcPPS = []byte{0x44, 0x01, 0xc0, 0x25, 0x2f, 0x05, 0x32, 0x40}
	av1Head = []byte{8, 0, 0, 0, 66, 167, 191, 228, 96, 13, 0, 64}
	vp9Key  = []byte{0x82, 0x49, 0x83, 0x42, 0x00, 0x77, 0xf0, 0x32, 0x34, 0x30, 0x38, 0x24, 0x1c, 0x19, 0x40, 0x18, 0x03, 0x40, 0x5f, 0xb4}
)

// hvcC is the configuration record of HEVC.
func hvcC() []byte {
	b := append(make([]byte, 21), 3, 3)
	for kind, n := range [][]byte{hevcVPS, hevcSPS, hevcPPS} {
		b = append(b, raw(32+kind, 0, 1, len(n)>>8, len(n), n)...)
	}
	return b
}

// obu is one OBU with its size.
func obu(bare []byte) []byte { return raw(int(bare[0])|2, len(bare)-1, bare[1:]) }

// unit is one NAL unit behind its length.
func unit(nals ...[]byte) (b []byte) {
	for _, n := range nals {
		b = append(b, raw(0, 0, len(n)>>8, len(n), n)...)
	}
	return b
}

// picture is one access unit of the clip, and whether it is a key frame.
func picture(n int) (b []byte, key bool) {
	units := testclip.Units()
	for _, u := range units[n%len(units)] {
		if kind := u[0] & 0x1f; kind != 7 && kind != 8 {
			b = append(b, unit(u)...)
		}
	}
	return b, n%testclip.GOP == 0
}

// codec is how a codec's configuration and frames are sent.
type dress struct {
	start []any
	frame func(n int) []any // the nth
}

func clipDress() dress {
	sps, pps := testclip.Parameters()
	return dress{
		start: []any{0x17, 0, 0, 0, 0, avcC(sps, pps)},
		frame: func(n int) []any {
			b, key := picture(n)
			return []any{pick(key, 0x17, 0x27), 1, 0, 0, 0, b}
		},
	}
}

func pick(first bool, a, b int) int {
	if first {
		return a
	}
	return b
}

// play sends frames of the codec as fast as they are taken, with sound.
func (c *caster) play(d dress, from, to time.Duration) {
	c.t.Helper()
	for n := int(from / testclip.Interval); time.Duration(n)*testclip.Interval < to; n++ {
		at := time.Duration(n) * testclip.Interval
		c.send(typeVideo, at, d.frame(n)...)
		for i := range 2 {
			c.send(typeAudio, at+time.Duration(i)*testclip.Interval/2, 0xaf, 1, testclip.AAC)
		}
	}
}

// begin sends the configuration of the codec, and of sound.
func (c *caster) begin(d dress) {
	c.t.Helper()
	c.send(typeVideo, 0, d.start...)
	c.send(typeAudio, 0, 0xaf, 0, 0x11, 0x90)
}

// described waits until the stream is described as wished.
func (h *house) described(t testing.TB, what string, wished func(stream.Description) bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var d stream.Description
	for time.Now().Before(deadline) {
		if st := h.streams.Get("demo"); st != nil {
			if d = st.Describe(); wished(d) {
				return
			}
		}
		<-tick.C
	}
	t.Fatalf("not %s: %+v\n%s", what, d, h.log.text.String())
}

// said waits for a line of the log.
func (h *house) said(t testing.TB, text string) {
	t.Helper()
	h.described(t, "said: "+text, func(stream.Description) bool { return h.log.count(text) > 0 })
}

// samples returns the samples of a rendition's complete segments, by track.
func (h *house) samples(t testing.TB, index int) map[int][]placed {
	t.Helper()
	v, _ := h.streams.Get("demo").Window(index).View()
	all := map[int][]placed{}
	for _, s := range v.Segments {
		for _, p := range s.Parts {
			all = place(t, all, p)
		}
	}
	return all
}

type placed struct {
	*fmp4.Sample
	dts, pts int64
}

func place(t testing.TB, all map[int][]placed, p hls.Part) map[int][]placed {
	t.Helper()
	var parts fmp4.Parts
	if err := parts.Unmarshal(p.Bytes); err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		for _, track := range part.Tracks {
			at := int64(track.BaseTime)
			for _, s := range track.Samples {
				all[track.ID] = append(all[track.ID], placed{s, at, at + int64(s.PTSOffset)})
				at += int64(s.Duration)
			}
		}
	}
	return all
}

func isLive(d stream.Description) bool { return d.State == stream.Live && d.LastMSN >= 1 }

func hasCodecs(codecs string) func(stream.Description) bool {
	return func(d stream.Description) bool {
		return isLive(d) && len(d.Renditions) > 0 && d.Renditions[0].Codecs == codecs
	}
}

func plain(h *house) string {
	v, _ := h.streams.Get("demo").Window(0).View()
	b, _ := v.Playlist()
	return string(b)
}

func has(text string, parts ...string) error {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return fmt.Errorf("without %s:\n%s", p, text)
		}
	}
	return nil
}
