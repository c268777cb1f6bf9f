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

// moment is a time on the stream's timeline.
type moment struct{ ticks, scale uint64 }

// in returns it in ticks of another scale, rounded down.
func (m moment) in(scale uint64) uint64 {
	high, low := bits.Mul64(m.ticks, scale)
	if m.scale == 0 || high >= m.scale {
		return 0
	}
	q, _ := bits.Div64(high, low, m.scale)
	return q
}

func (m moment) before(o moment) bool { return m.in(o.scale) < o.ticks }

// ahead is how much earlier than in the one that comes first media of the other renditions may begin, in parts of a second.
const ahead = 5

// early returns a moment that is before the others' too.
func (m moment) early() moment { return moment{m.ticks - min(m.ticks, m.scale/ahead), m.scale} }

// tracksOf reads an init segment.
func tracksOf(init []byte) (tracks fmp4.Init, err error) {
	err = tracks.Unmarshal(bytes.NewReader(init))
	return tracks, err
}

// earliest returns when the first track of a part begins.
func earliest(tracks fmp4.Init, part []byte) (first moment, err error) {
	all, err := fragments(moof(part))
	if err != nil {
		return moment{}, err
	}
	scales := map[uint32]uint64{}
	for _, t := range tracks.Tracks {
		scales[uint32(t.ID)] = uint64(t.TimeScale)
	}
	for _, f := range all {
		at := moment{binary.BigEndian.Uint64(f.time), scales[f.track]}
		if at.scale == 0 {
			return moment{}, ErrPart
		}
		if first.scale == 0 || at.before(first) {
			first = at
		}
	}
	return first, nil
}

// bases returns the bases of a file whose time zero is a moment: for all tracks the same.
func bases(tracks fmp4.Init, zero moment) (all []Base) {
	for _, t := range tracks.Tracks {
		all = append(all, Base{uint32(t.ID), zero.in(uint64(t.TimeScale))})
	}
	return all
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
