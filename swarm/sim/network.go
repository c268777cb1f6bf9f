package sim

import (
	"github.com/shoal-live/shoal/swarm/scheduler"
)

const (
	sendLimit    = 1 << 20  // bytes that may wait for one peer; what comes on top is dropped, as the native viewer does
	sendLow      = 64 << 10 // when the scheduler hears that there is room again
	packetSize   = 1150     // payload of one packet
	packetHeader = 85       // IP, UDP, DTLS, SCTP
	toldEvery    = 200 * scheduler.Millisecond
)

// message is one message on its way: between peers, from the edge, from the tracker. Reused.
type message struct {
	what     cargo
	half     *half  // between peers: the sender's side of the link
	bytes    []byte // what is not media: a whole control frame, the header of a bulk frame, a tracker message
	payload  int    // bytes of media or hashes that follow
	tampered bool
	part     int // which chunk it is of, as the payload's true content; initPart for the init segment
	first    int
	count    int
	chunk    scheduler.Chunk // answers of the edge: the handle that was asked for
	known    int             // playlists: parts it tells of
	parkedAt scheduler.Time
	at       scheduler.Peer // the receiver's name for the sender
	fresh    int            // bytes of it that were missing
	kept     bool           // parked
	bad      bool           // did not pass verification
	inUse    bool
	length   int // size, once it is known
}

type cargo uint8

const (
	control cargo = iota
	hashes
	pieces
	fetched  // the edge's answer
	arriving // a piece of it
	playlist // the edge's answer
	tracked  // the tracker's word
)

func (m *message) size() int {
	if m.length == 0 {
		m.length = len(m.bytes) + m.payload
	}
	return m.length
}

// onWire is the size with packet headers.
func onWire(size int) int { return size + (size/packetSize+1)*packetHeader }

// take returns an empty message, used again where possible.
func (w *world) take(what cargo) *message {
	n := len(w.spare)
	if n == 0 {
		return &message{what: what, inUse: true}
	}
	m := w.spare[n-1]
	w.spare = w.spare[:n-1]
	*m = message{what: what, bytes: m.bytes[:0], inUse: true}
	return m
}

func (w *world) free(m *message) {
	if !m.inUse {
		panic("sim: message freed twice")
	}
	m.inUse = false
	m.half = nil
	w.spare = append(w.spare, m)
}

// half is one side of a link.
type half struct {
	viewer *viewer
	peer   scheduler.Peer
	other  *half // once signalling has brought them together
	up     bool
	closed bool
	queue  []*message
	queued int            // bytes in queue
	last   scheduler.Time // when the newest message arrives at the other side: they stay in order
	told   scheduler.Time // when Buffered was last called
}

// send puts a message into the link's queue; the viewer's uplink serves its links in turn.
func (w *world) send(h *half, m *message) {
	v := h.viewer
	if h.queued > sendLimit {
		v.counts.sendsDropped++
		w.free(m)
		return
	}
	m.half = h
	if len(h.queue) == 0 {
		v.busy = append(v.busy, h)
	}
	h.queue = append(h.queue, m)
	h.queued += m.size()
	if !v.sending {
		w.serve(v)
	}
}

// serve begins to send the next message.
func (w *world) serve(v *viewer) {
	v.sending = false
	for len(v.busy) > 0 {
		h := v.busy[0]
		v.busy = v.busy[1:]
		if len(h.queue) == 0 { // closed meanwhile
			continue
		}
		m := h.queue[0]
		h.queue = h.queue[1:]
		if len(h.queue) > 0 {
			v.busy = append(v.busy, h)
		}
		v.sending = true
		w.plan(event{at: w.now + transmit(onWire(m.size()), v.uplink), what: departs, viewer: v.id, msg: m, half: h})
		return
	}
}

func transmit(bytes int, bitsPerSecond int64) scheduler.Time {
	return scheduler.Time(int64(bytes) * 8_000_000 / bitsPerSecond)
}

// departed lets a message travel, and the next one be sent.
func (w *world) departed(v *viewer, h *half, m *message) {
	size := m.size()
	v.counts.sentBytes += uint64(onWire(size))
	h.queued -= size
	w.serve(v)
	if h.closed || h.other == nil {
		w.free(m)
		return
	}
	at := w.now + w.delay(v, h.other.viewer)
	if w.scenario.Loss > 0 {
		w.sent++
		if chance(w.seed, 0x105e, w.sent) < w.scenario.Loss {
			at += 2*w.delay(v, h.other.viewer) + 30*scheduler.Millisecond
		}
	}
	at = max(at, h.last)
	h.last = at
	w.plan(event{at: at, what: arrives, viewer: h.other.viewer.id, msg: m})
	if v.here && h.queued < sendLow && h.queued+size >= sendLow {
		h.told = w.now
		v.owe(call{what: callBuffered, peer: h.peer, n: h.queued})
		v.settle()
	}
}

// arrived puts a message through the viewer's downlink.
func (w *world) arrived(v *viewer, m *message) {
	if !v.here {
		w.free(m)
		return
	}
	if m.what == fetched {
		v.trickle(m)
		return
	}
	v.receive(m.size())
	w.plan(event{at: v.downFree, what: delivers, viewer: v.id, msg: m})
}

// receive takes the downlink's time for bytes.
func (v *viewer) receive(bytes int) {
	v.downFree = max(v.downFree, v.w.now) + transmit(onWire(bytes), v.downlink)
}

// delay is the one-way time between two viewers.
func (w *world) delay(a, b *viewer) scheduler.Time {
	return a.access + b.access + distance(a, b)
}

// reachable tells whether two viewers can connect.
func (w *world) reachable(a, b *viewer) bool {
	if a.nat == symmetric && b.nat != open || b.nat == symmetric && a.nat != open {
		return false
	}
	lo, hi := min(a.id, b.id), max(a.id, b.id)
	return chance(w.seed, 0xfa1e, uint64(lo)<<32|uint64(hi)) >= w.scenario.Unreachable
}

// disconnect closes a link from its viewer's side; the other side finds out.
func (w *world) disconnect(h *half) {
	if h.closed {
		return
	}
	h.closed, h.up = true, false
	w.drain(h)
	if h.other != nil && !h.other.closed {
		at := w.now + w.delay(h.viewer, h.other.viewer)
		w.plan(event{at: max(at, h.last), what: closes, viewer: h.other.viewer.id, half: h.other})
	}
}

func (w *world) drain(h *half) {
	for _, m := range h.queue {
		w.free(m)
	}
	h.queue, h.queued = nil, 0
}
