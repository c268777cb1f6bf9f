package scheduler

import (
	"encoding/binary"
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// A plan is never quite right: uplinks are not what they are taken for, and one piece is a long time of a weak one. So who
// is behind with what it passes on gives the last copies to one that is through: an errand, to pass on pieces that both
// hold to others by name. What the other cannot bring, for want of a link or of time, it gives back, and that stays. A piece
// that it does not hold yet, because it is to get it by an errand itself, it passes on when that comes.
//
// Not all are to ask the same. Everybody tells in every frame how far behind it is, so all find nearly the same order: who is
// furthest behind of all asks the strongest of those who are free, the next the next.
const (
	errandPause     = 20 * Millisecond  // between two looks at who might go
	errandWorth     = 130 * Millisecond // how much sooner the copies must arrive by it
	errandWorthOver = 190 * Millisecond // the same where the cell is overloaded
	errandFree      = 80 * Millisecond  // how far behind may be who is sent
	errandBusy      = 120 * Millisecond // who is further behind gives it back
	errandMost      = 30 * Millisecond  // of the other's uplink that one errand takes, but for a single copy
)

// How many errands may wait for the pieces of a chunk, and how many of one giver.
const (
	maxErrands = 32
	maxGiven   = 8 // so that one giver does not keep out all others
)

// maxNames is how many others one errand is for at most.
const maxNames = 32

// errand is a run of pieces that is to be passed on to some.
type errand struct {
	first, count int
	from         uint64 // slot of who gave it
	to           uint64 // slots
}

// errandsOf counts the errands of one giver that wait.
func (c *chunk) errandsOf(slot uint64) (n int) {
	for _, e := range c.errands {
		if e.from == slot {
			n++
		}
	}
	return n
}

// tendErrands gives others what would wait longest in the outbox.
func (s *Scheduler) tendErrands() {
	if s.now-s.errandAt < errandPause {
		return
	}
	s.errandAt = s.now
	f := &s.outbox.lists[spreads]
	behind, worth := s.backlogTime(), errandWorth
	if s.overloaded() {
		worth = errandWorthOver
	}
	turn := s.furtherBehind(behind)
	for i := f.n - 1; i >= 0 && behind > worth+hop; i-- { // what is sent last first
		o := f.at(i)
		c := s.chunk(o.chunk)
		if c == nil || o.flags != 0 || o.to == 0 {
			continue
		}
		l, there := s.errandRunner(c, o, turn)
		if l == nil || there+worth > behind {
			continue
		}
		ours, theirs := airtime(o.bytes, s.pace()), airtime(o.bytes, max(1, int(l.weight)))
		n := min(int((behind-there)/(ours+theirs)), max(1, int(errandMost/max(theirs, 1))))
		n = s.sendErrand(c, l, o, n)
		l.free = max(l.free, s.now) + Time(n)*theirs
		behind -= Time(n) * ours
	}
}

// furtherBehind counts those of the cell who watch the same and are further behind than that.
func (s *Scheduler) furtherBehind(behind Time) (n int) {
	for _, l := range s.links {
		if l.up && l.role == ofCell && l.rendition == s.self.Rendition && l.free-s.now > behind {
			n++
		}
	}
	return n
}

// errandRunner returns who is to pass on a run, where so many others choose before us, and when a copy would be there, from now. Nil if
// there is nobody left.
func (s *Scheduler) errandRunner(c *chunk, o *outgoing, turn int) (best *link, there Time) {
	chosen := o.to // they lack it
	for range turn + 1 {
		best = nil
		for _, l := range s.links {
			if chosen&l.slot == 0 && s.mayRun(c, l) && (best == nil || l.weight > best.weight) {
				best = l
			}
		}
		if best == nil {
			return nil, 0
		}
		chosen |= best.slot
	}
	return best, max(0, best.free-s.now) + hop + airtime(o.bytes, max(1, int(best.weight)))
}

// mayRun tells whether l is free to run errands. Who gave nothing for long is not taken at its word.
func (s *Scheduler) mayRun(c *chunk, l *link) bool {
	return l.free-s.now <= errandFree && l.idle < mostIdle && s.relayUplink(c, l) > 0
}

// sendErrand gives at most so many copies of a run away, the last first, and returns how many. What goes to those who pass
// it on for us stays.
func (s *Scheduler) sendErrand(c *chunk, runner *link, o *outgoing, most int) (n int) {
	s.arrange(c)
	var names [2 + 8*maxNames]byte
	list := binary.BigEndian.AppendUint16(names[:0], uint16(o.count))
	for n < min(most, maxNames) {
		var last *link
		for _, l := range s.links {
			if o.to&l.slot != 0 && !l.carries && (last == nil || l.turn > last.turn) {
				last = l
			}
		}
		if last == nil {
			break
		}
		o.to &^= last.slot
		s.outbox.bytes -= o.bytes
		list = binary.BigEndian.AppendUint64(list, uint64(last.id))
		n++
	}
	if n > 0 {
		c.runners |= runner.slot
		s.sendNames(c, runner, o.first, wire.FlagErrand, list)
	}
	return n
}

func (s *Scheduler) sendNames(c *chunk, l *link, first int, flags uint8, list []byte) {
	f := s.frame(wire.Relay, c)
	f.Index, f.Flags = uint16(first), flags
	s.queue.add(Action{Kind: Send, Peer: l.peer, Bytes: s.queue.encode(f, list)})
}

// takeErrand takes an errand, and gives back what cannot be done of it.
func (s *Scheduler) takeErrand(c *chunk, l *link, f wire.Frame, e errand, list []byte) {
	ours := f.Flags&wire.FlagBack != 0 // and comes back
	if ours && c.runners&l.slot == 0 {
		return
	}
	bytes := len(list) / 8 * e.count * int(c.record.PieceSize)
	busy := !s.mayUpload() || len(c.errands) == maxErrands || !s.mayAsk(l, bytes) ||
		!ours && (c.errandsOf(l.slot) == maxGiven || !s.mayAskAgain(c, l, len(list)/8*e.count)) ||
		!ours && s.backlogTime() > errandBusy || s.backlogTime() > hopeless
	var names [2 + 8*maxNames]byte
	back := binary.BigEndian.AppendUint16(names[:0], uint16(e.count))
	for range min(len(list)/8, maxNames) {
		id := wire.ViewerID(binary.BigEndian.Uint64(list))
		list = list[8:]
		if o := s.linkTo(id); o != nil && o.up && !busy {
			if s.lacks(c, o) {
				e.to |= o.slot
			}
		} else if !ours {
			back = binary.BigEndian.AppendUint64(back, uint64(id))
		}
	}
	if len(back) > 2 {
		s.sendNames(c, l, e.first, wire.FlagErrand|wire.FlagBack, back)
	}
	if e.to == 0 {
		return
	}
	e.from = l.slot
	c.errands = append(c.errands, e)
	s.runErrands(c)
}

// runErrands runs those whose pieces are held.
func (s *Scheduler) runErrands(c *chunk) {
	kept := c.errands[:0]
	for _, e := range c.errands {
		if c.held.all(e.first, e.count) {
			s.post(spreads, c, e.first, e.count, wire.FlagForYou, e.to)
		} else {
			kept = append(kept, e)
		}
	}
	c.errands = kept
}

// forgetErrands takes a slot out of all errands.
func (c *chunk) forgetErrands(slot uint64) {
	c.runners &^= slot
	for i := range c.errands {
		c.errands[i].to &^= slot
		c.errands[i].from &^= slot
	}
	c.errands = slices.DeleteFunc(c.errands, func(e errand) bool { return e.to == 0 })
}
