package sim

import "github.com/shoal-live/shoal/swarm/scheduler"

// fetch asks the edge. The answer comes back after both ways, the edge's own time, and through the downlink.
func (v *viewer) fetch(a scheduler.Action) {
	w := v.w
	c := v.chunks.get(a.Chunk)
	if c == nil || !c.within(a.First, a.Count) {
		v.counts.unheld++
		v.owe(call{what: callFetched, chunk: a.Chunk, first: int32(a.First), count: int32(a.Count)})
		return
	}
	v.counts.requests++
	m := w.take(fetched)
	from, to := c.record.PieceBounds(a.First, a.Count)
	m.chunk, m.first, m.count, m.part, m.payload = a.Chunk, int32(a.First), int32(a.Count), int32(c.part), int32(to-from)
	asked := w.now + v.toEdge()
	if v.hinted > 0 && c.part == v.hinted && a.Count == c.record.Pieces() {
		v.hinted = 0
		asked = publishedAt(c.part)
	}
	at := max(w.now, w.served(asked, to-from)+v.toEdge())
	w.plan(event{at: at, what: answers, viewer: v.id, msg: m})
}

// forgo gives up the part that was asked for before it was there, and that nobody fetched: it has left the edge all the same.
func (v *viewer) forgo() {
	if v.hinted > 0 && v.hinted < v.w.published() {
		size := int(v.stream.parts[v.hinted].Size)
		v.counts.requests++
		v.counts.fromEdge += uint64(size)
		v.w.served(publishedAt(v.hinted), size)
		v.receive(size)
	}
	v.hinted = 0
}

// trickle lets an answer of the edge come through the downlink piece by piece, behind the hashes.
func (v *viewer) trickle(m *message) {
	w := v.w
	c := v.chunks.get(m.chunk)
	v.receive(headerSize + 43*int(m.count))
	if c == nil || v.core == nil {
		v.receive(int(m.payload))
		w.plan(event{at: v.downFree, what: delivers, viewer: v.id, msg: m})
		return
	}
	for i := m.first; i < m.first+m.count-1; i++ {
		from, to := c.record.PieceBounds(int(i), 1)
		v.receive(to - from)
		p := w.take(arriving)
		p.chunk, p.first, p.count = m.chunk, i, 1
		w.plan(event{at: v.downFree, what: delivers, viewer: v.id, msg: p})
	}
	from, to := c.record.PieceBounds(int(m.first+m.count)-1, 1)
	v.receive(to - from)
	w.plan(event{at: v.downFree, what: delivers, viewer: v.id, msg: m})
}

// arrived takes one piece of an answer of the edge.
func (v *viewer) arrived(m *message) {
	c := v.chunks.get(m.chunk)
	if c == nil {
		return
	}
	if !c.hashes {
		c.hashes = true
		v.owe(call{what: callHashesTaken, chunk: m.chunk, ok: true})
	}
	v.keep(c, run(int(m.first), int(m.count)))
	v.owe(call{what: callArrived, chunk: m.chunk, first: m.first, count: m.count})
}

func (v *viewer) fetched(m *message) {
	c := v.chunks.get(m.chunk)
	ok := c != nil
	if ok {
		c.hashes = true
		v.counts.fromEdge += uint64(m.payload)
		if last := int(m.first+m.count) - 1; v.core != nil {
			v.keep(c, run(last, 1)) // the others came one by one
		}
		if v.core == nil && c.complete() {
			v.counts.refetched += uint64(m.payload)
		}
		c.pieces |= run(int(m.first), int(m.count))
	}
	v.owe(call{what: callFetched, chunk: m.chunk, first: m.first, count: m.count, ok: ok})
}

// keep keeps pieces that came from the edge.
func (v *viewer) keep(c *held, set uint64) {
	v.counts.refetched += uint64(c.size(set & c.pieces))
	c.pieces |= set
}

// takeHashes verifies: the message is what it claims to be, or it is not.
func (v *viewer) takeHashes(a scheduler.Action) {
	m, c := v.frame, v.chunks.get(a.Chunk)
	ok := c != nil && m.what == hashes && int(m.part) == c.part && !m.tampered
	if ok {
		c.hashes = true
	}
	v.owe(call{what: callHashesTaken, peer: m.at, chunk: a.Chunk, ok: ok})
}

func (v *viewer) takePieces(a scheduler.Action) {
	m, c := v.frame, v.chunks.get(a.Chunk)
	ok := c != nil && m.what == pieces && int(m.part) == c.part && int(m.first) == a.First && int(m.count) == a.Count &&
		!m.tampered && c.hashes
	if ok {
		fresh := run(a.First, a.Count) &^ c.pieces
		m.fresh = int32(c.size(fresh))
		v.counts.fromPeers += uint64(m.fresh)
		if v.firstPeer == 0 {
			v.firstPeer = v.w.now
		}
		c.pieces |= fresh
	} else {
		m.bad = true
		v.counts.badSeen += uint64(m.payload)
	}
	v.owe(call{what: callPiecesTaken, peer: m.at, chunk: a.Chunk, first: int32(a.First), count: int32(a.Count), ok: ok})
}

// park keeps the frame just handed in.
func (v *viewer) park() {
	m := v.frame
	if m.parkedAt == 0 {
		m.parkedAt = v.w.now
	}
	m.kept = true
	v.parked = append(v.parked, m)
	v.parkedN += m.size()
	for v.parkedN > parkedBytes {
		old := v.parked[0]
		v.parked = v.parked[1:]
		v.parkedN -= old.size()
		v.counts.parkedLost++
		if old == m {
			m.kept = false
		} else {
			v.w.free(old)
		}
	}
}

func (v *viewer) replayParked() {
	list := v.parked
	v.parked, v.parkedN = nil, 0
	for _, m := range list {
		if v.w.now-m.parkedAt > parkedFor {
			v.counts.parkedLost++
			v.w.free(m)
			continue
		}
		v.owe(call{what: callFrame, peer: m.at, msg: m})
	}
}

// complete tells the playhead that a chunk is whole, and the world how long that took.
func (v *viewer) complete(h scheduler.Chunk) {
	c := v.chunks.get(h)
	if c == nil || !c.complete() {
		v.counts.unheld++
		return
	}
	if !c.whole {
		c.whole = true
		if c.measured {
			v.took(c)
		}
	}
	v.owe(call{what: callReady, chunk: h})
}

// took notes how long after its publication a chunk was whole, or given up.
func (v *viewer) took(c *held) {
	v.w.took = append(v.w.took, took{v.id, int32(c.part), v.w.now - publishedAt(c.part)})
}
