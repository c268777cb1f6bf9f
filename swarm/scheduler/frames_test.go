package scheduler

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// TestSizesAreChecked: what has another size than the record says is not looked into, and costs its sender the link.
func TestSizesAreChecked(t *testing.T) {
	r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 40_000) // 15 pieces of 2,560 bytes, and one of 1,600
	size := int(r.PieceSize)
	for _, c := range []struct {
		name    string
		frame   wire.FrameType
		first   uint16
		payload int
		takes   Kind // 0: the link is closed
	}{
		{"hashes", wire.Hashes, 0, 512, TakeHashes},
		{"a hash too few", wire.Hashes, 0, 480, 0},
		{"a hash too many", wire.Hashes, 0, 544, 0},
		{"pieces", wire.Pieces, 3, 2 * size, TakePieces},
		{"the last", wire.Pieces, 15, 1600, TakePieces},
		{"a byte too few", wire.Pieces, 3, 2*size - 1, 0},
		{"a byte too many", wire.Pieces, 3, 2*size + 1, 0},
		{"the last, as long as others", wire.Pieces, 15, size, 0},
		{"beyond the last", wire.Pieces, 16, size, 0},
		{"nothing", wire.Pieces, 3, 0, 0},
		{"more than a frame holds", wire.Hashes, 0, wire.MaxFramePayload + 1, 0},
		{"less than nothing", wire.Pieces, 3, -1, 0},
	} {
		s := meshed(500, 500)
		h := s.Learn(0, &r, 5*Second)
		if c.frame == wire.Pieces {
			s.HashesTaken(0, 0, h, true)
		}
		s.Actions()
		s.Frame(0, 1, wire.Frame{Type: c.frame, Index: c.first, ID: r.ID}.Append(nil), c.payload)
		var got Kind
		for _, a := range s.Actions() {
			if a.Kind == TakeHashes || a.Kind == TakePieces {
				got = a.Kind
			}
		}
		if got != c.takes || (s.link(1) != nil) != (c.takes != 0) {
			t.Errorf("%s: action %d, the link stays: %v", c.name, got, s.link(1) != nil)
		}
	}
}
