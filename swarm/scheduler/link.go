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

// link is what is believed of one peer connection. What is looked at most comes first, for the sake of caches: what loops
// over all links need, then what a frame does.
type link struct {
	peer     Peer
	up       bool
	role     role
	carries  bool   // it passes on what we send, to some member at least: it gets everything first
	offered  bool   // by us
	slot     uint64 // its bit in sets of links, as chunk.holders is
	number   int    // of its slot
	buffered int    // bytes waiting in the host's send buffer
	forwards uint64 // slots of those to whom what this peer sends is passed on
	turn     uint64 // when it is sent pieces of the chunk that is Scheduler.arranged: the lowest first

	// what the roster says of the peer
	weight    uint16
	rendition uint8
	relays    bool
	feeds     bool // it has followers in other cells

	free    Time // when it will be through with what it has to send, as last heard
	hearing hearing
	spoke   Time // when it was last sent anything
	served  Time // when it was last served a chunk by the edge, because the uplinks do not suffice
	strikes int  // pulls in a row that it left unanswered
	idle    int  // chunks that peers brought since it gave anything

	id       wire.ViewerID
	reach    int  // members with whom it has links, as it says; 0: it did not yet
	full     bool // too many bytes waited in the buffer, and are not few yet
	since    Time // when it was asked for, or came up
	orphan   Time // when its peer left the roster; 0: it is there
	broken   int  // promises in a row that it broke
	misses   int  // chunks in which it was late as a feeder, less those in which it was not
	refusals int  // chunks in a row that it would not feed
	badUntil Time // it is no feeder until then
	lastTry  Time // when it was last given something to pass on
	asked    int  // bytes of pulls it was lately served; see mayAsk
	askedAt  Time // when asked was last reckoned
}

// role is what a link is for.
type role uint8

const (
	ofCell   role = iota
	feeder        // its peer feeds us from another cell
	follower      // we feed its peer
	former        // its peer went to another cell, where it is served
)

// link returns the link with handle p, or nil.
func (s *Scheduler) link(p Peer) *link {
	if i := slices.Index(s.peers, p); i >= 0 {
		return s.links[i]
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
	if i := slices.Index(s.viewers, id); i >= 0 {
		return s.links[i]
	}
	return nil
}

// open makes a link to a member and asks the host to connect it.
func (s *Scheduler) open(m *member, offer bool) *link {
	if s.slots == ^uint64(0) {
		return nil
	}
	number := bits.TrailingZeros64(^s.slots)
	bit := uint64(1) << number
	s.slots |= bit
	s.lastPeer++
	if len(s.room) == 0 {
		s.room = make([]link, blockSize)
	}
	l := &s.room[0]
	s.room = s.room[1:]
	*l = link{peer: s.lastPeer, id: m.ID, slot: bit, number: number, since: s.now}
	l.learn(m.Member)
	l.role = m.role
	s.links, s.peers, s.viewers = append(s.links, l), append(s.peers, l.peer), append(s.viewers, l.id)
	s.uplink.echoes.told[number] = 0
	s.arranged = 0
	a := Action{Kind: Connect, Peer: l.peer}
	if l.offered = offer; offer {
		a.Count = 1
	}
	s.queue.add(a)
	return l
}

// learn takes over what the roster says of the peer.
func (l *link) learn(m wire.Member) {
	l.weight, l.rendition = uint16(believed(m.Weight)), m.Rendition
	l.feeds = m.Flags&wire.Feeds != 0
	l.relays = m.Elects()
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
	if l.role == ofCell {
		s.reachTold = 0
	}
	for _, m := range [...]*member{s.memberOf(l.id), s.bridgeTo(l.id)} {
		if m != nil {
			m.attempts, m.carriers = 0, 0
		}
	}
	s.countCompany()
	s.countCarriers()
	s.listLately(l)
	s.connect()
	s.tendReady()
}

// LinkDown tells that the connection to p closed or failed by itself.
func (s *Scheduler) LinkDown(now Time, p Peer) {
	s.begin(now)
	if l := s.link(p); l != nil {
		s.forget(l)
	}
}

// Buffered tells how many bytes wait in the send buffer of p. Once one that was full has drained, what is held is told anew:
// the host may have dropped the frames that told it. What a host drops for other reasons, as browsers do when 4 MiB wait over all links,
// is not noticed: who missed a word by it finds other holders.
func (s *Scheduler) Buffered(now Time, p Peer, n int) {
	s.begin(now)
	l := s.link(p)
	if l == nil {
		return
	}
	switch l.buffered = n; {
	case n >= backlog:
		l.full = true
	case l.full && n < backlog/4:
		l.full = false
		s.listLately(l)
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
	if i := slices.Index(s.links, l); i >= 0 {
		s.links, s.peers = slices.Delete(s.links, i, i+1), slices.Delete(s.peers, i, i+1)
		s.viewers = slices.Delete(s.viewers, i, i+1)
	}
	s.countCompany()
	s.forgetForwards(l)
	s.forgetSlot(l)
	for _, c := range s.chunks {
		c.holders &^= l.slot
		c.hashesSent &^= l.slot
		c.deniers &^= l.slot
		c.claimers &^= l.slot
		c.fetchers &^= l.slot
		c.told &^= l.slot
		c.toldHeld &^= l.slot
		c.givers &^= l.slot
		c.promised &^= l.slot
		c.asked &^= l.slot
		if c.feeder == l.peer && !c.complete {
			s.handOver(c)
		}
		c.followers &^= l.slot
		c.served &^= l.slot
		c.askers = slices.DeleteFunc(c.askers, func(a asker) bool { return a.slot == l.slot })
		if c.want.from == l.peer {
			c.want = want{}
		}
	}
	for _, m := range [...]*member{s.memberOf(l.id), s.bridgeTo(l.id)} {
		if m != nil {
			m.attempts++
			m.retry = s.now + Second<<min(2*m.attempts, 8)
		}
	}
	for _, c := range s.active {
		c.wakeAt(s.now + Millisecond)
	}
	s.tendReady()
}

// forgetSlot takes a link's slot out of what waits; the next link may have it.
func (s *Scheduler) forgetSlot(l *link) {
	s.outbox.forget(l.slot)
	for _, c := range s.chunks {
		c.forgetErrands(l.slot)
	}
	s.aheads = slices.DeleteFunc(s.aheads, func(a ahead) bool { return a.slot == l.slot })
	for i := range s.offers {
		s.offers[i].tellers &^= l.slot
		s.offers[i].claimers &^= l.slot
	}
	for _, c := range s.active {
		for i, place := range c.plan {
			if int(place&^onward) == l.number+1 {
				c.plan[i] = straight
			}
		}
	}
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
	s.tellReach()
}
