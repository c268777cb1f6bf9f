package whip

import (
	"time"

	"github.com/pion/rtp"
)

const (
	maxWaiting = 512                    // packets behind a gap
	maxGap     = 250 * time.Millisecond // that a gap is waited for
)

// reorder gives packets back in sequence. A gap is waited for a little while, since lost packets are asked for again;
// then it is passed over and told.
type reorder struct {
	next    uint16
	started bool
	waiting map[uint16]*rtp.Packet
	since   time.Time // when the gap was first seen
}

// push adds a packet that came now and hands out those that are in order. Lost tells that a gap was passed over
// before the packets given then.
func (r *reorder) push(now time.Time, p *rtp.Packet, out func(p *rtp.Packet, lost bool)) {
	if !r.started {
		r.started, r.next = true, p.SequenceNumber
		r.waiting = map[uint16]*rtp.Packet{}
	}
	switch ahead := int16(p.SequenceNumber - r.next); {
	case ahead < 0:
		return // too late, or twice
	case ahead > 0:
		if len(r.waiting) == 0 {
			r.since = now
		}
		r.waiting[p.SequenceNumber] = p
		if len(r.waiting) < maxWaiting && now.Sub(r.since) < maxGap {
			return
		}
		for r.waiting[r.next] == nil {
			r.next++
		}
		r.drain(now, true, out)
		return
	}
	r.next++
	out(p, false)
	r.drain(now, false, out)
}

func (r *reorder) drain(now time.Time, lost bool, out func(p *rtp.Packet, lost bool)) {
	for {
		p := r.waiting[r.next]
		if p == nil {
			break
		}
		delete(r.waiting, r.next)
		r.next++
		out(p, lost)
		lost = false
	}
	if len(r.waiting) > 0 {
		r.since = now // another gap
	}
}
