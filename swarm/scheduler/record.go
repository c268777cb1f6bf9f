package scheduler

import (
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// maxOffers is how many records of peers may be on their way through verification.
const maxOffers = 16

// offer is a record that a peer told of, while the host verifies it.
type offer struct {
	id       wire.ChunkID
	from     Peer
	tellers  uint64 // slots of all who told of it
	claimers uint64 // slots of those who say that they fetch it
	excess   uint16 // as they say; see load.go
	passedOn bool
}

// offeredRecord takes a record that a peer had from the edge.
func (s *Scheduler) offeredRecord(l *link, f wire.Frame, c *chunk, payload []byte) {
	r, err := wire.ParseRecord(payload)
	if err != nil || r.ID != f.ID || r.Pieces() > maxPieces {
		s.cut(l, BadFrame)
		return
	}
	var claim uint64
	var excess uint16
	if f.Flags&wire.FlagFetching != 0 && l.role != former {
		claim, excess = l.slot, f.Index
	}
	if c != nil {
		c.told |= l.slot
		if f.Flags&wire.FlagPassedOn == 0 {
			c.promise(claim)
		}
		s.claim(c, claim, excess)
		return
	}
	if s.newest == (wire.ChunkID{}) || r.ID.Epoch != s.epoch || r.ID.Rendition != s.self.Rendition || r.ID.Kind == wire.Init ||
		r.ID.Compare(s.newest) <= 0 && !s.missing(r.ID) || r.ID.MSN > s.newest.MSN+parkAhead {
		return // neither the past nor the far future, but what lies in a gap; a new epoch begins with the edge's playlist
	}
	for i := range s.offers {
		if o := &s.offers[i]; o.id == r.ID {
			o.tellers |= l.slot
			o.claimers |= claim
			o.excess = max(o.excess, excess)
			return
		}
	}
	if len(s.offers) == maxOffers {
		return
	}
	s.offers = append(s.offers, offer{id: r.ID, from: l.peer, tellers: l.slot, claimers: claim, excess: excess, passedOn: f.Flags&wire.FlagPassedOn != 0})
	s.queue.add(Action{Kind: TakeRecord, Peer: l.peer, Bytes: s.queue.copy(payload[:wire.RecordSize])})
}

// RecordTaken tells the outcome of a TakeRecord. Where ok, r is what the peer sent, and the handle is that of its chunk, as
// Learn gives it.
func (s *Scheduler) RecordTaken(now Time, p Peer, r *wire.Record, ok bool) Chunk {
	s.begin(now)
	i := slices.IndexFunc(s.offers, func(o offer) bool { return o.id == r.ID && o.from == p })
	if i < 0 {
		return 0
	}
	o := s.offers[i]
	s.offers = slices.Delete(s.offers, i, i+1)
	from := s.link(p)
	if !ok {
		s.stats.BadPieces++
		if from != nil {
			s.ban(from)
		}
		return 0
	}
	if h := s.handleOf(r.ID); h != 0 {
		s.claim(s.chunk(h), o.claimers, o.excess)
		return h
	}
	if r.ID.Epoch < s.epoch { // the edge told of a new one meanwhile
		return 0
	}
	c := s.add(r, 0, false)
	c.told = o.tellers
	if !o.passedOn {
		c.promise(o.claimers)
	}
	s.claim(c, o.claimers, o.excess)
	if from != nil && !o.passedOn {
		s.passRecord(c, from, o.claimers != 0)
	}
	s.tellFollowers(c)
	s.activate(c)
	s.consider(c)
	if from != nil && from.role == feeder {
		if rank, _ := s.rankIn(c); rank == 0 || rank == 1 {
			s.tellRecord(c, false)
		}
	}
	return c.handle
}

// claim notes who says to fetch the chunk, and how many of the first in rank are to get it from the edge. A peer is believed once, and
// one that broke its promises not for a while.
func (s *Scheduler) claim(c *chunk, slots uint64, excess uint16) {
	if slots &^= s.distrusted(slots); slots&^c.claimers == 0 {
		return
	}
	s.heedExcess(c, excess)
	if c.duty && !c.complete {
		s.yield(c, slots&c.fetchers)
	}
	c.claimers |= slots
	c.claimed = s.now
	if !c.complete {
		c.wakeAt(s.now + Millisecond)
	}
}

// promise notes whose own word it is to fetch the chunk.
func (c *chunk) promise(slots uint64) {
	if c.fetchers == 0 {
		c.promised = slots
	}
	c.fetchers |= slots
}

// yield leaves the pushing to another who took the chunk to be its own at the same moment, because its roster was another
// one. Of two the one with the lower ID goes on, by its own word, if it is counted on.
func (s *Scheduler) yield(c *chunk, slots uint64) {
	for _, l := range s.links {
		if m := s.memberOf(l.id); l.slot&slots != 0 && l.id < s.self.ID && m != nil && m.counted(s.now) {
			c.duty, c.feeder, c.waiting = false, 0, 0
		}
	}
}

// tellRecord sends the chunk's record to all who have not heard of it, and returns their slots.
func (s *Scheduler) tellRecord(c *chunk, fetching bool) (slots uint64) {
	f := s.frame(wire.Announce, c)
	if fetching {
		f.Flags, f.Index = wire.FlagFetching, c.excess
	}
	for _, l := range s.links {
		if l.up && l.role == ofCell && c.told&l.slot == 0 && l.rendition == c.record.ID.Rendition {
			s.sendRecord(c, l, f)
			slots |= l.slot
		}
	}
	return slots
}

// passRecord passes a peer's word on to those who have no link to it.
func (s *Scheduler) passRecord(c *chunk, from *link, fetching bool) {
	f := s.frame(wire.Announce, c)
	f.Flags = wire.FlagPassedOn
	if fetching {
		f.Flags |= wire.FlagFetching
		f.Index = c.excess
	}
	for _, l := range s.links {
		if l.up && from.forwards&l.slot != 0 && c.told&l.slot == 0 {
			s.sendRecord(c, l, f)
		}
	}
}

func (s *Scheduler) sendRecord(c *chunk, l *link, f wire.Frame) {
	c.told |= l.slot
	var record [wire.RecordSize]byte
	s.queue.add(Action{Kind: Send, Peer: l.peer, Bytes: s.queue.encode(f, c.record.Append(record[:0]))})
}
