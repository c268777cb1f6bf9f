package scheduler

import (
	"encoding/binary"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// TestOrdersOfNothing: who wishes that no pieces be passed on breaks the protocol. Such errands would fill the outbox and cost nothing, and
// behind the last piece they would have less than no bytes.
func TestOrdersOfNothing(t *testing.T) {
	for _, flags := range []uint8{0, wire.FlagErrand, wire.FlagStandIn, wire.FlagOnward} {
		s, c := giver(t)
		r := record(wire.ChunkID{Epoch: 1, MSN: 11}, 40_000)
		lacking := s.chunk(s.Learn(0, &r, 0))
		s.Held(0, lacking.handle)
		s.uplink.free = 100 * Millisecond // nothing leaves now
		for range 2 * mostOutgoing {
			f := wire.Frame{Type: wire.Relay, Flags: flags, Index: uint16(c.pieces), ID: r.ID}
			s.Frame(0, 1, binary.BigEndian.AppendUint64(append(f.Append(nil), 0, 0), uint64(s.links[len(s.links)-1].id)), 0)
		}
		if s.link(1) != nil || s.outbox.bytes < 0 || s.stats.DroppedSends > 0 {
			t.Errorf("flags %d: the link is there: %v; %d bytes wait, %d sends were dropped", flags, s.link(1) != nil, s.outbox.bytes, s.stats.DroppedSends)
		}
	}
}

// TestOrdersOfStrangers: only who gets a chunk from the edge, as its owner says, passes it on at another's wish. Else one frame to each
// of a cell would have all send all to all.
func TestOrdersOfStrangers(t *testing.T) {
	for _, excess := range []uint16{0, 1} {
		s := meshed(500, 500, 500, 500)
		r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 40_000)
		for rank, _ := s.rank(r.ID); rank != 0; rank, _ = s.rank(r.ID) {
			r.ID.MSN++
		}
		s.Learn(0, &r, 0) // and fetches it
		c := s.chunkByID(r.ID)
		c.duty = false // as another is sooner
		s.Frame(0, 1, wire.Frame{Type: wire.Fetching, Index: excess, ID: r.ID}.Append(nil), 0)
		s.HashesTaken(0, 0, c.handle, true)
		s.Arrived(0, c.handle, 0, 4)
		s.Frame(0, 1, append(wire.Frame{Type: wire.Relay, ID: r.ID}.Append(nil), 0, 16), 0)
		if pieces, _ := sent(s, 2); pieces > 0 != (excess > 0) {
			t.Errorf("excess %d: %d pieces were passed on", excess, pieces)
		}
	}
}
