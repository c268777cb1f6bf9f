package sim

import (
	"encoding/binary"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/wire"
)

const (
	describeTime = 8 * scheduler.Millisecond // a browser makes an offer or an answer
	handshakes   = 4                         // round trips of ICE, DTLS and SCTP until a data channel is open
)

// connect makes a side of a link. In place of SDP the signals carry which side of whom it is.
func (v *viewer) connect(a scheduler.Action) {
	h := v.halves.put(a.Peer)
	h.viewer, h.peer = v.id, a.Peer
	if a.Count == 1 {
		v.signal(h, wire.Offer)
	}
}

func (v *viewer) signal(h *half, kind wire.SignalKind) {
	m := v.w.take(tracked)
	m.bytes = append(m.bytes, byte(kind))
	m.bytes = binary.BigEndian.AppendUint64(m.bytes, uint64(v.id))
	m.bytes = binary.BigEndian.AppendUint64(m.bytes, uint64(h.peer))
	v.owe(call{what: callSignal, peer: h.peer, msg: m})
}

// signalled takes a description of the other side. Once both know each other, the link opens if the pair can connect.
func (v *viewer) signalled(a scheduler.Action) {
	h := v.halves.get(a.Peer)
	if h == nil || len(a.Bytes) != 17 {
		return
	}
	w := v.w
	other := w.viewers[binary.BigEndian.Uint64(a.Bytes[1:])]
	h.other = other.halves.get(scheduler.Peer(binary.BigEndian.Uint64(a.Bytes[9:])))
	if h.other == nil {
		return // closed meanwhile
	}
	h.to, h.delay = other.id, int32(w.delay(v, other))
	switch wire.SignalKind(a.Bytes[0]) {
	case wire.Offer:
		v.signal(h, wire.Answer)
	case wire.Answer:
		if !w.reachable(v, other) {
			return
		}
		one := scheduler.Time(h.delay)
		at := w.now + 2*handshakes*one + 2*describeTime
		w.planLink(at+one, opens, h)
		w.planLink(at, opens, h.other)
	}
}

// opened: one side's data channel is open.
func (v *viewer) opened(h *half) {
	if h.closed || h.other == nil || h.other.closed || !v.here {
		return
	}
	h.up = true
	v.owe(call{what: callLinkUp, peer: h.peer})
	v.settle()
}

// lost: the other side is gone.
func (v *viewer) lost(h *half) {
	if h.closed || !v.here {
		return
	}
	h.closed, h.up = true, false
	v.w.drain(h)
	v.halves.drop(h.peer)
	v.owe(call{what: callLinkDown, peer: h.peer})
	v.settle()
}
