package scheduler

import (
	"math/bits"
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

const (
	openPatience   = 10 * Second // a link that is not open by then is given up
	orphanPatience = 20 * Second // how long a link outlives its peer's place in the roster
	maxLinks       = 64
	maxBanned      = 256
)

// link is what is believed of one peer connection.
type link struct {
	peer     Peer
	id       wire.ViewerID
	slot     uint64 // its bit in chunk.holders
	up       bool
	since    Time // when it was asked for, or came up
	orphan   Time // when its peer left the roster; 0: it is there
	buffered int  // bytes waiting in the host's send buffer
	strikes  int  // pulls in a row that it left unanswered
	weight   uint16
	relays   bool
	forwards uint64 // slots of those to whom what this peer sends is passed on
	asked    int    // bytes of pulls it was lately served; see mayAsk
	askedAt  Time   // when asked was last reckoned
	share    int    // pieces of the chunk that is being pushed; see share
}

// uplink returns what the peer may be asked to pass on, in units of 10 kbit/s; 0 for nothing.
func (l *link) uplink() int {
	if !l.relays {
		return 0
	}
	return int(l.weight)
}

// link returns the link with handle p, or nil.
func (s *Scheduler) link(p Peer) *link {
	for _, l := range s.links {
		if l.peer == p {
			return l
		}
	}
	return nil
}

func (s *Scheduler) slotOf(p Peer) uint64 {
	if l := s.link(p); l != nil {
		return l.slot
	}
	return 0
}

func (s *Scheduler) linkTo(id wire.ViewerID) *link {
	for _, l := range s.links {
		if l.id == id {
			return l
		}
	}
	return nil
}

// open makes a link to a member and asks the host to connect it.
func (s *Scheduler) open(m *member, offer bool) *link {
	if s.slots == ^uint64(0) {
		return nil
	}
	bit := uint64(1) << bits.TrailingZeros64(^s.slots)
	s.slots |= bit
	s.lastPeer++
	l := &link{peer: s.lastPeer, id: m.ID, slot: bit, since: s.now}
	l.learn(m.Member)
	s.links = append(s.links, l)
	a := Action{Kind: Connect, Peer: l.peer}
	if offer {
		a.Count = 1
	}
	s.queue.add(a)
	return l
}

// learn takes over what the roster says of the peer.
func (l *link) learn(m wire.Member) {
	l.weight = m.Weight
	l.relays = m.Flags&wire.MayUpload != 0 && m.Flags&(wire.Metered|wire.Hidden) == 0
	l.orphan = 0
}

// LinkUp tells that the data channel to p is open.
func (s *Scheduler) LinkUp(now Time, p Peer) {
	s.begin(now)
	l := s.link(p)
	if l == nil || l.up {
		return
	}
	l.up, l.since = true, s.now
	if m := s.memberOf(l.id); m != nil {
		m.attempts = 0
	}
	s.listHeld(l)
	s.tendReady()
}

// listHeld tells a new peer which chunks are held.
func (s *Scheduler) listHeld(l *link) {
	var ids [64 * wire.ChunkIDSize]byte
	list := ids[:0]
	var first *chunk
	for _, c := range slices.Backward(s.chunks) {
		if !c.complete || len(list) == cap(list) {
			continue
		}
		if first == nil {
			first = c
		} else {
			list = c.record.ID.Append(list)
		}
	}
	if first != nil {
		s.queue.add(Action{Kind: Send, Peer: l.peer, Bytes: s.queue.encode(s.frame(wire.Have, first), list)})
	}
}

// LinkDown tells that the connection to p closed or failed by itself.
func (s *Scheduler) LinkDown(now Time, p Peer) {
	s.begin(now)
	if l := s.link(p); l != nil {
		s.forget(l)
	}
}

// Buffered tells how many bytes wait in the send buffer of p.
func (s *Scheduler) Buffered(now Time, p Peer, n int) {
	s.begin(now)
	if l := s.link(p); l != nil {
		l.buffered = n
	}
}

// cut closes a link.
func (s *Scheduler) cut(l *link, why Reason) {
	s.queue.add(Action{Kind: Disconnect, Peer: l.peer, Count: int(why)})
	s.forget(l)
}

// ban closes a link whose peer sent what is not the stream's, for good.
func (s *Scheduler) ban(l *link) {
	if len(s.banned) == maxBanned {
		s.banned = slices.Delete(s.banned, 0, 1)
	}
	s.banned = append(s.banned, l.id)
	s.changes++
	s.cut(l, BadPiece)
}

// forget takes a link out of all that is believed. What was expected from it is considered anew.
func (s *Scheduler) forget(l *link) {
	s.slots &^= l.slot
	s.links = slices.DeleteFunc(s.links, func(o *link) bool { return o == l })
	s.forgetForwards(l)
	for _, c := range s.chunks {
		c.holders &^= l.slot
		c.hashesSent &^= l.slot
		c.claimers &^= l.slot
		if c.want.from == l.peer {
			c.want = want{}
		}
	}
	if m := s.memberOf(l.id); m != nil {
		m.attempts++
		m.retry = s.now + Second<<min(2*m.attempts, 8)
	}
	for _, c := range s.active {
		c.wakeAt(s.now + Millisecond)
	}
	s.tendReady()
}

// tendLinks opens the links that are due and gives up those that did not open, or whose peers are gone.
func (s *Scheduler) tendLinks() {
	for _, l := range slices.Backward(s.links) {
		switch {
		case !l.up && s.now-l.since > openPatience:
			s.cut(l, TooSlow)
		case l.orphan > 0 && s.now-l.orphan > orphanPatience:
			s.cut(l, Gone)
		}
	}
	s.connect()
	s.tendForwards()
}
