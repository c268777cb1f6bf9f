package scheduler

import (
	"math"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// cellOf returns one scheduler for each weight, with the same roster.
func cellOf(weights ...uint16) []*Scheduler {
	var members []wire.Member
	for i, w := range weights {
		members = append(members, wire.Member{ID: wire.ViewerID(wire.Mix(uint64(i + 1))), Flags: wire.MayUpload | wire.Ready, Weight: w})
	}
	var cell []*Scheduler
	for _, m := range members {
		s := New(Config{Stream: "demo"})
		s.self = m
		s.takeRoster(wire.Roster{Version: 1, Members: members})
		s.self = m
		cell = append(cell, s)
	}
	return cell
}

func TestElectionAgrees(t *testing.T) {
	cell := cellOf(500, 100, 2000, 500, 900, 40)
	for msn := range uint64(500) {
		var seen [6]bool
		for _, s := range cell {
			rank, electable := s.rank(wire.ChunkID{Epoch: 7, MSN: msn})
			if electable != len(cell) || seen[rank] {
				t.Fatalf("MSN %d: two members with rank %d, or %d electable", msn, rank, electable)
			}
			seen[rank] = true
		}
	}
}

func TestElectionFollowsWeights(t *testing.T) {
	weights := []uint16{500, 500, 1000, 500}
	cell := cellOf(weights...)
	owned := make([]float64, len(cell))
	const chunks = 20000
	for i := range uint64(chunks) {
		for m, s := range cell {
			if rank, _ := s.rank(wire.ChunkID{Epoch: 7, MSN: i / 6, Part: 1 + uint16(i%6)}); rank == 0 {
				owned[m]++
			}
		}
	}
	for m, w := range weights {
		fifth := math.Pow(float64(w)/500, 5)
		if want := fifth / 35; math.Abs(owned[m]/chunks-want) > 0.01 {
			t.Errorf("member of weight %d owned %.3f of the chunks, want %.3f", w, owned[m]/chunks, want)
		}
	}
}

// TestStrongestOwnsFirstParts: chance decides among equals, and hardly against who has a quarter more.
func TestStrongestOwnsFirstParts(t *testing.T) {
	for _, c := range []struct {
		kind        wire.ChunkKind
		weights     []uint16
		least, most float64 // share that the last owns
	}{
		{wire.Part, []uint16{500, 800, 800, 1000}, 0.98, 1},
		{wire.Part, []uint16{500, 500, 500, 500}, 0.23, 0.27},
		{wire.Segment, []uint16{500, 800, 800, 1000}, 0.4, 0.65}, // whole segments are all alike
	} {
		s := cellOf(c.weights...)[3]
		const chunks = 5000
		owned := 0
		for i := range uint64(chunks) {
			if rank, _ := s.rank(wire.ChunkID{Epoch: 7, Kind: c.kind, MSN: i}); rank == 0 {
				owned++
			}
		}
		if share := float64(owned) / chunks; share < c.least || share > c.most {
			t.Errorf("%v: owned %.3f of the first parts, want %.2f to %.2f", c.weights, share, c.least, c.most)
		}
	}
}

func TestNegLog2(t *testing.T) {
	for _, x := range []uint64{0, 1, 2, 3, 1 << 20, 1<<63 - 1, 1 << 63, math.MaxUint64 - 1, math.MaxUint64} {
		want := 64 - math.Log2(float64(x)+1)
		if got := float64(negLog2(x)) / 65536; math.Abs(got-want) > 1e-4 {
			t.Errorf("negLog2(%d) = %f, want %f", x, got, want)
		}
	}
}

func BenchmarkRank(b *testing.B) {
	weights := make([]uint16, 24)
	for i := range weights {
		weights[i] = uint16(100 + 50*i)
	}
	s := cellOf(weights...)[5]
	for i := range b.N {
		s.rank(wire.ChunkID{MSN: uint64(i)})
	}
}
