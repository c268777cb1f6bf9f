package media

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"
)

// MaxFrame bounds one access unit, bytes. A chunk may hold no more than 8 MiB.
const MaxFrame = 4 << 20

// Frame is one access unit of a track. Times count from any one point that all tracks of a session share.
type Frame struct {
	Video  bool
	DTS    time.Duration
	PTS    time.Duration
	Length time.Duration // how long it lasts, where that is known; else 0
	Key    bool          // can be decoded without any before it
	Bytes  []byte
}

// H264Unit is what an H.264 access unit holds: the sample as fMP4 stores it, and parameter sets found on the way.
type H264Unit struct {
	SPS, PPS []byte
	Key      bool
	Bytes    []byte // empty if the unit held no picture
}

// ParseH264 sorts the NAL units of an access unit.
func ParseH264(units [][]byte) (u H264Unit) {
	for _, n := range units {
		if u.take(n) {
			u.Bytes = appendUnit(u.Bytes, n, units)
		}
	}
	return u
}

// take notes what a NAL unit means. It tells whether a sample holds it.
func (u *H264Unit) take(n []byte) bool {
	if len(n) == 0 {
		return false
	}
	switch h264.NALUType(n[0] & 0x1f) {
	case h264.NALUTypeSPS:
		u.SPS = bytes.Clone(n)
		return false
	case h264.NALUTypePPS:
		u.PPS = bytes.Clone(n)
		return false
	case h264.NALUTypeAccessUnitDelimiter, h264.NALUTypeFillerData, h264.NALUTypeEndOfSequence, h264.NALUTypeEndOfStream:
		return false
	case h264.NALUTypeIDR:
		u.Key = true
	}
	return true
}

// H265Unit is what an HEVC access unit holds.
type H265Unit struct {
	VPS, SPS, PPS []byte
	Key           bool
	Bytes         []byte
}

// ParseH265 sorts the NAL units of an access unit.
func ParseH265(units [][]byte) (u H265Unit) {
	for _, n := range units {
		if u.take(n) {
			u.Bytes = appendUnit(u.Bytes, n, units)
		}
	}
	return u
}

// take notes what a NAL unit means. It tells whether a sample holds it.
func (u *H265Unit) take(n []byte) bool {
	if len(n) < 2 {
		return false
	}
	switch t := h265.NALUType(n[0] >> 1 & 0x3f); t {
	case h265.NALUType_VPS_NUT:
		u.VPS = bytes.Clone(n)
		return false
	case h265.NALUType_SPS_NUT:
		u.SPS = bytes.Clone(n)
		return false
	case h265.NALUType_PPS_NUT:
		u.PPS = bytes.Clone(n)
		return false
	case h265.NALUType_AUD_NUT, h265.NALUType_EOS_NUT, h265.NALUType_EOB_NUT, h265.NALUType_FD_NUT:
		return false
	default:
		// all of 16 to 21 are random access pictures: Rec. ITU-T H.265, table 7-1
		u.Key = u.Key || t >= h265.NALUType_BLA_W_LP && t <= h265.NALUType_CRA_NUT
	}
	return true
}

// AV1Unit is what an AV1 temporal unit holds.
type AV1Unit struct {
	Header []byte // sequence header OBU
	Key    bool
	Bytes  []byte
}

// ParseAV1 sorts the OBUs of a temporal unit.
func ParseAV1(obus [][]byte) (u AV1Unit, err error) {
	kept := make(av1.Bitstream, 0, len(obus))
	for _, o := range obus {
		if len(o) == 0 {
			continue
		}
		switch av1.OBUType(o[0] >> 3 & 0xf) {
		case av1.OBUTypeTemporalDelimiter:
			continue
		case av1.OBUTypeSequenceHeader:
			u.Header = o
		}
		kept = append(kept, o)
	}
	if len(kept) == 0 {
		return u, nil
	}
	u.Key = u.Header != nil // encoders send it with, and only with, a key frame
	u.Bytes, err = kept.Marshal()
	return u, err
}

// OpusLength returns how long an Opus packet lasts.
func OpusLength(packet []byte) time.Duration {
	return time.Duration(opus.PacketDuration2(packet)) * time.Second / 48000
}

// appendUnit makes room for all units at once: most of them are kept.
func appendUnit(b, n []byte, all [][]byte) []byte {
	if b == nil {
		size := 0
		for _, o := range all {
			size += 4 + len(o)
		}
		b = make([]byte, 0, size)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(n)))
	return append(b, n...)
}
