package whip

import (
	"slices"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"

	"github.com/shoal-live/shoal/origin/media"
)

// av1Coding reads the RTP payload format for AV1, version 1.0.
type av1Coding struct {
	partial []byte // an OBU in pieces
	header  []byte
}

func (c *av1Coding) pending() bool { return c.partial != nil }
func (c *av1Coding) drop()         { c.partial = nil }

func (c *av1Coding) unpack(b []byte) (units [][]byte, err error) {
	first, rest := b[0], b[1:]
	goesOn, cut, count := first&0x80 != 0, first&0x40 != 0, int(first>>4&3) // Z, Y and W: section 4.4
	if goesOn != (c.partial != nil) {
		return nil, errBroken
	}
	n := 0
	for len(rest) > 0 {
		n++
		size := len(rest)
		if count == 0 || n < count {
			if size, rest, err = leb128(rest); err != nil {
				return nil, err
			}
		}
		obu := rest[:size]
		rest = rest[size:]
		last := len(rest) == 0 && cut
		if n == 1 && goesOn {
			obu, c.partial = append(c.partial, obu...), nil
		} else if last {
			obu = append([]byte{}, obu...) // the packet's, and to be added to
		}
		if last {
			c.partial = obu
			break
		}
		if obu, err = bare(obu); err != nil {
			return nil, err
		}
		units = append(units, obu)
	}
	if n == 0 || count != 0 && n != count {
		return nil, errBroken
	}
	return units, nil
}

// leb128 reads a size that what follows it has.
func leb128(b []byte) (size int, rest []byte, err error) {
	var v av1.LEB128
	n, err := v.Unmarshal(b)
	if err != nil || uint64(v) > uint64(len(b)-n) {
		return 0, nil, errBroken
	}
	return int(v), b[n:], nil
}

// bare returns an OBU without the size, and without the extension that names its layer: a layer in time is a frame like any.
func bare(obu []byte) ([]byte, error) {
	if len(obu) == 0 {
		return nil, errBroken
	}
	extended, sized, body := obu[0]&4 != 0, obu[0]&2 != 0, obu[1:]
	if !extended && !sized {
		return obu, nil
	}
	if extended {
		if len(body) == 0 {
			return nil, errBroken
		}
		body = body[1:]
	}
	if sized {
		size, rest, err := leb128(body)
		if err != nil {
			return nil, err
		}
		body = rest[:size]
	}
	return slices.Concat([]byte{obu[0] &^ 6}, body), nil
}

func (c *av1Coding) read(units [][]byte) (picture, error) {
	u, err := media.ParseAV1(units)
	if u.Header != nil {
		c.header = u.Header
	}
	return picture{u.Key, u.Bytes}, err
}

func (c *av1Coding) track() (t media.Track, known bool, err error) {
	if c.header == nil {
		return t, false, nil
	}
	t, err = media.NewAV1(c.header)
	return t, true, err
}

func (c *av1Coding) order() decodeOrder   { return nil }
func (c *av1Coding) parameters() [][]byte { return nil }
