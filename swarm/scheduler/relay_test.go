package scheduler

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// TestPassOnward: what is to go onward goes to who is through with it soonest, before who has given nothing for long, and not more
// to who claims the most.
func TestPassOnward(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(honest, other *link)
		other  bool
	}{
		{"the other has more uplink", func(honest, other *link) { other.weight = 2000 }, true},
		{"but gave nothing for long, though it was tried", func(honest, other *link) {
			other.weight, other.idle, other.lastTry = 2000, mostIdle, 2*retryRelay-Second
		}, false},
		{"and nobody gave anything for long", func(honest, other *link) {
			for _, l := range [...]*link{honest, other} {
				l.idle, l.lastTry = mostIdle, 2*retryRelay-Second
			}
			other.weight = 2000
		}, true},
		{"but has much to send", func(honest, other *link) { other.weight, other.free = 2000, 20*retryRelay }, false},
	} {
		s, _ := giver(t)
		s.now = 2 * retryRelay
		r := record(wire.ChunkID{Epoch: 1, MSN: 11}, 40_000)
		h := s.Learn(s.now, &r, 0)
		s.HashesTaken(s.now, 0, h, true)
		owner, honest, other := s.link(1), s.link(2), s.link(3)
		owner.forwards = honest.slot | other.slot
		c.change(honest, other)
		f := wire.Frame{Type: wire.Pieces, Flags: wire.FlagOnward, ID: r.ID}
		s.Frame(s.now, owner.peer, f.Append(nil), int(r.PieceSize))
		s.PiecesTaken(s.now, owner.peer, h, 0, 1, true)
		got := map[Peer]bool{}
		for _, a := range s.Actions() {
			if a.Kind == SendPieces && a.Bytes[1]&wire.FlagRelay != 0 {
				got[a.Peer] = true
			}
		}
		if got[other.peer] != c.other || got[honest.peer] == c.other {
			t.Errorf("%s: %v is to pass it on", c.name, got)
		}
	}
}

// TestNobodyOnward: where there is nobody to whom to pass it on, one sends it to all oneself; who planned it otherwise then has to stand in for
// one as a forwarder. Who planned that one sends it to all does so unasked.
func TestNobodyOnward(t *testing.T) {
	for _, c := range []struct {
		flags   uint8
		standIn bool
	}{{wire.FlagOnward, true}, {wire.FlagRelay, false}} {
		s, _ := giver(t)
		r := record(wire.ChunkID{Epoch: 1, MSN: 11}, 40_000)
		h := s.Learn(s.now, &r, 0)
		s.HashesTaken(s.now, 0, h, true)
		owner := s.link(1)
		owner.carries = true
		s.Frame(s.now, owner.peer, wire.Frame{Type: wire.Fetching, ID: r.ID}.Append(nil), 0)
		f := wire.Frame{Type: wire.Pieces, Flags: c.flags, ID: r.ID}
		s.Frame(s.now, owner.peer, f.Append(nil), int(r.PieceSize))
		s.PiecesTaken(s.now, owner.peer, h, 0, 1, true)
		sent, standIn := 0, false
		for _, a := range s.Actions() {
			f, _, err := wire.ParseFrame(a.Bytes)
			switch {
			case a.Kind == SendPieces:
				sent++
			case a.Kind == Send && err == nil && f.Type == wire.Relay && a.Peer == owner.peer:
				standIn = f.Flags == wire.FlagStandIn
			}
		}
		if sent == 0 || standIn != c.standIn {
			t.Errorf("flags %d: sent to %d, and is stood in for: %v", c.flags, sent, standIn)
		}
	}
}

// TestBelieved: who claims more than anybody has is no better than who has much.
func TestBelieved(t *testing.T) {
	s := meshed(500, 60_000, mostBelieved)
	if a, b := s.links[0].weight, s.links[1].weight; a != mostBelieved || b != mostBelieved {
		t.Errorf("weights %d and %d", a, b)
	}
}

// TestFeederLostAfterThePlan: what was planned for pieces of a feeder goes to relays that are served by the edge also when the rest comes from
// elsewhere.
func TestFeederLostAfterThePlan(t *testing.T) {
	s := meshed(500, 500, 3000)
	served := s.links[0]
	if served.weight != 3000 {
		served = s.links[1]
	}
	r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 400_000)
	c := s.chunk(s.Learn(0, &r, 0))
	feeding := s.open(&member{Member: wire.Member{ID: 99}}, false)
	feeding.role, feeding.up = feeder, true
	c.asked, c.duty, c.hashes, c.served = feeding.slot, true, holdHashes, served.slot
	s.beginPush(c)
	s.LinkDown(0, feeding.peer)
	c.duty, c.fetching = true, 1
	s.Actions()
	relays := 0
	for i := range c.pieces {
		s.Arrived(0, c.handle, i, 1)
		for _, a := range s.Actions() {
			if f, _, err := wire.ParseFrame(a.Bytes); a.Kind == Send && a.Peer == served.peer && err == nil && f.Type == wire.Relay {
				relays++
			}
		}
	}
	if relays == 0 {
		t.Error("who is served by the edge was told to pass on nothing")
	}
}

// TestFailedIsOnesOwn: who says that its fetch failed says nothing of another's.
func TestFailedIsOnesOwn(t *testing.T) {
	s := meshed(500, 500, 500)
	r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 40_000)
	c := s.chunk(s.Learn(0, &r, 0))
	say := func(p Peer, what wire.FrameType) { s.Frame(0, p, wire.Frame{Type: what, ID: r.ID}.Append(nil), 0) }
	s.now = Millisecond
	say(1, wire.Fetching)
	say(2, wire.Fetching)
	if say(2, wire.Failed); c.claimed == 0 {
		t.Error("the other's word is forgotten")
	}
	if say(1, wire.Failed); c.claimed != 0 {
		t.Error("nobody fetches it any more")
	}
}
