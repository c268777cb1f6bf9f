package sim

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/viewer/playhead"
	"github.com/shoal-live/shoal/swarm/wire"
)

type nat uint8

const (
	open nat = iota
	restricted
	symmetric
)

// viewer is one person's player in the world: the host of a real scheduler. It leaves the page once and never returns.
// What is looked at most comes first, so that it shares lines of the cache.
type viewer struct {
	w        *world
	id       int32
	here     bool
	left     bool
	settled  bool // settle is at work
	hidden   bool // its tab is not seen
	measured bool // the measured time began
	moved    bool // its playhead may be due at another time
	trait    trait

	// Its line.
	sending  bool
	busy     turns // links that have something to send, in turn
	uplink   int64 // bits per second
	downlink int64
	downFree scheduler.Time
	sent     uint64 // messages

	// Its player.
	core      *scheduler.Scheduler // nil without P2P
	frame     *message
	owed      []call
	halves    table[scheduler.Peer, half]
	chunks    table[scheduler.Chunk, held]
	dueAt     scheduler.Time // when its scheduler is due; tickAt may be later
	tickAt    scheduler.Time
	headAt    scheduler.Time
	counts    counts
	head      playhead.Playhead
	parked    []*message
	parkedN   int
	init      scheduler.Chunk
	newest    int               // parts published when it joined
	next      int               // the part that the playhead waits to be told of
	ahead     []scheduler.Chunk // learned, of parts after next
	firstPeer scheduler.Time    // when the first byte of a peer came
	hinted    int               // the part that was asked for before it was there; 0: none
	reloading bool
	begun     counts         // when the measured time began
	closing   playhead.Stats // when it left

	// Who it is; drawn at the beginning.
	name      wire.ViewerID
	weight    uint16
	access    scheduler.Time // one-way time over its own line; at least leastAccess
	x, y      float64
	nat       nat
	flags     uint8
	stream    *stream // of the rendition that it watches
	rendition uint8
	joinsAt   scheduler.Time
	lifetime  scheduler.Time // 0: for ever
	rude      bool
}

const (
	initPart = -1
	holdBack = 3 * partDuration * 3 / 2 // PART-HOLD-BACK, and the player's own margin (HOLD_BACK in player/src/attach.ts)
)

// counts are what a viewer got and did.
type counts struct {
	sentBytes                      uint64 // on the wire
	frames                         uint64
	fromPeers, fromEdge, duplicate uint64
	refetched                      uint64 // from the edge though held
	requests                       uint64
	badPlayed, badRelayed, badSeen uint64
	tampered                       uint64 // bytes that it sent and were wrong
	withheld                       uint64 // messages that it owed and did not send
	sendsDropped, unheld           uint64
	parkedLost                     uint64
	cut                            [5]uint64
}

// newViewer draws a person.
func newViewer(w *world, id int32, joinsAt scheduler.Time) *viewer {
	s, r := &w.scenario, rand.New(rand.NewPCG(w.seed, viewerChance+uint64(id)))
	v := &viewer{w: w, id: id, joinsAt: joinsAt, tickAt: never, headAt: never}
	rate := float64(s.Bitrate)
	up := max(0.05, lognormal(s.Uplink, s.UplinkSigma, w.standing(ofUplink, id, r)))
	v.uplink = int64(up * rate)
	v.downlink = int64((s.Downlink + s.Downlink*r.ExpFloat64()) * rate)
	v.weight = uint16(max(1, min(60000, up*rate*s.Told*math.Exp(s.ToldSigma*r.NormFloat64())/10_000)))
	v.access = leastAccess + scheduler.Time(r.Float64()*10_000)
	v.x, v.y = r.Float64(), r.Float64()
	v.flags = wire.MayUpload
	if w.standing(ofMetered, id, r) < s.Metered {
		v.flags |= wire.Metered
	}
	switch p := w.standing(ofNAT, id, r); {
	case p < s.Symmetric:
		v.nat = symmetric
	case p < s.Symmetric+s.Restricted:
		v.nat = restricted
	}
	v.draw(r)
	if v.trait == polluter {
		v.weight = uint16(min(60000, int(v.weight)*3+1000))
	}
	if life := r.ExpFloat64(); s.Lifetime > 0 {
		v.lifetime = max(3*scheduler.Second, scheduler.Time(life*s.Lifetime*1e6))
		v.rude = r.Float64() < s.Rude
	}
	v.name = wire.ViewerID(wire.Mix(w.seed^wire.Mix(uint64(id)+1)) | 1)
	return v
}

func distance(a, b *viewer) scheduler.Time {
	return scheduler.Time(math.Hypot(a.x-b.x, a.y-b.y) * 40_000)
}

// join opens the page: the playlist is asked for and the tracker joined at once.
func (v *viewer) join() {
	w := v.w
	v.here = true
	v.head.HoldBack = holdBack
	v.newest = w.published()
	v.ask()
	if w.p2p {
		var secret [16]byte
		v.core = scheduler.New(scheduler.Config{Stream: "sim", Secret: secret, Flags: v.flags, Weight: v.weight, Rendition: v.rendition})
		v.owe(call{what: callTrackerUp})
	}
	v.settle()
	v.planHiding()
	if v.lifetime > 0 {
		w.plan(event{at: w.now + v.lifetime, what: leaves, viewer: v.id})
	}
}

// leave closes the page. A polite one says so; of a rude one the others learn as their connections time out.
func (v *viewer) leave() {
	w := v.w
	if v.core != nil && !v.rude {
		v.core.Leave(w.now)
		v.carryOut()
	}
	v.closing = v.head.Stats(w.now)
	v.here, v.left = false, true
	if v.core == nil {
		return
	}
	if v.rude {
		w.plan(event{at: w.now + 10*scheduler.Second, what: trackerLoses, viewer: v.id})
	}
	for _, h := range v.halves.all() {
		if v.rude {
			h.closed = true
			w.drain(h)
			if h.other != nil && !h.other.closed {
				w.planLink(w.now+5*scheduler.Second, closes, h.other)
			}
		} else {
			w.disconnect(h)
		}
	}
	for _, m := range v.parked {
		w.free(m)
	}
	v.parked, v.chunks, v.core = nil, table[scheduler.Chunk, held]{}, nil
}

// ask sends a playlist request on its way: for the part that comes next or, where some are missing before those that peers told of, for the newest
// of these, since an answer may end with the part that was asked for.
func (v *viewer) ask() {
	v.counts.requests++
	part := v.next
	for _, h := range v.ahead {
		if c := v.chunks.get(h); c != nil {
			part = max(part, c.part)
		}
	}
	v.w.plan(event{at: v.w.now + v.toEdge(), what: asked, viewer: v.id, number: int32(part)})
}

func (v *viewer) toEdge() scheduler.Time    { return v.access + 6*scheduler.Millisecond }
func (v *viewer) toTracker() scheduler.Time { return v.access + 12*scheduler.Millisecond }

// learn takes a playlist.
func (v *viewer) learn(known int) {
	w := v.w
	from := max(v.next, known-window-partsPerSegment)
	if v.next == 0 {
		from = w.listed()
	}
	v.next = from
	if v.init == 0 {
		v.owe(call{what: callLearn, n: initPart, time: 10 * scheduler.Second})
	}
	for part := from; part < known; part++ {
		v.owe(call{what: callLearn, n: int32(part), time: scheduler.Time(known-1-part) * partDuration})
	}
	v.owe(call{what: callBegin})
	if v.reloading {
		v.reloading = false
		v.owe(call{what: callReloaded, ok: true})
	}
	v.settle()
	if v.core == nil && v.here {
		v.ask()
	}
}

// learned keeps a chunk that the scheduler gave a handle.
func (v *viewer) learned(part int, h scheduler.Chunk) {
	w := v.w
	if v.chunks.get(h) != nil {
		return
	}
	c := v.chunks.put(h)
	c.part, c.record = part, v.recordOf(part)
	if part == initPart {
		v.init = h
		return
	}
	if v.trait == liar {
		v.boast(c)
	}
	c.measured = part >= v.newest+2*partsPerSegment && w.measuring() && publishedAt(part) < w.end-2*scheduler.Second
	v.ahead = append(v.ahead, h)
	for v.advance() {
	}
}

// advance tells the playhead of the part that it waits for, if it is learned. Records of peers may come out of order.
func (v *viewer) advance() bool {
	for i, h := range v.ahead {
		c := v.chunks.get(h)
		if c != nil && c.part > v.next {
			continue
		}
		v.ahead = slices.Delete(v.ahead, i, i+1)
		if c != nil && c.part == v.next {
			v.next++
			v.moved = true
			v.head.Add(v.w.now, playhead.Item{
				Chunk: h, Init: v.init, Duration: partDuration, Independent: c.record.Independent, Captured: captured(c.part),
			})
			if c.whole {
				v.owe(call{what: callReady, chunk: h})
			}
		}
		return true
	}
	return false
}

// play passes on what the playhead needs and looks at what it plays.
func (v *viewer) play() {
	v.moved = true
	for _, n := range v.head.Needs() {
		if c := v.chunks.get(n.Chunk); c != nil && !c.whole {
			v.owe(call{what: callNeed, chunk: n.Chunk, time: n.Deadline})
		}
	}
	for _, it := range v.head.Played() {
		c := v.chunks.get(it.Chunk)
		switch {
		case c == nil:
			v.counts.unheld++
		case !c.complete():
			v.counts.badPlayed += uint64(c.record.Size)
		}
		if v.core == nil {
			v.chunks.drop(it.Chunk)
		}
	}
}
