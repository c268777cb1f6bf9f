package scheduler

import (
	"math/bits"

	"github.com/shoal-live/shoal/swarm/wire"
)

// hop is what one more step between peers is taken to cost, beside the bytes.
const hop = 60 * Millisecond

// step is the same in a plan, with room for a third hop where many have no link to each other: up to 40 ms more.
func (s *Scheduler) step() Time {
	return hop + 2*Millisecond*Time(min(20, 100-s.usualReach()))
}

// A plan names for each piece the relay, by its slot's number plus one. What goes onward from that peer it gives to one to
// whom we have no link, who is the relay.
const (
	straight = 0 // to everybody without a relay
	onward   = 1 << 7
)

// plan decides for every piece of a chunk who passes it on, so that the last copy of the last piece arrives as soon as can
// be. What it weighs:
//
//   - a relay sends each of its pieces to all with whom it has links, over its own uplink, once it is through with what it has to
//     send already
//   - who has no link to us is a relay too, by who passes on to it what we send: its pieces are there later
//   - one's own uplink carries every piece once, one after the other, and the hashes before them; after that it is a relay too
//   - relays that get it from the edge hold the chunk without being sent it
//
// For an end that is given, the pieces are laid into the relays' time from the end on, latest first; so those who need
// longest begin first. The soonest end for which all fit is searched. c.plan then holds, in the order in which pieces
// come from the edge, the slot number of the relay, plus one, or that of who passes it onward, with that bit; or straight.
func (s *Scheduler) plan(c *chunk) {
	c.plan = c.plan[:0]
	scatter, high := s.soonest(c)
	if high == 0 {
		return
	}
	for range c.pieces {
		c.plan = append(c.plan, straight)
	}
	ease := ease + 2*scatter.step
	if high >= ease {
		s.fits(scatter, high, c.plan)
		return
	}
	soon := high
	if scatter.few = true; s.fits(scatter, ease, nil) {
		high = ease
	} else {
		scatter.few = false
	}
	s.fits(scatter, high, c.plan)
	gather(c.plan)
	c.easy = soon < leisure && !c.dealt
}

// soonest returns what the plan for a chunk has to do, and its soonest end, from now; 0 where nobody lacks the chunk.
func (s *Scheduler) soonest(c *chunk) (sc scatter, high Time) {
	party := 0
	for _, l := range s.links {
		if s.lacks(c, l) {
			party++
		}
	}
	if party == 0 {
		return sc, 0
	}
	size := int(c.record.PieceSize)
	own := s.pace()
	once := airtime(size+wire.FrameHeaderSize, own)
	s.gatherRelays(c, (size+wire.FrameHeaderSize)*max(party-1, 1), size)
	sc = scatter{pieces: c.pieces, step: s.step(), once: once, straight: once * Time(party),
		begin: s.scatterTime() + airtime(32*c.pieces*party/2, own)}
	low := Time(0)
	high = sc.begin + Time(c.pieces)*sc.straight + sc.step // by oneself it can be done until then
	for high-low > 4*Millisecond {
		if mid := (low + high) / 2; s.fits(sc, mid, nil) {
			high = mid
		} else {
			low = mid
		}
	}
	return sc, high
}

// ease is how long the sending of a chunk may take without hurry, beside two hops. Where it can be done sooner, as few as can be pass it
// on, in runs of pieces: every message costs its receiver time too. Else pieces go one by one, each as soon as can be.
const ease = 120 * Millisecond

// leisure is what the sending of a chunk could be done in for its pieces to be gathered, as they come, to messages of
// gathered bytes, for at most gatherPause.
const (
	leisure     = 160 * Millisecond
	gathered    = 12 << 10
	gatherPause = 30 * Millisecond
)

// gather puts the pieces of each relay side by side, straight ones last.
func gather(plan []uint8) {
	for at := 0; at < len(plan); {
		place := plan[at]
		for i := at; i < len(plan) && place == straight; i++ {
			place = plan[i]
		}
		to := at
		for i := at; i < len(plan); i++ {
			if plan[i] == place {
				plan[i], plan[to] = plan[to], place
				to++
			}
		}
		at = to
	}
}

// scatter is what a plan has to do with one's own uplink.
type scatter struct {
	pieces   int
	begin    Time // when the first piece begins to leave, from now
	once     Time // that a piece takes to one
	straight Time // and to everybody
	step     Time // of one hop
	few      bool // relays, rather than soon
}

// fits tells whether all can be done by an end, from now, and lays it down in plan if that is not nil.
func (s *Scheduler) fits(sc scatter, end Time, plan []uint8) bool {
	for i := range s.relays {
		r := &s.relays[i]
		r.next, r.given = end-sc.step-r.due, false
	}
	own := end - sc.straight
	free := sc.begin + Time(sc.pieces)*sc.once // when oneself is through with the relays
	straights := 0
	for i := sc.pieces - 1; i >= 0; i-- {
		there := sc.begin + Time(i+1)*sc.once + sc.step
		at := Time(-1)
		if own >= free && i+straights == sc.pieces-1 {
			at = own
		}
		to := s.relayFor(sc, at, there)
		switch {
		case to != nil:
			to.next -= to.due
			to.given = true
			if plan != nil {
				plan[i] = to.place
				to.link.lastTry = s.now
			}
		case at >= 0:
			own -= sc.straight
			straights++
			if plan != nil {
				plan[i] = straight
			}
		default:
			return false
		}
	}
	return true
}

// relayFor returns who passes on a piece that is there at some time: who can begin with it latest, and later than at;
// where few are wanted, who passes on others already, and only if one cannot send it straight. Nil if there is nobody.
func (s *Scheduler) relayFor(sc scatter, at, there Time) (to *relay) {
	if sc.few && at >= 0 {
		return nil
	}
	for i := range s.relays {
		r := &s.relays[i]
		switch {
		case r.next < r.ready || r.next < there+r.way && !(r.holds && r.next >= 0):
		case sc.few && r.given:
			return r
		case r.next > at:
			to, at = r, r.next
		}
	}
	return to
}

// relayUplink returns what l may be asked to pass on of c, in units of 10 kbit/s; 0 for nothing.
func (s *Scheduler) relayUplink(c *chunk, l *link) int {
	if !l.up || l.role != ofCell || !l.relays || l.buffered >= backlog || l.rendition != c.record.ID.Rendition {
		return 0
	}
	return int(l.weight)
}

// lacks tells whether c is pushed to l: it watches that rendition, is not left to the edge, and is not known to hold it.
func (s *Scheduler) lacks(c *chunk, l *link) bool {
	return l.up && l.role == ofCell && l.rendition == c.record.ID.Rendition && l.buffered < backlog && (c.holders|c.fetchers|c.served)&l.slot == 0
}

// planOf returns what the plan says of a piece.
func (c *chunk) planOf(piece int) uint8 {
	if piece >= len(c.plan) {
		return straight
	}
	return c.plan[piece]
}

// planned returns the link that the plan names for a piece, nil for straight or where it is gone.
func (s *Scheduler) planned(c *chunk, piece int) *link {
	if piece >= len(c.plan) || c.plan[piece] == straight {
		return nil
	}
	slot := uint64(1) << (c.plan[piece]&^onward - 1)
	return s.linkIn(slot)
}

// airtime is how long bytes take over an uplink of weight units of 10 kbit/s.
func airtime(bytes, weight int) Time { return Time(bytes) * 8 * 100 / Time(weight) }

// backlogTime is how long what was handed out will take to leave.
func (s *Scheduler) backlogTime() Time {
	return max(0, s.wayOut()-s.now) + airtime(s.outbox.bytes, s.pace())
}

// scatterTime is how long it takes until what is scattered next begins to leave. It overtakes what waits to be sent to all, of which there
// always is some where the cell is overloaded.
func (s *Scheduler) scatterTime() Time {
	if !s.overloaded() {
		return s.backlogTime()
	}
	bytes, f := 0, &s.outbox.lists[scatters]
	for i := range f.n {
		o := f.at(i)
		bytes += o.bytes * bits.OnesCount64(o.to)
	}
	return max(0, s.wayOut()-s.now) + airtime(bytes, s.pace())
}

// onwardFlag is how a relay that holds the chunk by itself is told of a place in the plan.
func onwardFlag(place uint8) uint8 {
	if place&onward != 0 {
		return wire.FlagOnward
	}
	return 0
}

// beginPush plans, and tells relays that hold the chunk what they are to pass on.
func (s *Scheduler) beginPush(c *chunk) {
	if c.planned || !s.mayUpload() {
		return
	}
	c.planned, c.dealt = true, c.asked != 0
	s.plan(c)
	for i := 0; i < len(c.plan) && !c.dealt; {
		l, n := s.planned(c, i), 1
		for i+n < len(c.plan) && c.plan[i+n] == c.plan[i] {
			n++
		}
		if l != nil && c.served&l.slot != 0 {
			s.sendRelay(c, l, i, n, onwardFlag(c.plan[i]))
		}
		i += n
	}
}
