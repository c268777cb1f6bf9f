package sim

import (
	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
)

const (
	cellGap        = 100 * scheduler.Millisecond // as the tracker's default
	bridgePatience = 15 * scheduler.Second       // likewise
)

// tracker is the real cells behind an imagined socket.
type tracker struct {
	w       *world
	swarm   *cell.Swarm
	members map[wire.ViewerID]*viewer
	flushAt scheduler.Time
	off     bool                          // the operator has turned P2P off
	outside map[wire.ViewerID]wire.Member // meanwhile: who is here, in no cell
}

func newTracker(w *world) *tracker {
	return &tracker{
		w: w, swarm: cell.New(cell.Config{Size: w.scenario.CellSize, Gap: int64(cellGap), Roots: w.scenario.Roots, Patience: int64(bridgePatience)}), members: make(map[wire.ViewerID]*viewer), flushAt: never,
		outside: make(map[wire.ViewerID]wire.Member),
	}
}

// hears takes a viewer's message.
func (t *tracker) hears(v *viewer, b []byte) {
	switch wire.MessageType(b[0]) {
	case wire.TypeJoin:
		j, err := wire.ParseJoin(b)
		if err != nil || v.left {
			return
		}
		t.members[v.name] = v
		t.tell(v, wire.Welcome{Viewer: v.name}.Append(nil))
		if bound := t.w.scenario.Bound; bound > 0 {
			t.tell(v, wire.Control{Most: uint16(bound * float64(t.w.scenario.Bitrate) / 10_000)}.Append(nil))
		}
		m := wire.Member{ID: v.name, Flags: j.Flags, Rendition: j.Rendition, Weight: j.Weight}
		if t.off {
			t.outside[v.name] = m
			t.tell(v, wire.Control{Flags: wire.Off}.Append(nil))
		} else if t.swarm.Join(m, v.place(j.RoundTrip)) != nil {
			panic("sim: a viewer joins twice")
		}
	case wire.TypeUpdate:
		if u, err := wire.ParseUpdate(b); err == nil {
			t.swarm.Update(wire.Member{ID: v.name, Flags: u.Flags, Rendition: u.Rendition, Weight: u.Weight}, v.place(u.RoundTrip))
		}
	case wire.TypeSignal:
		g, err := wire.ParseSignal(b, wire.TypeSignal)
		to := t.members[g.Peer]
		if err != nil || to == nil || !t.swarm.Together(v.name, g.Peer) {
			return
		}
		t.swarm.Introduce(v.name)
		t.flush()
		t.tell(to, wire.Signal{Type: wire.TypeSignalled, Peer: v.name, Payload: g.Payload}.Append(nil))
	case wire.TypeLeave:
		t.loses(v)
	}
	t.flush()
}

// place is what the tracker knows of where a viewer is: one of nine regions of the map.
func (v *viewer) place(roundTrip uint16) cell.Place {
	return cell.Place{Region: 1 + uint32(v.x*3) + 3*uint32(v.y*3), RoundTrip: roundTrip}
}

// loses takes a viewer out.
func (t *tracker) loses(v *viewer) {
	delete(t.members, v.name)
	delete(t.outside, v.name)
	t.swarm.Leave(v.name)
	t.flush()
}

// turn turns P2P off, or on again. In the order of their numbers, so that the same world goes the same way.
func (t *tracker) turn() {
	t.off = !t.off
	for _, v := range t.w.viewers {
		switch {
		case t.members[v.name] != v:
		case t.off:
			m, _ := t.swarm.Member(v.name)
			m.Flags &^= wire.Ready | wire.Fed | wire.Feeds
			t.outside[v.name] = m
			t.swarm.Leave(v.name)
			t.tell(v, wire.Control{Flags: wire.Off}.Append(nil))
		default:
			t.swarm.Join(t.outside[v.name], v.place(0))
			delete(t.outside, v.name)
		}
	}
	t.flush()
}

// flush tells what may be told now, and plans the next time.
func (t *tracker) flush() {
	for _, n := range t.swarm.Flush(int64(t.w.now)) {
		b := n.Append(nil)
		for _, id := range n.To {
			if v := t.members[id]; v != nil {
				t.tell(v, b)
			}
		}
	}
	if at, waiting := t.swarm.Due(); waiting && scheduler.Time(at) < t.flushAt {
		t.flushAt = max(scheduler.Time(at), t.w.now+1)
		t.w.plan(event{at: t.flushAt, what: trackerFlush})
	}
}

func (t *tracker) tell(v *viewer, b []byte) {
	m := t.w.take(tracked)
	m.bytes = append(m.bytes, b...)
	t.w.plan(event{at: t.w.now + v.toTracker(), what: trackerTells, viewer: v.id, msg: m})
}
