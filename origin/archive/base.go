package archive

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
)

// Base is the time that a track has on the stream's timeline where its file begins.
type Base struct {
	Track uint32 `json:"track"`
	Ticks uint64 `json:"ticks"`
}

// bases returns the bases of a file that begins with a part: one moment for all tracks, the earliest in the part.
func bases(init, part []byte) ([]Base, error) {
	var tracks fmp4.Init
	if err := tracks.Unmarshal(bytes.NewReader(init)); err != nil {
		return nil, err
	}
	all, err := fragments(moof(part))
	if err != nil {
		return nil, err
	}
	scales := map[uint32]uint64{}
	for _, t := range tracks.Tracks {
		scales[uint32(t.ID)] = uint64(t.TimeScale)
	}
	var first, scale uint64 // the earliest, in ticks of scale
	for _, f := range all {
		at, s := binary.BigEndian.Uint64(f.time), scales[f.track]
		if s == 0 {
			return nil, ErrPart
		}
		if scale == 0 || convert(at, s, scale) < first {
			first, scale = at, s
		}
	}
	var out []Base
	for _, t := range tracks.Tracks {
		out = append(out, Base{uint32(t.ID), convert(first, scale, uint64(t.TimeScale))})
	}
	return out, nil
}

// convert returns a time in ticks of another scale, rounded down.
func convert(at, from, to uint64) uint64 {
	high, low := bits.Mul64(at, to)
	if from == 0 || high >= from {
		return 0
	}
	q, _ := bits.Div64(high, low, from)
	return q
}

// rebase takes the bases off a part's times, in place. It fails, and leaves the part as it was, where one is earlier.
func rebase(part []byte, all []Base) error { return shift(moof(part), all, true) }

// restore undoes rebase on a part's moof box.
func restore(moof []byte, all []Base) error { return shift(moof, all, false) }

func shift(moof []byte, all []Base, down bool) error {
	found, err := fragments(moof)
	if err != nil {
		return err
	}
	for _, f := range found {
		at, base := binary.BigEndian.Uint64(f.time), ticksOf(all, f.track)
		if down && at < base {
			return ErrPart
		}
	}
	for _, f := range found {
		at, base := binary.BigEndian.Uint64(f.time), ticksOf(all, f.track)
		if down {
			base = -base
		}
		binary.BigEndian.PutUint64(f.time, at+base)
	}
	return nil
}

func ticksOf(all []Base, track uint32) uint64 {
	for _, b := range all {
		if b.Track == track {
			return b.Ticks
		}
	}
	return 0
}
