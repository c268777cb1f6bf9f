package whip

import (
	"encoding/binary"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"github.com/shoal-live/shoal/origin/media"
)

// NAL unit types of RFC 6184, section 5.2.
const (
	nalSTAPA = 24
	nalFUA   = 28
)

type h264Coding struct {
	partial  []byte // a NAL unit in pieces
	sps, pps []byte
}

func (c *h264Coding) pending() bool { return c.partial != nil }
func (c *h264Coding) drop()         { c.partial = nil }

func (c *h264Coding) unpack(b []byte) ([][]byte, error) {
	switch kind := b[0] & 0x1f; {
	case kind > 0 && kind < nalSTAPA:
		return [][]byte{b}, nil
	case kind == nalSTAPA:
		return aggregated(b[1:], 1)
	case kind == nalFUA && len(b) >= 3:
		return fragmented(&c.partial, b[1], []byte{b[0]&0xe0 | b[1]&0x1f}, b[2:])
	}
	return nil, errBroken
}

// aggregated returns NAL units that stand one after another, each behind its length, which is that of their header at least.
func aggregated(b []byte, header int) (units [][]byte, err error) {
	for len(b) > 0 {
		if len(b) < 2 {
			return nil, errBroken
		}
		n := int(binary.BigEndian.Uint16(b))
		if n < header || len(b)-2 < n {
			return nil, errBroken
		}
		units = append(units, b[2:2+n])
		b = b[2+n:]
	}
	return units, nil
}

// fragmented adds a piece to a NAL unit. The bits of mark tell of its first and last, which header stands before.
func fragmented(partial *[]byte, mark byte, header, piece []byte) ([][]byte, error) {
	if mark&0x80 != 0 {
		*partial = header
	} else if *partial == nil {
		return nil, errBroken
	}
	*partial = append(*partial, piece...)
	if mark&0x40 == 0 {
		return nil, nil
	}
	whole := *partial
	*partial = nil
	return [][]byte{whole}, nil
}

func (c *h264Coding) read(units [][]byte) (picture, error) {
	u := media.ParseH264(units)
	if u.SPS != nil {
		c.sps = u.SPS
	}
	if u.PPS != nil {
		c.pps = u.PPS
	}
	return picture{u.Key, u.Bytes}, nil
}

func (c *h264Coding) track() (t media.Track, known bool, err error) {
	if c.sps == nil || c.pps == nil {
		return t, false, nil
	}
	t, err = media.NewH264(c.sps, c.pps)
	return t, true, err
}

func (c *h264Coding) order() decodeOrder {
	var d h264.DTSExtractor
	d.Initialize()
	return &d
}

func (c *h264Coding) parameters() [][]byte { return [][]byte{c.sps} }
