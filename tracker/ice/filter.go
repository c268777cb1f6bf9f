// Package ice decides what of a signal viewers are shown of each other. Candidates and descriptions hold addresses: of
// the sender's own network, which is nobody's business, and of whatever a hostile sender would like the receiver's
// machine to send packets to.
//
// A [Filter] does each half by itself, so that the one may be done where the sender's socket is and the other where the
// receiver's is:
//
//   - [Filter.Leaving]: what the sender shows. Its host candidates are taken out (mDNS names too), but for one that is the very
//     address by which the tracker sees it; private addresses go, related addresses (raddr, rport) and the addresses in the
//     lines o=, c= and a=rtcp are blanked.
//   - [Filter.Arriving]: where the receiver may be sent. Candidates with private, loopback, link-local and other addresses that
//     lead nowhere on the Internet, and with names, are taken out.
//
// Neither touches what a viewer says or is told whose own address lies in a network that the operator says viewers share. In
// relay-only mode nothing passes but candidates of relays, shared network or not.
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

// Leaving returns what passes of a signal's payload from a viewer whose address is given, nil if nothing does.
func (f Filter) Leaving(payload []byte, sender netip.Addr) []byte {
	return f.pass(payload, side{leaving: true, shares: f.Shares(sender), own: sender.Unmap().WithZone("")})
}

// Arriving returns what passes of a signal's payload to a viewer whose address is given, nil if nothing does.
func (f Filter) Arriving(payload []byte, receiver netip.Addr) []byte {
	return f.pass(payload, side{shares: f.Shares(receiver)})
}

// side is the half that is done, and for whom.
type side struct {
	leaving bool
	shares  bool
	own     netip.Addr // of the sender
}

func (f Filter) pass(payload []byte, s side) []byte {
	if len(payload) == 0 || len(payload) > wire.MaxSignal {
		return nil
	}
	if s.shares && !f.RelayOnly {
		return payload
	}
	kind, text := wire.SignalKind(payload[0]), payload[1:]
	switch kind {
	case wire.Offer, wire.Answer:
		return f.description(payload, s)
	case wire.Candidate:
		at, end, ok := candidateField(text)
		if !ok {
			return nil
		}
		if at == end { // the sender has no more candidates
			return payload
		}
		was := text[at:end]
		now, ok := f.candidate(was, s)
		if !ok {
			return nil
		}
		return replaced(payload, 1+at, 1+end, was, now)
	}
	return nil
}

// replaced returns b with the bytes from at to end, which are was, replaced by now: b itself if that is the same.
func replaced(b []byte, at, end int, was, now []byte) []byte {
	if len(was) == len(now) && (len(was) == 0 || &was[0] == &now[0]) {
		return b
	}
	return slices.Concat(b[:at], now, b[end:])
}
