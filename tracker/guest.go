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
	g.heard = now
	if w.Kind.Numbered() {
		g.in++
	}
	if w.Number != g.in {
		g.in = 0 // nothing fits until the next census
		s.askCensus(from, g, w.Session, now)
		return
	}
	switch w.Kind {
	case trunk.Enter, trunk.Change:
		seats, _ := trunk.ParseSeats(w.Body)
		for _, seat := range seats {
			if w.Kind == trunk.Enter || !k.swarm.Has(seat.Member.ID) {
				s.seat(g, seat, 0, now)
			} else if k.homes[seat.Member.ID] == g {
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
		if err != nil || k.homes[from] != g || !k.swarm.Together(from, to) {
			s.t.metrics.strangers.Inc()
		} else {
			s.pass(from, to, payload, now)
		}
	}
	s.flush(now)
}

// census begins a session with a guest: those whom it names are its viewers, and no others.
func (s *stream) census(from string, w trunk.Word, now time.Time) {
	seats, rosters, err := trunk.ParseCensus(w.Body)
	if err != nil {
		return
	}
	k := s.keeper
	g := k.guests[from]
	if g == nil {
		g = &guest{name: from}
		k.guests[from] = g
	}
	g.session, g.in, g.out, g.heard, g.asked = w.Session, 0, 0, now, time.Time{}
	if now.Sub(k.since) < ghostsAfter { // later than that the guest knows no better
		for _, r := range rosters {
			k.restore(r, s.viewers, s.outside.members, now)
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
		s.seat(g, seat, mates[seat.Cell], now)
		if seat.Cell != 0 {
			mates[seat.Cell] = seat.Member.ID
		}
	}
	for _, id := range sortedIDs(k.homes) {
		if k.homes[id] == g && !here[id] {
			k.leave(g, id, now)
		}
	}
	s.flush(now)
	s.tellGuest(g, trunk.Word{Kind: trunk.Beat})
}

// seat gives a guest's viewer a place. Where it was before it is no longer.
func (s *stream) seat(g *guest, seat trunk.Seat, mate wire.ViewerID, now time.Time) {
	id := seat.Member.ID
	if id == 0 {
		return
	}
	if v := s.viewers[id]; v != nil {
		s.expel(v, now)
	}
	if before := s.keeper.enter(g, seat.Member, place(seat), mate, now); before != nil {
		s.tellGuest(before, trunk.Word{Kind: trunk.Gone, Body: trunk.AppendIDs(nil, id)})
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

// tellGuest says a word in the session with a guest.
func (s *stream) tellGuest(g *guest, w trunk.Word) {
	if w.Kind.Numbered() {
		g.out++
	}
	w.Stream, w.Session, w.Number = s.name, g.session, g.out
	s.t.exchange.tell(g.name, w)
}
