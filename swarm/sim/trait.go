package sim

import (
	"math/rand/v2"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/wire"
)

// trait is what is wrong with a viewer as a peer.
type trait uint8

const (
	fair     trait = iota
	polluter       // every piece that it sends is wrong, and it claims a good uplink
	liar           // it says to hold and to fetch, and sends nothing of what it owes
	slow           // its uplink is a tenth of what it says
	leecher        // it takes and does not give
)

// hideFor is how long a hidden tab stays so.
const hideFor = 20 * scheduler.Second

// draw makes a viewer what it is in the swarm: its trait and its rendition.
func (v *viewer) draw(r *rand.Rand) {
	s := &v.w.scenario
	p := v.w.standing(ofTrait, v.id, r)
	for _, t := range [...]struct {
		share float64
		trait trait
	}{{s.Polluter, polluter}, {s.Liar, liar}, {s.Slow, slow}, {s.Leecher, leecher}} {
		if p < t.share {
			v.trait = t.trait
			break
		}
		p -= t.share
	}
	switch v.trait {
	case slow:
		v.uplink = max(v.uplink/10, 10_000)
	case leecher:
		v.flags &^= wire.MayUpload
	}
	v.rendition = uint8(v.w.standing(ofRendition, v.id, r) * float64(len(v.w.streams)))
	v.stream = v.w.streams[v.rendition]
}

// planHiding lets the tab be hidden for a while, if it is one of those.
func (v *viewer) planHiding() {
	w := v.w
	if chance(w.seed, 0x41de, uint64(v.id)) >= w.scenario.Hidden {
		return
	}
	at := scheduler.Time(chance(w.seed, 0x41df, uint64(v.id)) * float64(w.end))
	if at > w.now {
		w.plan(event{at: at, what: hides, viewer: v.id})
		w.plan(event{at: at + hideFor, what: shows, viewer: v.id})
	}
}

// hide changes whether the tab is seen.
func (v *viewer) hide(hidden bool) {
	v.hidden = hidden
	if v.core == nil || !v.here {
		return
	}
	flags := v.flags
	if hidden {
		flags |= wire.Hidden
	}
	v.owe(call{what: callSelf, n: int32(flags)})
	v.settle()
}

// awake is when a timer that is due at a moment really fires: in a hidden tab once a second.
func (v *viewer) awake(at scheduler.Time) scheduler.Time {
	if !v.hidden {
		return at
	}
	return (at + scheduler.Second - 1) / scheduler.Second * scheduler.Second
}

// boast lets a liar say that it holds a chunk that it has just heard of.
func (v *viewer) boast(c *held) {
	for _, h := range v.halves.all() {
		if h.up {
			m := v.w.take(control)
			m.bytes = wire.Frame{Type: wire.Have, ID: c.record.ID}.Append(m.bytes)
			v.w.send(h, m)
		}
	}
}
