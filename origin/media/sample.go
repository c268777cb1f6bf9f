package media

import (
	"encoding/binary"
	"errors"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
)

// ErrSample says that an access unit cannot be taken apart.
var ErrSample = errors.New("media: a broken access unit")

// SortH264 is ParseH264 for NAL units that stand in one piece, each behind its length in four bytes. It takes b over: the
// sample is what is left of it, moved together where something went.
func SortH264(b []byte) (H264Unit, error) {
	var most [16][]byte
	s := chooseSets(grammarH264, split(most[:0], b))
	kept, err := s.sort(b)
	return s.h264(kept), err
}

// SortH265 is ParseH265, likewise.
func SortH265(b []byte) (H265Unit, error) {
	var most [16][]byte
	s := chooseSets(grammarH265, split(most[:0], b))
	kept, err := s.sort(b)
	return s.h265(kept), err
}

// split adds the units of b, as far as they are whole.
func split(units [][]byte, b []byte) [][]byte {
	for len(b) >= 4 {
		size := binary.BigEndian.Uint32(b)
		if uint64(size) > uint64(len(b)-4) {
			break
		}
		if size > 0 {
			units = append(units, b[4:4+size])
		}
		b = b[4+size:]
	}
	return units
}

// sort keeps the units that the sample holds.
func (s *sets) sort(b []byte) ([]byte, error) {
	kept := 0
	for at := 0; at < len(b); {
		if len(b)-at < 4 {
			return nil, ErrSample
		}
		size := binary.BigEndian.Uint32(b[at:])
		if uint64(size) > uint64(len(b)-at-4) {
			return nil, ErrSample
		}
		end := at + 4 + int(size)
		if s.holds(b[at+4 : end]) {
			kept += move(b, kept, at, end)
		}
		at = end
	}
	return b[:kept], nil
}

// move copies b[from:to] down to b[at:] and returns how much that is.
func move(b []byte, at, from, to int) int {
	if at == from {
		return to - from
	}
	return copy(b[at:], b[from:to])
}

// SortAV1 sorts the OBUs of a temporal unit, each with its size, and takes b over as SortH264 does.
func SortAV1(b []byte) (u AV1Unit, err error) {
	kept := 0
	for at := 0; at < len(b); {
		head := 1
		if b[at]&4 != 0 { // AV1, section 5.3.2: an extension follows
			head = 2
		}
		if b[at]&2 == 0 || at+head >= len(b) {
			return AV1Unit{}, ErrSample // without its size
		}
		var size av1.LEB128
		n, err := size.Unmarshal(b[at+head:])
		if err != nil || uint64(size) > uint64(len(b)-at-head-n) {
			return AV1Unit{}, ErrSample
		}
		body := at + head + n
		end := body + int(size)
		kind := av1.OBUType(b[at] >> 3 & 0xf)
		if kind == av1.OBUTypeSequenceHeader && u.Header == nil {
			u.Header = append([]byte{b[at] &^ 6}, b[body:end]...) // as a track has it: bare
			u.Key = true                                          // as ParseAV1 has it
		}
		if kind != av1.OBUTypeTemporalDelimiter {
			kept += move(b, kept, at, end)
		}
		at = end
	}
	u.Bytes = b[:kept]
	return u, nil
}
