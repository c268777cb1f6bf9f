package sim

import (
	"math/bits"

	"github.com/shoal-live/shoal/swarm/wire"
)

// held is what a viewer holds of a chunk.
type held struct {
	part     int // initPart for the init segment
	record   *wire.Record
	pieces   uint64 // verified ones
	hashes   bool
	measured bool // its time counts
	whole    bool
	asked    bool // of the edge, by a player without the swarm
}

func (c *held) complete() bool { return c.pieces == all(c.record.Pieces()) }

// all is the set of the first n pieces.
func all(n int) uint64 { return ^uint64(0) >> (64 - n) }

// run is the set of count pieces from first on.
func run(first, count int) uint64 { return all(count) << first }

// size is how many bytes a set of pieces has.
func (c *held) size(set uint64) (bytes int) {
	for ; set != 0; set &= set - 1 {
		from, to := c.record.PieceBounds(bits.TrailingZeros64(set), 1)
		bytes += to - from
	}
	return bytes
}

func (c *held) within(first, count int) bool {
	return first >= 0 && count > 0 && first+count <= c.record.Pieces()
}
