package scheduler

import (
	"encoding/binary"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// TestCarrying: who passes on what we send is sent everything first, for as long as it does.
func TestCarrying(t *testing.T) {
	const now = 2 * orphanPatience
	say := func(s *Scheduler, p Peer, what uint16, of wire.ViewerID) {
		f := wire.Frame{Type: wire.Forward, Index: what}
		s.Frame(now, p, binary.BigEndian.AppendUint64(f.Append(nil), uint64(of)), 0)
	}
	for _, c := range []struct {
		name   string
		event  func(s *Scheduler, far *member)
		first  bool // whether peer 1 carries still
		second bool // and peer 2
	}{
		{"nothing", func(s *Scheduler, far *member) {}, true, false},
		{"a link to the member comes up", func(s *Scheduler, far *member) { s.LinkUp(now, s.linkTo(far.ID).peer) }, false, false},
		{"and goes again", func(s *Scheduler, far *member) {
			p := s.linkTo(far.ID).peer
			s.LinkUp(now, p)
			s.LinkDown(now, p)
		}, false, false},
		{"the member leaves", func(s *Scheduler, far *member) {
			s.takeDelta(wire.Delta{Version: 2, Left: []wire.ViewerID{far.ID}})
		}, false, false},
		{"another carries too", func(s *Scheduler, far *member) { say(s, 2, wire.ForwardCarry, far.ID) }, true, true},
		{"and the first no more", func(s *Scheduler, far *member) {
			say(s, 2, wire.ForwardCarry, far.ID)
			say(s, 1, wire.ForwardDrop, far.ID)
		}, false, true},
		{"another, from another cell", func(s *Scheduler, far *member) {
			s.link(2).role = feeder
			say(s, 2, wire.ForwardCarry, far.ID)
		}, true, false},
		{"another drops what it does not carry", func(s *Scheduler, far *member) { say(s, 2, wire.ForwardDrop, far.ID) }, true, false},
		{"of who is no member", func(s *Scheduler, far *member) { say(s, 2, wire.ForwardCarry, 99) }, true, false},
		{"the carrier leaves", func(s *Scheduler, far *member) {
			s.takeDelta(wire.Delta{Version: 2, Left: []wire.ViewerID{s.link(1).id}})
		}, false, false},
	} {
		s := cellOf(500, 500, 500, 500)[0]
		for i := range s.roster {
			if s.linkTo(s.roster[i].ID) == nil {
				s.open(&s.roster[i], false)
			}
		}
		s.LinkUp(now, 1)
		s.LinkUp(now, 2)
		far := s.memberOf(s.link(3).id)
		say(s, 1, wire.ForwardCarry, far.ID)
		c.event(s, far)
		if s.link(1).carries != c.first || s.link(2).carries != c.second {
			t.Errorf("%s: peers 1 and 2 carry: %v, %v", c.name, s.link(1).carries, s.link(2).carries)
		}
	}
}

// TestCarryingBeforeTheLinkIsLost: the other end of a link may know sooner that it is down, and have found a forwarder.
func TestCarryingBeforeTheLinkIsLost(t *testing.T) {
	const now = Second
	s := cellOf(500, 500, 500)[0]
	for i := range s.roster {
		if s.linkTo(s.roster[i].ID) == nil {
			s.open(&s.roster[i], false)
		}
	}
	s.LinkUp(now, 1)
	s.LinkUp(now, 2)
	f := wire.Frame{Type: wire.Forward, Index: wire.ForwardCarry}
	s.Frame(now, 1, binary.BigEndian.AppendUint64(f.Append(nil), uint64(s.link(2).id)), 0)
	if s.link(1).carries {
		t.Error("carries to who has a link")
	}
	if s.LinkDown(now, 2); !s.link(1).carries {
		t.Error("does not carry to who has none any more")
	}
}

// TestMostForwards: a peer has one member as its forwarder for so many others, and no more.
func TestMostForwards(t *testing.T) {
	s := meshed(equals(maxForwards+3, 500)...)
	refused := 0
	for _, from := range s.links[1:] {
		f := wire.Frame{Type: wire.Forward, Index: wire.ForwardStart}
		s.Frame(0, s.links[0].peer, binary.BigEndian.AppendUint64(f.Append(nil), uint64(from.id)), 0)
		for _, a := range s.Actions() {
			if f, _, err := wire.ParseFrame(a.Bytes); err == nil && a.Peer == s.links[0].peer && f.Type == wire.Forward && f.Index == wire.ForwardCannot {
				refused++
			}
		}
	}
	if n := s.forwardsTo(s.links[0]); n != maxForwards || refused != len(s.links)-1-maxForwards {
		t.Errorf("forwarder for %d of %d, %d refused", n, len(s.links)-1, refused)
	}
}
