package whep

import (
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	rtpcodecs "github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"

	"github.com/shoal-live/shoal/origin/rtc"
)

const maxPayload = 1200 - 12 - 16 // of a packet of 1200 bytes with RTP's header and SRTP's tag

// outlet is one track on its way to one viewer. It belongs to the goroutine that sends.
type outlet struct {
	// static
	local     *webrtc.TrackLocalStaticRTP
	sender    *webrtc.RTPSender
	payloader rtp.Payloader
	rate      int64
	base      uint32 // at the stream's time zero

	sequence uint16
	packets  uint32
	octets   uint32
}

func newOutlet(c rtc.Codec) (*outlet, error) {
	id, rate := "video", int64(videoRate)
	var payloader rtp.Payloader
	switch c.Name {
	case "H264":
		payloader = &rtpcodecs.H264Payloader{}
	case "H265":
		payloader = &rtpcodecs.H265Payloader{}
	case "AV1":
		payloader = &rtpcodecs.AV1Payloader{}
	case "OPUS":
		id, rate, payloader = "audio", soundRate, &rtpcodecs.OpusPayloader{}
	default:
		return nil, errCodecs
	}
	local, err := webrtc.NewTrackLocalStaticRTP(capability(c), id, "shoal") // one name: to be played in time with each other
	if err != nil {
		return nil, err
	}
	return &outlet{local: local, payloader: payloader, rate: rate, base: rand.Uint32(), sequence: uint16(rand.Uint32() >> 17)}, nil
}

func (o *outlet) timestamp(at time.Duration) uint32 {
	ticks := int64(at/time.Second)*o.rate + int64(at%time.Second)*o.rate/int64(time.Second)
	return o.base + uint32(ticks)
}

// pack makes packets of a unit.
func (o *outlet) pack(u unit) []*rtp.Packet {
	payloads := o.payloader.Payload(maxPayload, payload(u))
	packets := make([]*rtp.Packet, len(payloads))
	for i, p := range payloads {
		packets[i] = &rtp.Packet{Header: rtp.Header{
			Version: 2, SequenceNumber: o.sequence, Timestamp: o.timestamp(u.PTS), Marker: u.Video && i == len(payloads)-1,
		}, Payload: p}
		o.sequence++
	}
	return packets
}

// write sends a packet. A connection that is going down shows elsewhere.
func (o *outlet) write(p *rtp.Packet) error {
	o.packets++
	o.octets += uint32(len(p.Payload))
	if err := o.local.WriteRTP(p); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		return err
	}
	return nil
}

// report says which of the track's timestamps is now.
func (o *outlet) report(zero, now time.Time) *rtcp.SenderReport {
	var ssrc uint32
	if e := o.sender.GetParameters().Encodings; len(e) > 0 {
		ssrc = uint32(e[0].SSRC)
	}
	return &rtcp.SenderReport{
		SSRC: ssrc, NTPTime: ntp(now), RTPTime: o.timestamp(now.Sub(zero)), PacketCount: o.packets, OctetCount: o.octets,
	}
}

// ntp is the form of RFC 3550, section 4.
func ntp(t time.Time) uint64 {
	return uint64(t.Unix()+2208988800)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

// payload is a unit as pion's payloaders take it: NAL units with start codes, parameter sets before each key frame.
func payload(u unit) []byte {
	var b []byte
	switch c := u.track.Codec.(type) {
	case *codecs.H264:
		if u.Key {
			b = startCodes(b, c.SPS, c.PPS)
		}
	case *codecs.H265:
		if u.Key {
			b = startCodes(b, c.VPS, c.SPS, c.PPS)
		}
	default:
		return u.Bytes
	}
	return startCodes(b, nals(u.Bytes)...)
}

func startCodes(b []byte, nals ...[]byte) []byte {
	for _, n := range nals {
		b = append(append(b, 0, 0, 0, 1), n...)
	}
	return b
}

// nals takes apart what media.ParseH264 and ParseH265 put together.
func nals(b []byte) (out [][]byte) {
	for len(b) >= 4 {
		n := int(binary.BigEndian.Uint32(b))
		if n > len(b)-4 {
			break
		}
		out = append(out, b[4:4+n])
		b = b[4+n:]
	}
	return out
}
