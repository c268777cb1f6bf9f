package whip

import (
	"github.com/pion/rtp"

	"github.com/shoal-live/shoal/origin/media"
)

// unit is one access unit as it came.
type unit struct {
	timestamp uint32
	parts     [][]byte
}

// depacketizer puts access units together from packets in order. A unit that lacks a packet is not given out.
type depacketizer struct {
	coding coding

	timestamp uint32
	parts     [][]byte
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
		if len(d.parts) > 0 && !d.broken && !lost && !d.coding.pending() {
			u = &unit{d.timestamp, d.parts}
		}
		d.reset()
		d.timestamp = p.Timestamp
	}
	if lost {
		d.broken = true
	}
	d.size += len(p.Payload)
	if parts, err := d.coding.unpack(p.Payload); err != nil || d.size > media.MaxFrame {
		d.broken = true
	} else {
		d.parts = append(d.parts, parts...)
	}
	if !p.Marker {
		return u, lost
	}
	broken = d.broken || d.coding.pending()
	if !broken && len(d.parts) > 0 {
		u = &unit{d.timestamp, d.parts}
	}
	d.reset()
	return u, broken || lost
}

func (d *depacketizer) reset() {
	d.coding.drop()
	d.parts, d.size, d.broken = nil, 0, false
}
