package tracker

import (
	"net/netip"
	"slices"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/quota"
)

// Two viewers learn each other's addresses when the first signal between them is passed on. Whoever joins again and again
// would learn all; so the viewers of one network (an IPv4 /24, an IPv6 /48) may get to know few others of a stream.
//
// What costs them is going to meet others: a cell they come into, or a bridge. Who comes into their cell later is free, however
// many come and go, for a viewer cannot help that; but of one cell only, the home of the network, lest somebody sits in all
// cells and waits, and if it is not the first home, not in the first minute, lest he goes from one to the next. Whom they know already, and each other, they meet for nothing. Package cell puts who comes again where it was, so a page
// that is reloaded costs little.
const (
	acquaintShare  = 0.03             // of a stream's viewers, if that is more than Config.Acquaintances
	acquaintRefill = 60 * time.Minute // in which all that were spent may be spent again
	acquaintSettle = time.Minute      // after which those are free who have come into a second home since
	acquaintMemory = 30 * time.Minute // how long a network is remembered after its last viewer
	acquaintSweep  = time.Minute      // how often those are looked for
	mostNetworks   = 1 << 18          // remembered in a stream; more are not bounded: who has them needs no tracker to find viewers
)

// acquaintances is what the viewers of each network have spent in one stream. It is guarded by stream.mu.
type acquaintances struct {
	networks map[netip.Prefix]*acquaintance
	swept    time.Time
}

// acquaintance is one network: its budget, whom it knows, and its home.
type acquaintance struct {
	spent   float64
	at      time.Time // when spent was right
	known   []uint32  // of viewers' IDs, some digits; the newest are kept
	oldest  int       // in known, once that is full
	viewers int       // that are here
	left    time.Time // when the last one went

	home  wire.ViewerID // the viewer in whose cell newcomers are free
	since uint64        // the entry into a cell from which on they are
	began time.Time     // when it became the home
	again bool          // it is not the first one
}

// unbounded tells whether an address may get to know whom it wants: the machine's own, see exempt, one that is not known, one
// of a network whose viewers may know each other; and all where they learn no addresses.
func (p *privacy) unbounded(from netip.Addr) bool {
	return p.filter.RelayOnly || !from.IsValid() || exempt(from) || p.filter.Shares(from)
}

// arrived notes a viewer that has joined; departed, one that has left.
func (s *stream) arrived(v *viewer, now time.Time) {
	if s.t.privacy.unbounded(v.from) {
		return
	}
	network := quota.Network(v.from)
	a := s.acquaintances.networks[network]
	if a == nil {
		if s.acquaintances.sweep(now); len(s.acquaintances.networks) >= mostNetworks {
			return
		}
		a = &acquaintance{at: now}
		if s.acquaintances.networks == nil {
			s.acquaintances.networks = map[netip.Prefix]*acquaintance{}
		}
		s.acquaintances.networks[network] = a
	}
	a.viewers++
	if s.viewers[a.home] == nil {
		a.settle(v.id, s.came(v.id), now)
	}
}

func (s *stream) departed(v *viewer, now time.Time) {
	if a := s.acquaintances.networks[quota.Network(v.from)]; a != nil && !s.t.privacy.unbounded(v.from) {
		a.viewers--
		a.left = now
	}
}

// introduce tells whether a viewer may signal another, and charges both networks for what that costs them. Either may
// be on another tracker: then it is charged there.
func (s *stream) introduce(v *viewer, to wire.ViewerID, now time.Time) bool {
	other := s.viewers[to]
	if other != nil && quota.Network(v.from) == quota.Network(other.from) {
		return true
	}
	first, ok := s.ask(v, to, now)
	if ok && other != nil {
		var second offer
		if second, ok = s.ask(other, v.id, now); ok {
			second.take(s.mostKnown())
		}
	}
	if !ok {
		s.t.privacy.unacquainted.Inc()
		return false
	}
	first.take(s.mostKnown())
	return true
}

// introduced tells whether a viewer here may be signalled by one elsewhere, and charges its network.
func (s *stream) introduced(v *viewer, from wire.ViewerID, now time.Time) bool {
	o, ok := s.ask(v, from, now)
	if !ok {
		s.t.privacy.unacquainted.Inc()
		return false
	}
	o.take(s.mostKnown())
	return true
}

// offer is what it would cost a network to get to know a viewer.
type offer struct {
	of    *acquaintance // nil: it is not bounded
	id    wire.ViewerID
	price float64
	known bool
}

// ask returns what it costs the network of v to get to know another viewer; not ok: more than it has.
func (s *stream) ask(v *viewer, other wire.ViewerID, now time.Time) (o offer, ok bool) {
	if s.t.privacy.unbounded(v.from) {
		return offer{}, true
	}
	a := s.acquaintances.networks[quota.Network(v.from)]
	if a == nil {
		return offer{}, true
	}
	o = offer{of: a, id: other}
	if o.known = slices.Contains(a.known, digits(other)); o.known || s.comesHome(a, v, other, now) {
		return o, true
	}
	o.price = 1
	most := s.mostAcquaintances()
	a.spent = max(0, a.spent-most*float64(now.Sub(a.at))/float64(acquaintRefill))
	a.at = now
	return o, a.spent+o.price <= most
}

// comesHome tells whether another viewer has come into the cell of v, which is the home of its network, after that had become it.
func (s *stream) comesHome(a *acquaintance, v *viewer, other wire.ViewerID, now time.Time) bool {
	if s.viewers[a.home] == nil {
		a.settle(v.id, s.entries(), now)
	}
	if a.again && now.Sub(a.began) < acquaintSettle {
		return false
	}
	since := max(a.since, s.came(a.home)) // it may have been moved
	return s.sameCell(a.home, other) && s.sameCell(v.id, other) && s.came(other) > since
}

// settle makes the cell of a viewer the home, from an entry on.
func (a *acquaintance) settle(home wire.ViewerID, since uint64, now time.Time) {
	a.again = a.home != 0
	a.home, a.since, a.began = home, since, now
}

// take charges what was asked for. At most so many are remembered as known.
func (o offer) take(most int) {
	if o.of == nil || o.known {
		return
	}
	o.of.spent += o.price
	if len(o.of.known) < most {
		o.of.known = append(o.of.known, digits(o.id))
		return
	}
	o.of.known[o.of.oldest%len(o.of.known)] = digits(o.id)
	o.of.oldest++
}

// digits are enough to tell the acquaintances of one network apart.
func digits(id wire.ViewerID) uint32 { return uint32(id) }

// mostAcquaintances is how many viewers a network may get to know at once.
func (s *stream) mostAcquaintances() float64 {
	return max(float64(s.t.config.Acquaintances), acquaintShare*float64(s.inAll()))
}

func (s *stream) mostKnown() int { return 32 + 2*int(s.mostAcquaintances()) }

// sweep forgets networks that have been away for long.
func (a *acquaintances) sweep(now time.Time) {
	if now.Sub(a.swept) < acquaintSweep {
		return
	}
	a.swept = now
	for network, one := range a.networks {
		if one.viewers == 0 && now.Sub(one.left) > acquaintMemory {
			delete(a.networks, network)
		}
	}
}
