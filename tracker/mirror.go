package tracker

import (
	"bytes"
	"cmp"
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
	in, out uint32        // numbers of the last words
	firm    bool          // the keeper has answered
	pending *mirror       // what it answers; it takes the place of what was known once it is whole
	swarm   trunk.Summary // as the keeper told last
	bequest []wire.Roster // cells in which there is none of ours, of a keeper that stops
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

// note takes in what viewers are told, and tells whether it made sense.
func (m *mirror) note(id uint32, to []wire.ViewerID, message []byte) bool {
	switch wire.MessageType(message[0]) {
	case wire.TypeRoster:
		r, err := wire.ParseRoster(message)
		if err != nil {
			return false
		}
		for _, v := range to {
			m.move(v, r.Cell)
		}
		m.cells[r.Cell] = &r
	case wire.TypeDelta:
		d, err := wire.ParseDelta(message)
		if err != nil {
			return false
		}
		if r := m.cells[id]; r != nil {
			r.Apply(d)
		}
	case wire.TypeBridges:
		o, err := wire.ParseBridges(message)
		if err != nil || len(to) != 1 {
			return false
		}
		delete(m.bridges, to[0])
		for _, b := range o.Bridges {
			m.bridges[to[0]] = append(m.bridges[to[0]], b.Member.ID)
		}
	default:
		return false
	}
	return true
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
	if old != nil {
		s.tie.swarm = old.swarm
	}
	again := old != nil && old.firm && old.name == name && s.keeper == nil
	s.tie.firm = again // it is known to be there
	s.tie.pending = newMirror()
	body := s.count(!again, now)
	s.t.exchange.tell(name, trunk.Word{Kind: trunk.Census, Stream: s.name, Session: s.tie.session, Body: body})
}

// count returns the body of a census: who is here and, for who has not told it, what they were told of their cells.
func (s *stream) count(cells bool, now time.Time) []byte {
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
	return trunk.AppendCensus(nil, s.t.millis(now), seats, rosters)
}

// seatOf returns a viewer's seat.
func (s *stream) seatOf(v *viewer) trunk.Seat {
	at := v.at
	seat := trunk.Seat{
		Member: v.member, Network: at.Network, Prefix: at.Prefix, Origin: at.Origin, Region: at.Region, RoundTrip: at.RoundTrip,
		Joined: v.joined, Token: v.pass.token,
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
	c.firm = true
	if w.Kind == trunk.Beat {
		if swarm, err := trunk.ParseSummary(w.Body); err == nil {
			c.swarm = swarm
		}
		if c.pending == nil && time.Duration(c.swarm.Silence)*time.Millisecond > s.patience(now) { // it does not hear us
			s.orphaned(now)
			s.t.exchange.hurry()
			return
		}
	}
	into := cmp.Or(c.pending, s.mirror)
	s.carryOut(into, w, now)
	if w.Kind == trunk.Beat && c.pending != nil { // the answer is whole
		s.yield()
		s.keeper, s.mirror, c.pending = nil, c.pending, nil
	}
}

// forget takes a viewer out of what another tracker has told of it, or is telling.
func (s *stream) forget(id wire.ViewerID) {
	if s.mirror != nil {
		s.mirror.forget(id)
	}
	if s.tie != nil && s.tie.pending != nil {
		s.tie.pending.forget(id)
	}
}

// inCell tells whether a viewer is here, and not outside of all cells: what is still on its way to others is late.
func (s *stream) inCell(id wire.ViewerID) bool { return s.viewers[id] != nil && !s.outside.members[id] }

// carryOut does what the keeper says, and notes it in a mirror.
func (s *stream) carryOut(into *mirror, w trunk.Word, now time.Time) {
	switch w.Kind {
	case trunk.Notice:
		cell, to, message, err := trunk.ParseNotice(w.Body)
		to = slices.DeleteFunc(to, func(id wire.ViewerID) bool { return !s.inCell(id) })
		if err != nil || len(to) == 0 || !into.note(cell, to, message) {
			return
		}
		message = bytes.Clone(message) // not to hold the batch
		for _, id := range to {
			s.viewers[id].push(kindOf(message), message)
		}
	case trunk.Deliver:
		from, to, payload, err := trunk.ParseSignal(w.Body)
		if err == nil && s.inCell(to) {
			s.deliver(s.viewers[to], from, payload, false)
		}
	case trunk.Gone, trunk.Taken, trunk.Soon, trunk.Rouse:
		sockets, _ := trunk.ParseEnded(w.Body)
		for _, ended := range sockets {
			switch v := s.viewers[ended.ID]; {
			case v == nil || v.joined > ended.Joined: // it has come again, of which the keeper hears yet
			case w.Kind == trunk.Gone:
				s.expel(v, now)
			case w.Kind == trunk.Rouse:
				s.rouse(v, now)
			case w.Kind == trunk.Soon:
				s.turnAway(v, soonAgain, now)
			default:
				s.turnAway(v, seatAgain, now)
			}
		}
	case trunk.Bequest:
		rosters, _ := trunk.ParseRosters(w.Body)
		s.tie.bequest = append(s.tie.bequest, rosters...)
	}
}

// orphaned makes this tracker keep what it knows of the cells, since nobody else seems to.
func (s *stream) orphaned(now time.Time) {
	if s.keeper == nil {
		s.restore(now)
	}
	s.tie = nil
	for id := range s.viewers { // some may have been told by another already
		s.keeper.swarm.Resend(id)
	}
	s.flush(now)
}
