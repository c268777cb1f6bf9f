package tracker

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/trunk"
)

// tie is a guest's side of its session with the tracker that keeps a stream's cells.
type tie struct {
	name    string
	session uint64
	in, out uint32 // numbers of the last words
	firm    bool   // the keeper has answered
	heard   time.Time
	begun   time.Time
}

// mirror is what a guest knows of the cells in which its viewers are: what it was told for them.
type mirror struct {
	cells   map[uint32]*wire.Roster
	homes   map[wire.ViewerID]uint32          // of its own viewers
	bridges map[wire.ViewerID][]wire.ViewerID // likewise
	count   map[uint32]int                    // own viewers in each cell
}

func newMirror() *mirror {
	return &mirror{
		cells: map[uint32]*wire.Roster{}, homes: map[wire.ViewerID]uint32{},
		bridges: map[wire.ViewerID][]wire.ViewerID{}, count: map[uint32]int{},
	}
}

// note takes in what viewers are told.
func (m *mirror) note(id uint32, to []wire.ViewerID, message []byte) {
	switch wire.MessageType(message[0]) {
	case wire.TypeRoster:
		r, err := wire.ParseRoster(message)
		if err != nil {
			return
		}
		for _, v := range to {
			m.move(v, r.Cell)
		}
		m.cells[r.Cell] = &r
	case wire.TypeDelta:
		d, err := wire.ParseDelta(message)
		if r := m.cells[id]; err == nil && r != nil {
			apply(r, d)
		}
	case wire.TypeBridges:
		o, err := wire.ParseBridges(message)
		if err != nil || len(to) != 1 {
			return
		}
		delete(m.bridges, to[0])
		for _, b := range o.Bridges {
			m.bridges[to[0]] = append(m.bridges[to[0]], b.Member.ID)
		}
	}
}

// apply brings a roster to the version of a delta.
func apply(r *wire.Roster, d wire.Delta) {
	r.Version = d.Version
	for _, set := range d.Set {
		if i := slices.IndexFunc(r.Members, func(m wire.Member) bool { return m.ID == set.ID }); i >= 0 {
			r.Members[i] = set
		} else {
			r.Members = append(r.Members, set)
		}
	}
	r.Members = slices.DeleteFunc(r.Members, func(m wire.Member) bool { return slices.Contains(d.Left, m.ID) })
}

// move notes in which cell a viewer is, 0 for none. A cell in which there is none of ours is forgotten.
func (m *mirror) move(v wire.ViewerID, id uint32) {
	if old, ok := m.homes[v]; ok {
		if old == id {
			return
		}
		if m.count[old]--; m.count[old] <= 0 {
			delete(m.count, old)
			delete(m.cells, old)
		}
		delete(m.homes, v)
	}
	if id != 0 {
		m.homes[v] = id
		m.count[id]++
	}
}

func (m *mirror) forget(v wire.ViewerID) {
	m.move(v, 0)
	delete(m.bridges, v)
}

// together tells whether a viewer of ours was told of another.
func (m *mirror) together(v, other wire.ViewerID) bool {
	if slices.Contains(m.bridges[v], other) {
		return true
	}
	r := m.cells[m.homes[v]]
	return r != nil && v != other && slices.ContainsFunc(r.Members, func(m wire.Member) bool { return m.ID == other })
}

// --- the stream's side of it ---

// court begins a session with the tracker that holds the lease: until it answers, all stays as it is here.
func (s *stream) court(name string, now time.Time) {
	old := s.tie
	s.tie = &tie{name: name, session: rand.Uint64() | 1, begun: now, heard: now}
	again := old != nil && old.firm && old.name == name
	s.tie.firm = again // it is known to be there
	body := s.count(!again)
	s.t.exchange.tell(name, trunk.Word{Kind: trunk.Census, Stream: s.name, Session: s.tie.session, Body: body})
}

// count returns the body of a census: who is here and, for who has not told it, what they were told of their cells.
func (s *stream) count(cells bool) []byte {
	var seats []trunk.Seat
	var rosters []wire.Roster
	for _, id := range sortedIDs(s.viewers) {
		if s.outside.members[id] {
			continue
		}
		seat := s.seatOf(s.viewers[id])
		seats = append(seats, seat)
		if !cells || slices.ContainsFunc(rosters, func(r wire.Roster) bool { return r.Cell == seat.Cell }) {
			continue
		}
		if s.mirror != nil && s.mirror.cells[seat.Cell] != nil {
			rosters = append(rosters, *s.mirror.cells[seat.Cell])
		} else if s.keeper != nil {
			if r, ok := s.keeper.swarm.Roster(id); ok {
				rosters = append(rosters, r)
			}
		}
	}
	return trunk.AppendCensus(nil, seats, rosters)
}

// seatOf returns a viewer's seat.
func (s *stream) seatOf(v *viewer) trunk.Seat {
	at := v.at
	seat := trunk.Seat{
		Member: v.member, Network: at.Network, Prefix: at.Prefix, Origin: at.Origin, Region: at.Region, RoundTrip: at.RoundTrip,
	}
	if s.mirror != nil {
		seat.Cell = s.mirror.homes[v.id]
	} else if s.keeper != nil {
		seat.Cell = s.keeper.swarm.CellOf(v.id)
	}
	return seat
}

// say tells the keeper a word, if there is one elsewhere.
func (s *stream) say(kind trunk.Kind, body []byte) {
	if s.tie == nil {
		return
	}
	w := trunk.Word{Kind: kind, Stream: s.name, Session: s.tie.session, Body: body}
	if kind.Numbered() {
		s.tie.out++
	}
	w.Number = s.tie.out
	s.t.exchange.tell(s.tie.name, w)
}

// hearKeeper serves a word of the tracker that keeps the cells. Its first one is the end of what was kept here.
func (s *stream) hearKeeper(from string, w trunk.Word, now time.Time) {
	c := s.tie
	if c == nil || from != c.name || w.Session != c.session {
		return
	}
	c.heard = now
	switch {
	case w.Kind == trunk.Adieu:
		s.orphaned(now)
		s.t.exchange.hurry()
		return
	case w.Kind == trunk.Ask:
		s.court(from, now)
		return
	case w.Kind.Numbered():
		c.in++
	}
	if w.Number != c.in {
		s.t.metrics.gaps.Inc()
		s.court(from, now)
		return
	}
	if !c.firm || s.mirror == nil {
		c.firm, s.mirror, s.keeper = true, newMirror(), nil
	}
	s.carryOut(w, now)
}

// carryOut does what the keeper says.
func (s *stream) carryOut(w trunk.Word, now time.Time) {
	switch w.Kind {
	case trunk.Notice:
		cell, to, message, err := trunk.ParseNotice(w.Body)
		if err != nil {
			return
		}
		s.mirror.note(cell, to, message)
		k := kindOf(message)
		for _, id := range to {
			if v := s.viewers[id]; v != nil {
				v.push(k, message)
			}
		}
	case trunk.Deliver:
		from, to, payload, err := trunk.ParseSignal(w.Body)
		if v := s.viewers[to]; err == nil && v != nil {
			s.deliver(v, from, payload)
		}
	case trunk.Gone:
		ids, _ := trunk.ParseIDs(w.Body)
		for _, id := range ids {
			if v := s.viewers[id]; v != nil {
				s.expel(v, now)
			}
		}
	}
}

// orphaned makes this tracker keep what it knows of the cells, since nobody else seems to.
func (s *stream) orphaned(now time.Time) {
	if s.keeper == nil {
		s.restore(now)
	}
	s.tie = nil
	s.flush(now)
}
