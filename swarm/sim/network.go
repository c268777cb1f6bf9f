package sim

import (
	"github.com/shoal-live/shoal/swarm/scheduler"
)

const (
	sendLimit    = 1 << 20                   // bytes that may wait for one peer; what comes on top is dropped, as the native viewer does
	sendLow      = 64 << 10                  // when the scheduler hears that there is room again
	packetSize   = 1150                      // payload of one packet
	packetHeader = 85                        // IP, UDP, DTLS, SCTP
	leastAccess  = 2 * scheduler.Millisecond // of a viewer's own line
	leastDelay   = 2 * leastAccess           // of anything between two
	toldEvery    = 200 * scheduler.Millisecond
)

// message is one message on its way: between peers, from the edge, from the tracker. Reused.
type message struct {
	half     *half    // between peers: the sender's side of the link, and once it travels the receiver's
	after    *message // the next one in its queue
	bytes    []byte   // what is not media: a whole control frame, the header of a bulk frame, a tracker message
	payload  int32    // bytes of media or hashes that follow
	part     int32    // which chunk it is of, as the payload's true content; initPart for the init segment
	first    int32
	count    int32
	chunk    scheduler.Chunk // answers of the edge: the handle that was asked for
	known    int32           // playlists: parts it tells of
	at       scheduler.Peer  // the receiver's name for the sender
	fresh    int32           // bytes of it that were missing
	parkedAt scheduler.Time
	what     cargo
	tampered bool
	kept     bool // parked
	bad      bool // did not pass verification
	inUse    bool
	head     [headSize]byte // room for bytes, where they are few
}

// headSize holds the header of a frame, and what most control frames have behind it. With it a message has 128 bytes, two
// lines of the cache.
const headSize = 43

// messageBlock is how many messages are made at a time.
const messageBlock = 256

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

func (m *message) size() int { return len(m.bytes) + int(m.payload) }

// onWire is the size with packet headers.
func onWire(size int) int { return size + (size/packetSize+1)*packetHeader }

// take returns an empty message, used again where possible.
func (w *world) take(what cargo) *message {
	n := len(w.spare)
	if n == 0 {
		block := make([]message, messageBlock)
		for i := range block {
			w.spare = append(w.spare, &block[i])
		}
		n = messageBlock
	}
	m := w.spare[n-1]
	w.spare = w.spare[:n-1]
	*m = message{what: what, inUse: true}
	m.bytes = m.head[:0]
	return m
}

func (w *world) free(m *message) {
	if !m.inUse {
		panic("sim: message freed twice")
	}
	m.inUse = false
	m.half, m.bytes = nil, nil
	w.spare = append(w.spare, m)
}

// half is one side of a link.
type half struct {
	viewer int32
	peer   scheduler.Peer
	other  *half          // once signalling has brought them together
	to     int32          // its viewer
	delay  int32          // to it, in microseconds
	last   scheduler.Time // when the newest message arrives there: they stay in order
	told   scheduler.Time // when Buffered was last called
	queue  queue
	queued int32 // bytes in queue
	up     bool
	closed bool
}

// send puts a message into the link's queue; the viewer's uplink serves its links in turn.
func (w *world) send(h *half, m *message) {
	v := w.viewers[h.viewer]
	if h.queued > sendLimit {
		v.counts.sendsDropped++
		w.free(m)
		return
	}
	m.half = h
	if h.queue.empty() {
		v.busy.push(h)
	}
	h.queue.push(m)
	h.queued += int32(m.size())
	if !v.sending {
		w.serve(v)
	}
}

// serve begins to send the next message.
func (w *world) serve(v *viewer) {
	v.sending = false
	for !v.busy.empty() {
		h := v.busy.pop()
		if h.queue.empty() { // closed meanwhile
			continue
		}
		m := h.queue.pop()
		if !h.queue.empty() {
			v.busy.push(h)
		}
		v.sending = true
		w.plan(event{at: w.now + transmit(onWire(m.size()), v.uplink), what: departs, viewer: v.id, msg: m})
		return
	}
}

func transmit(bytes int, bitsPerSecond int64) scheduler.Time {
	return scheduler.Time(int64(bytes) * 8_000_000 / bitsPerSecond)
}

// departed lets a message travel, and the next one be sent.
func (w *world) departed(v *viewer, m *message) {
	h, size := m.half, int32(m.size())
	v.counts.sentBytes += uint64(onWire(int(size)))
	h.queued -= size
	w.serve(v)
	if h.closed || h.other == nil {
		w.free(m)
		return
	}
	m.half = h.other
	at := w.now + scheduler.Time(h.delay)
	if w.scenario.Loss > 0 {
		v.sent++
		if chance(w.seed, 0x105e<<32|uint64(v.id), v.sent) < w.scenario.Loss {
			at += 2*scheduler.Time(h.delay) + 30*scheduler.Millisecond
		}
	}
	at = max(at, h.last)
	h.last = at
	w.plan(event{at: at, what: arrives, viewer: h.to, number: size, msg: m})
	if v.here && h.queued < sendLow && h.queued+size >= sendLow {
		h.told = w.now
		v.owe(call{what: callBuffered, peer: h.peer, n: h.queued})
		v.settle()
	}
}

// arrived puts a message through the viewer's downlink.
func (w *world) arrived(v *viewer, m *message, size int) {
	if !v.here {
		w.free(m)
		return
	}
	v.receive(size)
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
		at := w.now + scheduler.Time(h.delay)
		w.planLink(max(at, h.last), closes, h.other)
	}
}

func (w *world) drain(h *half) {
	for !h.queue.empty() {
		w.free(h.queue.pop())
	}
	h.queued = 0
}
