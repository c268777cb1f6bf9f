package media

import (
	"encoding/binary"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
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

// H264Unit is what an H.264 access unit holds: the sample as fMP4 stores it, and the parameter sets of its picture.
type H264Unit struct {
	SPS, PPS []byte // nil: not there
	Key      bool
	Bytes    []byte // empty if the unit held no picture; with the sets that no init segment gets
}

// ParseH264 sorts the NAL units of an access unit.
func ParseH264(units [][]byte) H264Unit {
	s := chooseSets(grammarH264, units)
	return s.h264(s.sample(units))
}

func (s *sets) h264(sample []byte) H264Unit {
	return H264Unit{SPS: s.chosen[sps], PPS: s.chosen[pps], Key: s.key, Bytes: sample}
}

// H265Unit is what an HEVC access unit holds.
type H265Unit struct {
	VPS, SPS, PPS []byte
	Key           bool
	Bytes         []byte
}

// ParseH265 sorts the NAL units of an access unit.
func ParseH265(units [][]byte) H265Unit {
	s := chooseSets(grammarH265, units)
	return s.h265(s.sample(units))
}

func (s *sets) h265(sample []byte) H265Unit {
	return H265Unit{VPS: s.chosen[vps], SPS: s.chosen[sps], PPS: s.chosen[pps], Key: s.key, Bytes: sample}
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

// sample puts together the units that it holds.
func (s *sets) sample(units [][]byte) (b []byte) {
	for _, n := range units {
		if s.holds(n) {
			b = appendUnit(b, n, units)
		}
	}
	return b
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
