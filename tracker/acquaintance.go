package tracker

import (
	"cmp"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
)

// Two viewers learn each other's addresses when the first signal between them is passed on. Whoever joins again and again
// would learn all; so the viewers of one origin, which is a network (an IPv4 /24, an IPv6 /48), may get to know few others of a stream.
//
// What costs them is going to meet others: a cell they come into, or a bridge. Who comes into their cell later is free, however
// many come and go, for a viewer cannot help that; but of one cell only, the home of the origin, lest somebody sits in all
// cells and waits, and if it is not the first home, not in the first minute, lest he goes from one to the next. Each other,
// whom they know already, and a network of which they have met acquaintOfOne viewers, they meet for nothing: both ends of an
// introduction are charged, whoever began it, so a network whose viewers come under ever new names must not be able to
// spend what another has. Package cell puts who comes again where it was, so a page that is reloaded costs little.
const (
	acquaintOfOne  = 12               // viewers of one origin that another pays for, and that count in the share
	acquaintShare  = 0.03             // of a stream's viewers, if that is more than Config.Acquaintances
	acquaintRefill = 60 * time.Minute // in which all that were spent may be spent again
	acquaintSettle = time.Minute      // after which those are free who have come into a second home since
	acquaintMemory = 30 * time.Minute // how long an origin is remembered after its last viewer
	acquaintSweep  = time.Minute      // how often those are looked for
	mostOrigins    = 1 << 18          // remembered in a stream; more are not bounded: who has them needs no tracker to find viewers
)

// acquaintances is what the viewers of each origin have spent in one swarm. It knows viewers by what the swarm knows of
// them, wherever their sockets are. It is guarded by what guards the swarm.
type acquaintances struct {
	swarm   *cell.Swarm // static
	least   int         // how many an origin may get to know at once in a small swarm: see leastAcquainted
	origins map[uint64]*acquaintance
	viewers int // that are here, of each origin acquaintOfOne at most: no network shall raise the budget by its own sockets
	swept   time.Time
}

// acquaintance is one origin: its budget, whom it knows, and its home.
type acquaintance struct {
	spent   float64
	at      time.Time    // when spent was right
	known   []acquainted // the newest are kept
	oldest  int          // in known, once that is full
	viewers int          // that are here
	left    time.Time    // when the last one went

	home  wire.ViewerID // the viewer in whose cell newcomers are free
	since uint64        // the entry into a cell from which on they are
	began time.Time     // when it became the home
	again bool          // it is not the first one
}

// acquainted is a viewer that an origin knows: some digits of its ID, and of where it comes from.
type acquainted struct{ id, origin uint32 }

func newAcquaintances(swarm *cell.Swarm, least int) acquaintances {
	return acquaintances{swarm: swarm, least: least, origins: map[uint64]*acquaintance{}}
}

// leastAcquainted returns how many viewers those of an origin may get to know at once however small the stream is: what Config says, else
// a whole cell and two, and cells are as large as the control has them.
func (t *Tracker) leastAcquainted(c Control) int { return cmp.Or(t.config.Acquaintances, c.CellSize+2) }

// came notes a viewer that is new in the swarm; left, one of an origin that is no more.
func (a *acquaintances) came(id wire.ViewerID, now time.Time) {
	origin := a.swarm.Origin(id)
	if origin == 0 {
		return
	}
	o := a.origins[origin]
	if o == nil {
		if a.sweep(now); len(a.origins) >= mostOrigins {
			return
		}
		o = &acquaintance{at: now}
		a.origins[origin] = o
	}
	if o.viewers++; o.viewers <= acquaintOfOne {
		a.viewers++
	}
	if a.swarm.Came(o.home) == 0 {
		o.settle(id, a.swarm.Came(id), now)
	}
}

func (a *acquaintances) left(origin uint64, now time.Time) {
	o := a.origins[origin]
	if o == nil || o.viewers == 0 { // it came when no more origins were remembered
		return
	}
	if o.viewers--; o.viewers < acquaintOfOne {
		a.viewers--
	}
	o.left = now
}

// introduce tells whether two viewers may signal to each other, and charges the origins of both for what that costs them.
func (a *acquaintances) introduce(x, y wire.ViewerID, now time.Time) bool {
	if a.swarm.Origin(x) == a.swarm.Origin(y) {
		return true
	}
	first, ok := a.ask(x, y, now)
	if !ok {
		return false
	}
	second, ok := a.ask(y, x, now)
	if !ok {
		return false
	}
	known := 32 + 2*int(a.most())
	first.take(known)
	second.take(known)
	return true
}

// offer is what it would cost an origin to get to know a viewer.
type offer struct {
	of    *acquaintance // nil: it is not bounded
	whom  acquainted
	price float64
	known bool
}

// ask returns what it costs the origin of x to get to know y; not ok: more than it has.
func (a *acquaintances) ask(x, y wire.ViewerID, now time.Time) (_ offer, ok bool) {
	of := a.origins[a.swarm.Origin(x)]
	if of == nil {
		return offer{}, true
	}
	whom := acquainted{digits(uint64(y)), digits(a.swarm.Origin(y))}
	if known := of.knows(whom); known || a.comesHome(of, x, y, now) {
		return offer{of: of, whom: whom, known: known}, true
	}
	most := a.most()
	of.spent = max(0, of.spent-most*float64(now.Sub(of.at))/float64(acquaintRefill))
	of.at = now
	return offer{of: of, whom: whom, price: 1}, of.spent+1 <= most
}

// comesHome tells whether y has come into the cell of x, which is the home of its origin, after that had become it.
func (a *acquaintances) comesHome(of *acquaintance, x, y wire.ViewerID, now time.Time) bool {
	if a.swarm.Came(of.home) == 0 {
		of.settle(x, a.swarm.Entries(), now)
	}
	if of.again && now.Sub(of.began) < acquaintSettle {
		return false
	}
	since := max(of.since, a.swarm.Came(of.home)) // it may have been moved
	return a.swarm.SameCell(of.home, y) && a.swarm.SameCell(x, y) && a.swarm.Came(y) > since
}

// most is how many viewers an origin may get to know at once.
func (a *acquaintances) most() float64 {
	return max(float64(a.least), acquaintShare*float64(a.viewers))
}

// settle makes the cell of a viewer the home, from an entry on.
func (o *acquaintance) settle(home wire.ViewerID, since uint64, now time.Time) {
	o.again = o.home != 0
	o.home, o.since, o.began = home, since, now
}

// take charges what was asked for. At most so many are remembered as known.
func (o offer) take(most int) {
	if o.of == nil || o.known {
		return
	}
	o.of.spent += o.price
	if len(o.of.known) < most {
		o.of.known = append(o.of.known, o.whom)
		return
	}
	o.of.known[o.of.oldest%len(o.of.known)] = o.whom
	o.of.oldest++
}

// knows tells whether an origin knows a viewer, or as many as it pays for of where that comes from.
func (o *acquaintance) knows(whom acquainted) bool {
	same := 0
	for _, k := range o.known {
		if k.origin != 0 && k.origin == whom.origin {
			same++
		}
		if k == whom || same >= acquaintOfOne {
			return true
		}
	}
	return false
}

// digits are enough to tell the acquaintances of one origin apart; 0 stays 0.
func digits(n uint64) uint32 { return uint32(n) }

// sweep forgets origins that have been away for long.
func (a *acquaintances) sweep(now time.Time) {
	if now.Sub(a.swept) < acquaintSweep {
		return
	}
	a.swept = now
	for origin, o := range a.origins {
		if o.viewers == 0 && now.Sub(o.left) > acquaintMemory {
			delete(a.origins, origin)
		}
	}
}
