package sim

import "github.com/shoal-live/shoal/swarm/scheduler"

// send puts a message on a link; nil if there is none.
func (v *viewer) send(a scheduler.Action, what cargo, payload int) *message {
	h := v.halves.get(a.Peer)
	if h == nil || !h.up {
		v.counts.sendsDropped++
		return nil
	}
	m := v.w.take(what)
	m.bytes = append(m.bytes, a.Bytes...)
	m.payload = int32(payload)
	if c := v.chunks.get(a.Chunk); c != nil {
		m.part = int32(c.part)
	}
	m.first, m.count = int32(a.First), int32(a.Count)
	v.w.send(h, m)
	return m
}

func (v *viewer) sendPieces(a scheduler.Action) {
	c := v.chunks.get(a.Chunk)
	if c == nil || !c.within(a.First, a.Count) {
		v.counts.unheld++
		return
	}
	from, to := c.record.PieceBounds(a.First, a.Count)
	if c.pieces&run(a.First, a.Count) != run(a.First, a.Count) {
		v.counts.badRelayed += uint64(to - from)
		return
	}
	if v.trait == liar {
		v.counts.withheld++
		return
	}
	if m := v.send(a, pieces, to-from); m != nil && v.trait == polluter {
		m.tampered = true
		v.counts.tampered += uint64(to - from)
	}
}

// unseen is how much of what waits for one peer is the network's already, where a host does not see it.
const unseen = 16 << 10

// backlog is how many bytes wait for the uplink, as far as a host sees them.
func (v *viewer) backlog() (bytes int) {
	for _, h := range v.busy.waiting() {
		bytes += max(0, int(h.queued)-unseen)
	}
	return bytes
}
