package scheduler

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// giver is a member of a cell of four, with links to all, that holds a chunk of 16 pieces.
func giver(t *testing.T) (s *Scheduler, c *chunk) {
	t.Helper()
	s = meshed(500, 500, 500, 500)
	r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 40_000)
	h := s.Learn(0, &r, 0)
	s.Held(0, h)
	s.Actions()
	return s, s.chunk(h)
}

// sent takes all actions until the uplink has nothing more to do, and counts pieces and hashes for a peer.
func sent(s *Scheduler, p Peer) (pieces, hashes int) {
	for range 30 {
		for _, a := range s.Actions() {
			switch {
			case a.Peer != p:
			case a.Kind == SendPieces:
				pieces += a.Count
			case a.Kind == SendHashes:
				hashes++
			}
		}
		s.Backlog(s.now+20*Millisecond, 0)
	}
	return pieces, hashes
}

// TestAskingAgain: what timed out is sent again when it is asked for again; who asks for the same all the time is not sent it
// all the time, and takes nothing from others.
func TestAskingAgain(t *testing.T) {
	all := []byte{255, 255}
	want := func(s *Scheduler, p Peer, id wire.ChunkID, flags uint8, payload []byte) {
		f := wire.Frame{Type: wire.Want, Flags: flags, ID: id}
		s.Frame(s.now, p, append(f.Append(nil), payload...), 0)
	}
	t.Run("pulls", func(t *testing.T) {
		s, c := giver(t)
		for i := range 20 {
			want(s, 1, c.record.ID, wire.FlagWantHashes, all)
			pieces, hashes := sent(s, 1)
			if honest := i < mostTimes; honest != (pieces == c.pieces && hashes == 1) || !honest && pieces > 0 {
				t.Errorf("the %d. time it is sent %d pieces, %d times the hashes", i+1, pieces, hashes)
			}
		}
		want(s, 2, c.record.ID, 0, all)
		if pieces, _ := sent(s, 2); pieces != c.pieces {
			t.Errorf("another is sent %d pieces", pieces)
		}
	})
	t.Run("hashes", func(t *testing.T) {
		s, c := giver(t)
		hashes := 0
		for range 500 {
			want(s, 1, c.record.ID, wire.FlagWantHashes, nil)
			_, n := sent(s, 1)
			hashes += n
		}
		if hashes > mostTimes*(c.pieces+1) {
			t.Errorf("sent %d times", hashes)
		}
	})
	t.Run("ahead", func(t *testing.T) {
		s, c := giver(t)
		s.link(1).role = follower
		for i := range 10 { // in less than giveUp
			want(s, 1, c.record.ID, wire.FlagWantHashes|wire.FlagAhead, all)
			pieces, hashes := sent(s, 1)
			if first := i == 0; first != (pieces == c.pieces && hashes == 1) || !first && pieces > 0 {
				t.Errorf("the %d. time it is sent %d pieces, %d times the hashes", i+1, pieces, hashes)
			}
		}
	})
	t.Run("ahead, of what is old", func(t *testing.T) {
		s, c := giver(t)
		s.link(1).role = follower
		s.Backlog(c.learnt+giveUp, 0)
		if want(s, 1, c.record.ID, wire.FlagAhead, all); c.followers != 0 {
			t.Error("it overtakes what is of the live edge")
		}
	})
	t.Run("ahead, of what is not learned", func(t *testing.T) {
		s, _ := giver(t)
		s.link(1).role, s.link(2).role = follower, follower
		next := wire.ChunkID{Epoch: 1, MSN: 10, Part: 1}
		want(s, 2, next, wire.FlagAhead, all)
		for i := range 200 {
			want(s, 1, wire.ChunkID{Epoch: 1, MSN: uint64(100 + i)}, wire.FlagAhead, all)
		}
		r := record(next, 40_000)
		if c := s.chunk(s.Learn(s.now, &r, 0)); c.followers != s.link(2).slot || len(s.aheads) != mostAhead {
			t.Errorf("followers %b, %d wishes kept", c.followers, len(s.aheads))
		}
	})
	ask := func(t *testing.T, flag uint8, names func(s *Scheduler) []byte) {
		s, c := giver(t)
		s.link(1).forwards = s.link(3).slot
		total := 0
		for range 20 {
			for i := range c.pieces {
				f := wire.Frame{Type: wire.Relay, Flags: flag, Index: uint16(i), ID: c.record.ID}
				s.Frame(s.now, 1, append(append(f.Append(nil), 0, 1), names(s)...), 0)
			}
			pieces, _ := sent(s, 3)
			total += pieces
		}
		if total < c.pieces || total > mostTimes*(c.pieces+1) {
			t.Errorf("%d pieces were passed on", total)
		}
	}
	t.Run("stand-ins", func(t *testing.T) {
		ask(t, wire.FlagStandIn, func(*Scheduler) []byte { return nil })
	})
	t.Run("errands", func(t *testing.T) {
		ask(t, wire.FlagErrand, func(s *Scheduler) []byte { return binary.BigEndian.AppendUint64(nil, uint64(s.link(3).id)) })
	})
	t.Run("errands for what is not held", func(t *testing.T) {
		s, _ := giver(t)
		r := record(wire.ChunkID{Epoch: 1, MSN: 11}, 40_000)
		c := s.chunk(s.Learn(s.now, &r, 0))
		give := func(p Peer) {
			f := wire.Frame{Type: wire.Relay, Flags: wire.FlagErrand, ID: r.ID}
			s.Frame(s.now, p, binary.BigEndian.AppendUint64(append(f.Append(nil), 0, 1), uint64(s.link(3).id)), 0)
		}
		for range 2 * maxErrands {
			give(1)
		}
		if give(2); c.errandsOf(s.link(1).slot) != maxGiven || c.errandsOf(s.link(2).slot) != 1 {
			t.Errorf("%d errands of one wait, %d of the other", c.errandsOf(s.link(1).slot), c.errandsOf(s.link(2).slot))
		}
	})
	t.Run("a new link", func(t *testing.T) {
		s, c := giver(t)
		l := s.link(1)
		s.mayAskAgain(c, l, mostTimes*(c.pieces+1))
		s.LinkDown(s.now, 1)
		if len(c.askers) != 0 {
			t.Error("who gets the slot next pays for it")
		}
	})
}

// TestBusyPeer: who is asked for pieces, and says to be busy each time, is not asked for them again while somebody else holds them, however
// much uplink it claims.
func TestBusyPeer(t *testing.T) {
	s := meshed(500, 3000, 200)
	r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 40_000)
	h := s.Learn(0, &r, 5*Second)
	var asked []uint16
	for now := Time(0); len(asked) < 2 && now < 2*Second; now = s.Next() {
		for _, l := range s.links {
			s.Frame(now, l.peer, wire.Frame{Type: wire.Have, ID: r.ID}.Append(nil), 0)
		}
		s.Need(now, h, 10*Second)
		s.Tick(now)
		for _, a := range append([]Action(nil), s.Actions()...) {
			f, _, err := wire.ParseFrame(a.Bytes)
			if a.Kind != Send || err != nil || f.Type != wire.Want {
				continue
			}
			l := s.link(a.Peer)
			if asked = append(asked, l.weight); l.weight == 3000 {
				s.Frame(now, l.peer, wire.Frame{Type: wire.Deny, Index: wire.DenyBusy, ID: r.ID}.Append(nil), 0)
			}
		}
	}
	if !slices.Equal(asked, []uint16{3000, 200}) {
		t.Errorf("asked one after the other, by uplink: %v", asked)
	}
}

// TestMostAsked: what one peer pulls is a burst, and then a quarter of the uplink.
func TestMostAsked(t *testing.T) {
	s := meshed(500, 500) // 5 Mbit/s
	l := s.links[0]
	s.now = Second
	if !s.mayAsk(l, mostAsked) || s.mayAsk(l, 1) {
		t.Error("the burst has another size")
	}
	s.now += Second
	if !s.mayAsk(l, 156_250) || s.mayAsk(l, 1) {
		t.Errorf("another part of the uplink: %d bytes are left", mostAsked-l.asked)
	}
}

// TestAskedPeerLeaves: what was asked of who is gone is asked of another at once.
func TestAskedPeerLeaves(t *testing.T) {
	s := meshed(500, 500, 500)
	r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 40_000)
	h := s.Learn(0, &r, 5*Second)
	for _, l := range s.links {
		s.Frame(0, l.peer, wire.Frame{Type: wire.Have, ID: r.ID}.Append(nil), 0)
	}
	s.Need(0, h, 10*Second)
	asked := s.chunk(h).want.from
	s.LinkDown(Millisecond, asked)
	s.Tick(3 * Millisecond)
	if now := s.chunk(h).want.from; asked == 0 || now == 0 || now == asked {
		t.Errorf("asked peer %d, and when it was gone %d", asked, now)
	}
}
