package sim

import (
	"github.com/shoal-live/shoal/swarm/scheduler"
)

// call is a call to the scheduler that is owed once its present actions are carried out.
type call struct {
	what         calling
	ok           bool
	peer         scheduler.Peer
	chunk        scheduler.Chunk
	first, count int32
	n            int32          // bytes, flags, or the number of a part
	time         scheduler.Time // a deadline, or an age
	msg          *message       // of a peer or the tracker; a signal; a record
}

type calling uint8

const (
	callTick calling = iota
	callTrackerUp
	callTracker
	callSignal
	callLinkUp
	callLinkDown
	callBuffered
	callFrame
	callHashesTaken
	callPiecesTaken
	callLearn
	callBegin
	callNeed
	callFetched
	callReady
	callAdvance
	callArrived
	callReloaded
	callRecordTaken
	callSelf
)

const (
	parkedBytes = 1 << 20
	parkedFor   = 2 * scheduler.Second
)

func (v *viewer) owe(c call) { v.owed = append(v.owed, c) }

// settle makes the calls that are owed, each followed by the actions it leads to, and plans when to look again.
func (v *viewer) settle() {
	if v.settled {
		return
	}
	v.settled = true
	if v.core != nil {
		if t := holdBack + v.core.HoldBack(); t != v.head.HoldBack {
			v.moved = true
			v.head.SetHoldBack(v.w.now, t)
		}
	}
	for i := 0; i < len(v.owed); i++ {
		what := v.owed[i].what
		v.make(v.owed[i])
		v.carryOut()
		if v.hidden && v.core != nil && i == len(v.owed)-1 && what != callTick && v.dueAt <= v.w.now {
			v.owe(call{what: callTick}) // whatever happens wakes who sleeps
		}
	}
	v.owed = v.owed[:0]
	v.settled = false
	if !v.here {
		return
	}
	if v.core != nil {
		v.dueAt = max(v.core.Next(), v.w.now)
		if at := v.awake(v.dueAt); at < v.tickAt {
			v.tickAt = at
			v.w.plan(event{at: at, what: ticks, viewer: v.id})
		}
	}
	if v.moved {
		v.moved = false
		if at := v.head.Next(); at < v.headAt {
			v.headAt = at
			v.w.plan(event{at: max(at, v.w.now), what: plays, viewer: v.id})
		}
	}
}

// make makes one call.
func (v *viewer) make(c call) {
	w, now := v.w, v.w.now
	if v.core == nil {
		v.makeAlone(c)
		return
	}
	switch c.what {
	case callTick:
		v.core.Backlog(now, v.backlog())
		v.carryOut()
		v.core.Tick(now)
	case callTrackerUp:
		v.core.TrackerUp(now)
	case callTracker:
		v.core.TrackerMessage(now, c.msg.bytes)
		w.free(c.msg)
	case callSignal:
		v.core.OutSignal(now, c.peer, c.msg.bytes)
		w.free(c.msg)
	case callLinkUp:
		v.core.LinkUp(now, c.peer)
	case callLinkDown:
		v.core.LinkDown(now, c.peer)
	case callBuffered:
		v.core.Buffered(now, c.peer, int(c.n))
	case callFrame:
		v.handIn(c)
	case callHashesTaken:
		v.core.HashesTaken(now, c.peer, c.chunk, c.ok)
		v.replayParked()
	case callPiecesTaken:
		v.core.PiecesTaken(now, c.peer, c.chunk, int(c.first), int(c.count), c.ok)
	case callLearn:
		if h := v.core.Learn(now, v.recordOf(int(c.n)), c.time); h != 0 {
			v.learned(int(c.n), h)
		}
	case callBegin:
		v.head.Begin(now)
		v.play()
		v.replayParked()
	case callNeed:
		v.core.Need(now, c.chunk, c.time)
	case callFetched:
		v.core.Fetched(now, c.chunk, int(c.first), int(c.count), c.ok)
	case callSelf:
		v.core.Self(now, uint8(c.n), v.rendition, 0)
	case callArrived:
		v.core.Arrived(now, c.chunk, int(c.first), int(c.count))
	case callReloaded:
		v.core.Reloaded(now, c.ok)
	case callRecordTaken:
		v.recordTaken(c)
	case callReady:
		v.head.Ready(now, c.chunk)
		v.play()
	case callAdvance:
		v.head.Advance(now)
		v.play()
	}
}

// makeAlone does what a player without the swarm does: everything comes from the edge when it is needed.
func (v *viewer) makeAlone(c call) {
	now := v.w.now
	switch c.what {
	case callLearn:
		v.learned(int(c.n), scheduler.Chunk(c.n+2))
	case callBegin:
		v.head.Begin(now)
		v.play()
	case callNeed:
		if k := v.chunks.get(c.chunk); k != nil && !k.asked { // it may be needed sooner than was said, but not twice
			k.asked = true
			v.fetch(scheduler.Action{Chunk: c.chunk, Count: k.record.Pieces()})
		}
	case callFetched:
		v.complete(c.chunk)
	case callReady:
		v.head.Ready(now, c.chunk)
		v.play()
	case callAdvance:
		v.head.Advance(now)
		v.play()
	}
}

// handIn gives the scheduler a peer's message.
func (v *viewer) handIn(c call) {
	h := v.halves.get(c.peer)
	if h == nil || !h.up {
		v.w.free(c.msg)
		return
	}
	v.counts.frames++
	v.frame = c.msg
	c.msg.kept = false
	v.core.Frame(v.w.now, c.peer, c.msg.bytes, int(c.msg.payload))
	v.carryOut()
	v.frame = nil
	if m := c.msg; !m.kept {
		if m.what == pieces && !m.bad {
			v.counts.duplicate += uint64(m.payload - m.fresh)
		}
		v.w.free(m)
	}
}

// carryOut does what the scheduler asks for, in its order.
func (v *viewer) carryOut() {
	if v.core == nil {
		return
	}
	w := v.w
	for _, a := range v.core.Actions() {
		switch a.Kind {
		case scheduler.SendTracker:
			m := w.take(tracked)
			m.bytes = append(m.bytes, a.Bytes...)
			w.plan(event{at: w.now + v.toTracker(), what: trackerHears, viewer: v.id, msg: m})
		case scheduler.Connect:
			v.connect(a)
		case scheduler.Signal:
			v.signalled(a)
		case scheduler.Disconnect:
			if h := v.halves.get(a.Peer); h != nil {
				v.counts.cut[min(a.Count, len(v.counts.cut)-1)]++
				w.disconnect(h)
				v.halves.drop(a.Peer)
			}
		case scheduler.Send:
			v.send(a, control, 0)
		case scheduler.SendHashes:
			if c := v.chunks.get(a.Chunk); v.trait == liar {
				v.counts.withheld++
			} else if c == nil || !c.hashes {
				v.counts.unheld++
			} else {
				v.send(a, hashes, 32*c.record.Pieces())
			}
		case scheduler.SendPieces:
			v.sendPieces(a)
		case scheduler.Fetch:
			v.fetch(a)
		case scheduler.TakeHashes:
			v.takeHashes(a)
		case scheduler.TakePieces:
			v.takePieces(a)
		case scheduler.Park:
			v.park()
		case scheduler.Complete:
			v.complete(a.Chunk)
		case scheduler.Drop:
			v.drop(a.Chunk)
		case scheduler.Reload:
			v.forgo()
			v.reloading = true
			if a.Count == 1 && v.next == w.published() {
				v.hinted = v.next
			}
			v.ask()
		case scheduler.TakeRecord:
			v.takeRecord(a)
		}
	}
}

func (v *viewer) drop(h scheduler.Chunk) {
	if c := v.chunks.get(h); c != nil && c.measured && !c.whole {
		v.took(c) // it never came
	}
	v.chunks.drop(h)
}
