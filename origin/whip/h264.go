package whip

import (
	"encoding/binary"

	"github.com/pion/rtp"

	"github.com/shoal-live/shoal/origin/media"
)

// NAL unit types of RFC 6184, section 5.2.
const (
	nalSTAPA = 24
	nalFUA   = 28
)

// unit is one access unit as it came.
type unit struct {
	timestamp uint32
	nals      [][]byte
}

// depacketizer puts access units together from packets in order. A unit that lacks a packet is not given out.
type depacketizer struct {
	timestamp uint32
	nals      [][]byte
	partial   []byte // a NAL unit in pieces
	size      int
	broken    bool // the unit under way lacks something
}

// push adds a packet and returns the access unit it completes, if any. Broken tells that a unit had to be given up.
func (d *depacketizer) push(p *rtp.Packet, lost bool) (u *unit, broken bool) {
	if len(p.Payload) == 0 {
		d.broken = d.broken || lost
		return nil, lost
	}
	if p.Timestamp != d.timestamp {
		// The packet with the marker was lost, or never set: what there is cannot be trusted to be whole after a loss.
		if len(d.nals) > 0 && !d.broken && !lost && d.partial == nil {
			u = &unit{d.timestamp, d.nals}
		}
		d.reset()
		d.timestamp = p.Timestamp
	}
	if lost {
		d.broken = true
	}
	d.size += len(p.Payload)
	if !d.add(p.Payload) || d.size > media.MaxFrame {
		d.broken = true
	}
	if !p.Marker {
		return u, lost
	}
	broken = d.broken || d.partial != nil
	if !broken && len(d.nals) > 0 {
		u = &unit{d.timestamp, d.nals}
	}
	d.reset()
	return u, broken || lost
}

func (d *depacketizer) reset() {
	d.nals, d.partial, d.size, d.broken = nil, nil, 0, false
}

// add takes one payload apart; false if it makes no sense.
func (d *depacketizer) add(b []byte) bool {
	switch kind := b[0] & 0x1f; {
	case kind > 0 && kind < nalSTAPA:
		d.nals = append(d.nals, b)
	case kind == nalSTAPA:
		for b = b[1:]; len(b) > 0; {
			if len(b) < 2 {
				return false
			}
			n := int(binary.BigEndian.Uint16(b))
			if n == 0 || len(b)-2 < n {
				return false
			}
			d.nals = append(d.nals, b[2:2+n])
			b = b[2+n:]
		}
	case kind == nalFUA:
		if len(b) < 3 {
			return false
		}
		if b[1]&0x80 != 0 {
			d.partial = []byte{b[0]&0xe0 | b[1]&0x1f}
		} else if d.partial == nil {
			return false
		}
		d.partial = append(d.partial, b[2:]...)
		if b[1]&0x40 != 0 {
			d.nals = append(d.nals, d.partial)
			d.partial = nil
		}
	default:
		return false
	}
	return true
}
