package sim

import (
	"math/rand/v2"

	"github.com/shoal-live/shoal/swarm/scheduler"
)

const (
	never    = scheduler.Time(1) << 62
	edgeTime = 3 * scheduler.Millisecond // the edge's own time for a chunk that it holds
)

// world is one run: everything in it happens on one goroutine, in the order of the agenda. What a viewer does must not be
// felt by another sooner than anything travels: see agenda.
type world struct {
	scenario Scenario
	seed     uint64
	p2p      bool
	from     scheduler.Time // the beginning of the measured time
	end      scheduler.Time // and its end

	now      scheduler.Time
	agenda   agenda
	streams  []*stream      // by rendition
	edgeFree scheduler.Time // when the edge's own line is free again
	tracker  *tracker
	viewers  []*viewer // by number; those who left included
	waiting  []*viewer // with a playlist request that the edge holds
	edgeRate int64     // bits a second; 0: without bound
	crowd    int       // viewers at a time
	deals    [quantities]deal
	spare    []*message
	took     []took
	events   uint64
	foreseen int // without meaning: what was read ahead must go somewhere
}

func newWorld(s Scenario, viewers, seconds int, seed uint64, p2p bool) *world {
	w := &world{scenario: s, seed: seed, p2p: p2p, crowd: viewers}
	for i := range w.deals {
		w.deals[i].quantity = uint64(i)
	}
	w.end = scheduler.Time(s.Warmup+seconds) * scheduler.Second
	w.from = w.end - scheduler.Time(seconds)*scheduler.Second
	w.agenda = newAgenda(w.end)
	w.agenda.enter(leastDelay) // less than any way to the world
	for r := range max(1, s.Renditions) {
		w.streams = append(w.streams, newStream(&w.scenario, w.end, seed, uint8(r)))
	}
	w.edgeRate = int64(s.EdgeRate * float64(s.Bitrate) * float64(viewers))
	w.tracker = newTracker(w)
	for i := range viewers {
		at := scheduler.Time(s.Joins) * scheduler.Second * scheduler.Time(i) / scheduler.Time(viewers)
		w.enter(at)
	}
	w.plan(event{at: publishedAt(before0), what: publishes})
	for _, at := range [...]int{s.Off, s.On} {
		if at > 0 {
			w.plan(event{at: scheduler.Time(at) * scheduler.Second, what: trackerTurns})
		}
	}
	return w
}

// enter brings a new person, who will join at a moment.
func (w *world) enter(at scheduler.Time) {
	v := newViewer(w, int32(len(w.viewers)), at)
	w.viewers = append(w.viewers, v)
	w.agenda.enter(v.access + leastAccess)
	w.plan(event{at: at, what: joins, viewer: v.id})
}

// standing is where a viewer stands in the distribution of a quantity.
func (w *world) standing(quantity int, id int32, r *rand.Rand) float64 {
	return w.deals[quantity].of(id, w.crowd, w.seed, r)
}

func (w *world) plan(e event) { w.agenda.add(e) }

// planLink plans what happens to a side of a link.
func (w *world) planLink(at scheduler.Time, what happening, h *half) {
	m := w.take(control)
	m.half = h
	w.plan(event{at: at, what: what, viewer: h.viewer, msg: m})
}

// run lets the world happen.
func (w *world) run() {
	for w.agenda.turnOver() {
		for e, more := w.agenda.next(); more; e, more = w.agenda.next() {
			w.now = e.at
			w.events++
			if w.agenda.done == 1 {
				w.foresee()
			}
			w.happen(&e)
		}
	}
	w.now = w.end
}

// measuring tells whether it is the measured time.
func (w *world) measuring() bool { return w.now >= w.from }

func (w *world) happen(e *event) {
	var v *viewer
	if int(e.viewer) < len(w.viewers) {
		v = w.viewers[e.viewer]
		if !v.measured && e.what >= joins && w.measuring() {
			v.measured, v.begun = true, v.counts
		}
	}
	switch e.what {
	case joins:
		v.join()
	case leaves:
		v.leave()
		w.enter(w.now + scheduler.Second)
	case ticks:
		w.tick(v)
	case plays:
		v.headAt = never
		if v.here {
			v.owe(call{what: callAdvance})
			v.settle()
		}
	case departs:
		w.departed(v, e.msg)
	case arrives:
		w.arrived(v, e.msg, int(e.number))
	case answers:
		v.trickle(e.msg)
	case delivers:
		w.delivered(v, e.msg)
	case publishes:
		w.publish()
	case asked:
		w.hold(v, int(e.number))
	case trackerHears:
		w.tracker.hears(v, e.msg.bytes)
		w.free(e.msg)
	case trackerLoses:
		w.tracker.loses(v)
	case trackerTells:
		if !v.here {
			w.free(e.msg)
			return
		}
		v.owe(call{what: callTracker, msg: e.msg})
		v.settle()
	case trackerFlush:
		if e.at == w.tracker.flushAt {
			w.tracker.flushAt = never
			w.tracker.flush()
		}
	case trackerTurns:
		w.tracker.turn()
	case opens:
		v.opened(e.msg.half)
		w.free(e.msg)
	case closes:
		v.lost(e.msg.half)
		w.free(e.msg)
	case hides:
		v.hide(true)
	case shows:
		v.hide(false)
	}
}

// tick calls the scheduler if it is really due: since the event was planned it may have changed its mind.
func (w *world) tick(v *viewer) {
	if !v.here || v.core == nil || v.tickAt != w.now {
		return
	}
	v.tickAt = never
	if v.core.Next() <= w.now {
		v.owe(call{what: callTick})
	}
	v.settle()
}

// publish puts the next part at the edge and answers the requests that wait for it.
func (w *world) publish() {
	w.plan(event{at: publishedAt(w.published()), what: publishes})
	for _, v := range w.waiting {
		w.answer(v, w.published())
	}
	w.waiting = w.waiting[:0]
}

// hold answers a playlist request that knows of so many parts, or holds it. Where answers are kept a late one is as it was when that part came.
func (w *world) hold(v *viewer, known int) {
	switch published := w.published(); {
	case published <= known:
		w.waiting = append(w.waiting, v)
	case w.scenario.Kept && known > 0:
		w.answer(v, known+1)
	default:
		w.answer(v, published)
	}
}

func (w *world) answer(v *viewer, known int) {
	m := w.take(playlist)
	m.known = int32(known)
	w.plan(event{at: w.served(w.now, playlistSize) + v.toEdge(), what: arrives, viewer: v.id, number: playlistSize, msg: m})
}

// served returns when the edge has sent an answer of so many bytes that it was asked for at a moment. All answers share its line.
func (w *world) served(asked scheduler.Time, bytes int) scheduler.Time {
	if w.edgeRate == 0 {
		return asked + edgeTime
	}
	w.edgeFree = max(w.edgeFree, asked) + transmit(onWire(bytes), w.edgeRate)
	return w.edgeFree + edgeTime
}

// delivered hands a message to the viewer.
func (w *world) delivered(v *viewer, m *message) {
	if !v.here {
		w.free(m)
		return
	}
	switch m.what {
	case playlist:
		known := int(m.known)
		w.free(m)
		v.learn(known)
		return
	case fetched:
		v.fetched(m)
		w.free(m)
	case arriving:
		v.arrived(m)
		w.free(m)
	default:
		v.frameFrom(m)
	}
	v.settle()
}

// frameFrom takes a peer's message.
func (v *viewer) frameFrom(m *message) {
	h := m.half // our side of the link
	if h == nil || h.closed || !h.up {
		v.w.free(m)
		return
	}
	if v.w.now-h.told > toldEvery {
		h.told = v.w.now
		v.owe(call{what: callBuffered, peer: h.peer, n: h.queued})
	}
	m.at = h.peer
	v.owe(call{what: callFrame, peer: h.peer, msg: m})
}
