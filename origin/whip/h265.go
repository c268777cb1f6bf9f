package whip

import (
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"github.com/shoal-live/shoal/origin/media"
)

// NAL unit types of RFC 7798, section 4.4.
const (
	nalAggregation   = 48
	nalFragmentation = 49
)

type h265Coding struct {
	partial       []byte // a NAL unit in pieces
	vps, sps, pps []byte
}

func (c *h265Coding) pending() bool { return c.partial != nil }
func (c *h265Coding) drop()         { c.partial = nil }

// unpack knows no DONL fields: nobody asks for sprop-max-don-diff.
func (c *h265Coding) unpack(b []byte) ([][]byte, error) {
	if len(b) < 3 {
		return nil, errBroken
	}
	switch kind := b[0] >> 1 & 0x3f; {
	case kind < nalAggregation:
		return [][]byte{b}, nil
	case kind == nalAggregation:
		return aggregated(b[2:], 2)
	case kind == nalFragmentation && len(b) >= 4:
		return fragmented(&c.partial, b[2], []byte{b[0]&0x81 | b[2]&0x3f<<1, b[1]}, b[3:])
	}
	return nil, errBroken
}

func (c *h265Coding) read(units [][]byte) (picture, error) {
	u := media.ParseH265(units)
	for _, p := range []struct{ kept, found *[]byte }{{&c.vps, &u.VPS}, {&c.sps, &u.SPS}, {&c.pps, &u.PPS}} {
		if *p.found != nil {
			*p.kept = *p.found
		}
	}
	return picture{u.Key, u.Bytes}, nil
}

func (c *h265Coding) track() (t media.Track, known bool, err error) {
	if c.vps == nil || c.sps == nil || c.pps == nil {
		return t, false, nil
	}
	t, err = media.NewH265(c.vps, c.sps, c.pps)
	return t, true, err
}

func (c *h265Coding) order() decodeOrder {
	var d h265.DTSExtractor
	d.Initialize()
	return &d
}

func (c *h265Coding) parameters() [][]byte { return [][]byte{c.vps, c.sps, c.pps} }
