package archive

import (
	"encoding/binary"
	"errors"
	"iter"
)

// ErrPart says that bytes are not a part as the segmenter makes it.
var ErrPart = errors.New("archive: not a whole part of fragmented MP4")

// box is one box of an MP4, its header included.
type box struct {
	kind  string
	bytes []byte
}

// boxes yields the boxes that stand whole in b, one after the other. It ends before the first that does not, and before
// one of the 64-bit form, which neither parts nor init segments have.
func boxes(b []byte) iter.Seq[box] {
	return func(yield func(box) bool) {
		for len(b) >= 8 {
			size := binary.BigEndian.Uint32(b)
			if size < 8 || uint64(size) > uint64(len(b)) {
				return
			}
			if !yield(box{string(b[4:8]), b[:size]}) {
				return
			}
			b = b[size:]
		}
	}
}

// fragment is where a track's samples of a part begin in time.
type fragment struct {
	track uint32
	time  []byte // eight bytes within the part: the decode time of the first sample, in the track's ticks
}

// fragments finds the times in a moof box.
func fragments(moof []byte) (all []fragment, err error) {
	if len(moof) < 8 || string(moof[4:8]) != "moof" {
		return nil, ErrPart
	}
	for traf := range boxes(moof[8:]) {
		if traf.kind != "traf" {
			continue
		}
		var f fragment
		for b := range boxes(traf.bytes[8:]) {
			switch {
			case b.kind == "tfhd" && len(b.bytes) >= 16:
				f.track = binary.BigEndian.Uint32(b.bytes[12:])
			case b.kind == "tfdt" && len(b.bytes) >= 20 && b.bytes[8] == 1:
				f.time = b.bytes[12:20]
			}
		}
		if f.track == 0 || f.time == nil {
			return nil, ErrPart
		}
		all = append(all, f)
	}
	if len(all) == 0 {
		return nil, ErrPart
	}
	return all, nil
}

// moof returns the first box of a part, which tells its times.
func moof(part []byte) []byte {
	for b := range boxes(part) {
		return b.bytes
	}
	return nil
}
