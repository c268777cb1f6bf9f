// Package ice decides what of a signal viewers are shown of each other. Candidates and descriptions hold addresses: of
// the sender's own network, which is nobody's business, and of whatever a hostile sender would like the receiver's
// machine to send packets to.
//
// A [Filter] does each half by itself, so that the one may be done where the sender's socket is and the other where the
// receiver's is:
//
//   - [Filter.Leaving]: what the sender shows. Its host candidates are taken out (mDNS names too), but for one that is the very
//     address by which the tracker sees it; private addresses go.
//   - [Filter.Arriving]: where the receiver may be sent. Candidates with private, loopback, link-local and other addresses that
//     lead nowhere on the Internet, and with names, are taken out.
//
// Both blank related addresses (raddr, rport) and the addresses in the lines o=, c= and a=rtcp, for a sender in a shared network leaves
// with them, and may have a receiver elsewhere.
//
// Neither touches what a viewer says or is told whose own address lies in a network that the operator says viewers share. In
// relay-only mode nothing passes but candidates of relays, shared network or not.
//
// What has left a viewer who shares no network passes to everybody unchanged, as a test holds: where one tracker does
// both halves, the second is not needed then.
//
// What is not understood is not passed on where it could hold an address: a candidate of another form, a signal of
// another kind. All other lines of a description pass untouched. A payload that needs no change is returned as it is. Functions
// are pure; a payload is never written to.
package ice

import (
	"net/netip"
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// Filter is what an operator decided. The zero Filter shares no networks.
type Filter struct {
	// Shared are networks whose members reach each other by private addresses.
	Shared []netip.Prefix
	// RelayOnly lets nothing through but candidates of relays.
	RelayOnly bool
}

// Shares tells whether a viewer with this address may show private addresses, and be told some.
func (f Filter) Shares(viewer netip.Addr) bool {
	viewer = viewer.Unmap().WithZone("")
	return slices.ContainsFunc(f.Shared, func(p netip.Prefix) bool { return p.Contains(viewer) })
}

// Leaving returns what passes of a signal's payload from a viewer whose address is given, nil if nothing does. What had to be
// changed stands in room, if that suffices.
func (f Filter) Leaving(payload []byte, sender netip.Addr, room []byte) []byte {
	return f.pass(payload, side{leaving: true, shares: f.Shares(sender), own: sender.Unmap().WithZone("")}, room)
}

// Arriving returns what passes of a signal's payload to a viewer whose address is given, nil if nothing does.
func (f Filter) Arriving(payload []byte, receiver netip.Addr) []byte {
	return f.pass(payload, side{shares: f.Shares(receiver)}, nil)
}

// side is the half that is done, and for whom.
type side struct {
	leaving bool
	shares  bool
	own     netip.Addr // of the sender
}

func (f *Filter) pass(payload []byte, s side, room []byte) []byte {
	if len(payload) == 0 || len(payload) > wire.MaxSignal {
		return nil
	}
	if s.shares && !f.RelayOnly {
		return payload
	}
	e := edit{payload: payload, out: room[:0]}
	if !f.signal(&e, s) {
		return nil
	}
	if passed := e.done(); len(passed) <= wire.MaxSignal { // a blank may be longer than what it stands for
		return passed
	}
	return nil
}

// signal passes on a signal; not ok: nothing of it may be seen.
func (f *Filter) signal(e *edit, s side) (ok bool) {
	switch wire.SignalKind(e.payload[0]) {
	case wire.Offer, wire.Answer:
		return f.description(e, s)
	case wire.Candidate:
		begin, end, ok := candidateField(e.payload[1:])
		if !ok || begin == end { // at the end of the sender's candidates one is empty
			return ok
		}
		return f.candidate(e, 1+begin, 1+end, s)
	}
	return false
}
