package scheduler

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// TestEpochDoesNotGoBack: a record that was verified while the edge told of a new epoch is of the past.
func TestEpochDoesNotGoBack(t *testing.T) {
	s := meshed(500, 500)
	first := record(wire.ChunkID{Epoch: 1, MSN: 10}, 40_000)
	next := record(wire.ChunkID{Epoch: 1, MSN: 10, Part: 1}, 40_000)
	anew := record(wire.ChunkID{Epoch: 2, MSN: 10}, 40_000)
	s.Learn(0, &first, 0)
	s.Frame(0, 1, next.Append(wire.Frame{Type: wire.Announce, ID: next.ID}.Append(nil)), 0)
	if len(s.offers) != 1 {
		t.Fatal("the record is not verified")
	}
	s.Learn(0, &anew, 0)
	if h := s.RecordTaken(0, 1, &next, true); h != 0 || s.epoch != 2 {
		t.Errorf("learned as %d; the epoch is %d", h, s.epoch)
	}
}

// TestWhatIsNotLearned: the past, and what is cut more finely than a chunk can be.
func TestWhatIsNotLearned(t *testing.T) {
	s := New(Config{Stream: "demo"})
	now := record(wire.ChunkID{Epoch: 2, MSN: 10}, 40_000)
	past := record(wire.ChunkID{Epoch: 1, MSN: 11}, 40_000)
	fine := wire.Record{ID: wire.ChunkID{Epoch: 2, MSN: 11}, PieceSize: wire.MinPieceSize, Size: maxPieces*wire.MinPieceSize + 1}
	if s.Learn(0, &now, 0) == 0 || s.Learn(0, &past, 0) != 0 || s.Learn(0, &fine, 0) != 0 || s.epoch != 2 || len(s.chunks) != 1 {
		t.Errorf("%d chunks of epoch %d", len(s.chunks), s.epoch)
	}
}

// TestYield: of two who took a chunk to be theirs the one with the lower ID goes on, if it is counted on.
func TestYield(t *testing.T) {
	for _, distrusted := range []bool{false, true} {
		for _, s := range cellOf(500, 500) {
			l := s.linkTo(s.roster[0].ID)
			if l == nil {
				l = s.open(&s.roster[0], false)
			}
			s.LinkUp(0, l.peer)
			if distrusted {
				s.roster[0].distrusted = Second
			}
			r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 40_000)
			c := s.chunk(s.Learn(0, &r, 0))
			c.duty = true
			s.Frame(0, l.peer, wire.Frame{Type: wire.Fetching, ID: r.ID}.Append(nil), 0)
			if goes := s.self.ID < l.id || distrusted; c.duty != goes {
				t.Errorf("%x beside %x, distrusted %v: goes on: %v", s.self.ID, l.id, distrusted, c.duty)
			}
		}
	}
}

// TestMostOffers: so many records of peers are verified at a time.
func TestMostOffers(t *testing.T) {
	s := meshed(500, 500)
	first := record(wire.ChunkID{Epoch: 1, MSN: 10}, 40_000)
	s.Learn(0, &first, 0)
	s.Actions()
	takes := 0
	for part := range uint16(2 * maxOffers) {
		r := record(wire.ChunkID{Epoch: 1, MSN: 11, Part: part}, 40_000)
		s.Frame(0, 1, r.Append(wire.Frame{Type: wire.Announce, ID: r.ID}.Append(nil)), 0)
		for _, a := range s.Actions() {
			if a.Kind == TakeRecord {
				takes++
			}
		}
	}
	if takes != maxOffers || len(s.offers) != maxOffers {
		t.Errorf("%d are verified, %d known", takes, len(s.offers))
	}
}
