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
	d.take(p.Payload)
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

// take adds a payload to the unit under way. Of one that cannot become whole nothing is kept.
func (d *depacketizer) take(payload []byte) {
	d.size += len(payload)
	d.broken = d.broken || d.size > media.MaxFrame
	if !d.broken {
		parts, err := d.coding.unpack(payload)
		d.parts, d.broken = append(d.parts, parts...), err != nil
	}
	if d.broken {
		d.coding.drop()
		d.parts = nil
	}
}

func (d *depacketizer) reset() {
	d.coding.drop()
	d.parts, d.size, d.broken = nil, 0, false
}
