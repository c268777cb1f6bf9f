package tracker

import (
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
	"github.com/shoal-live/shoal/tracker/trunk"
)

// guest is another tracker that has viewers in these cells.
type guest struct {
	name    string
	session uint64
	in, out uint32 // numbers of the last words
	viewers int
	moved   int // elsewhere, since it was last heard of
	offset  offset
	heard   time.Time
	asked   time.Time
}

// hearGuest serves a guest's word.
func (s *stream) hearGuest(from string, w trunk.Word, now time.Time) {
	k := s.keeper
	if k == nil {
		return // the guest will learn who keeps the cells
	}
	g := k.guests[from]
	if w.Kind == trunk.Census {
		s.census(from, w, now)
		return
	}
	if g == nil || g.session != w.Session {
		s.askCensus(from, g, w.Session, now)
		return
	}
	g.heard, g.moved = now, 0
	if w.Kind.Numbered() {
		g.in++
	}
	if w.Number != g.in {
		g.in = 0 // nothing fits until the next census
		s.askCensus(from, g, w.Session, now)
		return
	}
	switch w.Kind {
	case trunk.GuestBeat:
		if theirs, err := trunk.ParseTime(w.Body); err == nil {
			g.offset.hear(theirs, s.t.millis(now))
		}
	case trunk.Enter, trunk.Change:
		seats, _ := trunk.ParseSeats(w.Body)
		for _, seat := range seats {
			if w.Kind == trunk.Enter || !k.swarm.Has(seat.Member.ID) {
				s.take(g, seat, 0, now)
			} else if k.homes[seat.Member.ID].at == g {
				k.swarm.Update(seat.Member, place(seat))
			}
		}
	case trunk.Leave:
		ids, _ := trunk.ParseIDs(w.Body)
		for _, id := range ids {
			k.leave(g, id, now)
		}
	case trunk.Resend:
		ids, _ := trunk.ParseIDs(w.Body)
		for _, id := range ids {
			k.swarm.Resend(id)
		}
	case trunk.Signal:
		from, to, payload, err := trunk.ParseSignal(w.Body)
		if err != nil || k.homes[from].at != g || !k.swarm.Together(from, to) {
			s.t.metrics.strangers.Inc()
		} else {
			s.pass(from, to, payload, false, now)
		}
	}
	s.flush(now)
}

// census begins a session with a guest: those whom it names are its viewers, and no others.
func (s *stream) census(from string, w trunk.Word, now time.Time) {
	theirs, seats, rosters, err := trunk.ParseCensus(w.Body)
	if err != nil {
		return
	}
	k := s.keeper
	g := k.guests[from]
	if g == nil {
		g = &guest{name: from}
		k.guests[from] = g
	}
	g.session, g.in, g.out, g.heard, g.moved, g.asked = w.Session, 0, 0, now, 0, time.Time{}
	g.offset.hear(theirs, s.t.millis(now))
	if now.Sub(k.since) < ghostsAfter { // later than that the guest knows no better
		places := make(map[wire.ViewerID]cell.Place, len(seats))
		for _, seat := range seats {
			places[seat.Member.ID] = place(seat)
		}
		for _, r := range rosters {
			k.restore(r, s.viewers, s.outside.members, places, now)
		}
	}
	here := make(map[wire.ViewerID]bool, len(seats))
	mates := map[uint32]wire.ViewerID{} // by the cell that they were told to be in
	for _, seat := range seats {
		here[seat.Member.ID] = true
		if k.swarm.Has(seat.Member.ID) {
			mates[seat.Cell] = seat.Member.ID
		}
	}
	for _, seat := range seats {
		s.take(g, seat, mates[seat.Cell], now)
		if seat.Cell != 0 {
			mates[seat.Cell] = seat.Member.ID
		}
	}
	for _, id := range sortedIDs(k.homes) {
		if k.homes[id].at == g && !here[id] {
			k.leave(g, id, now)
		}
	}
	s.flush(now)
	s.beatTo(g, now)
}

// take gives a viewer a place, a guest's or, with no guest, one of ours, and tells whether it did. Where it was before it is no
// longer: of two sockets of one viewer the one that joined later counts, for a guest may not have missed the other yet.
func (s *stream) take(g *guest, seat trunk.Seat, mate wire.ViewerID, now time.Time) bool {
	k, id := s.keeper, seat.Member.ID
	if id == 0 {
		return false
	}
	h := home{at: g, joined: seat.Joined, told: seat.Joined}
	if g != nil {
		h.joined += g.offset.now(s.t.millis(now))
	}
	here, there := s.viewers[id], k.homes[id]
	if g != nil && here != nil && here.joined > h.joined || there.at != nil && there.at != g && there.joined > h.joined {
		s.end(h, id, trunk.Gone, now)
		return false
	}
	if out := k.holders.take(seat.Token, id, h.joined); out != 0 {
		other := k.homes[out]
		if _, ghost := k.ghosts[out]; out != id || other.at == g || ghost {
			k.leave(other.at, out, now)
		}
		if out == id {
			s.contest(h, seat, now)
			return false
		}
		s.end(other, out, trunk.Taken, now)
	}
	if g != nil && here != nil {
		s.expel(here, now)
	}
	if before := k.enter(h, seat.Member, place(seat), mate, now); before.at != nil {
		s.end(before, id, trunk.Gone, now)
	}
	return true
}

// end ends a viewer's socket at a guest, unless it has joined there again since, or, with no guest, here.
func (s *stream) end(h home, id wire.ViewerID, why trunk.Kind, now time.Time) {
	switch v := s.viewers[id]; {
	case h.at != nil:
		s.tellGuest(h.at, trunk.Word{Kind: why, Body: trunk.AppendEnded(nil, trunk.Ended{ID: id, Joined: h.told})})
	case v != nil && why == trunk.Gone:
		s.expel(v, now)
	case v != nil && why == trunk.Soon:
		s.turnAway(v, soonAgain, now)
	case v != nil:
		s.turnAway(v, seatAgain, now)
	}
}

func place(seat trunk.Seat) cell.Place {
	return cell.Place{
		Network: seat.Network, Prefix: seat.Prefix, Origin: seat.Origin, Region: seat.Region, RoundTrip: seat.RoundTrip,
	}
}

// askCensus asks a guest for a census, now and then.
func (s *stream) askCensus(name string, g *guest, session uint64, now time.Time) {
	if g == nil {
		g = &guest{name: name, heard: now}
		s.keeper.guests[name] = g // so that it is not asked too often
	}
	if now.Sub(g.asked) < askEvery {
		return
	}
	g.asked = now
	s.t.exchange.tell(name, trunk.Word{Kind: trunk.Ask, Stream: s.name, Session: session})
}

// beatTo says that this tracker is here, how the swarm does, and for how long nothing was heard of the guest.
func (s *stream) beatTo(g *guest, now time.Time) {
	swarm := s.keeper.summary()
	swarm.Silence = uint32(max(0, now.Sub(g.heard)).Milliseconds())
	s.tellGuest(g, trunk.Word{Kind: trunk.Beat, Body: swarm.Append(nil)})
}

// tellGuest says a word in the session with a guest.
func (s *stream) tellGuest(g *guest, w trunk.Word) {
	if w.Kind.Numbered() {
		g.out++
	}
	w.Stream, w.Session, w.Number = s.name, g.session, g.out
	s.t.exchange.tell(g.name, w)
}
