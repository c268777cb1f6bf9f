package scheduler

import (
	"math/bits"
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// ranking is the outcome of an election, good until the cell changes.
type ranking struct {
	of              uint32 // Scheduler.changes when it was held; 0 never
	rank, electable int
}

// rankIn returns the rank of oneself for c, and how many may own it. See rank.
func (s *Scheduler) rankIn(c *chunk) (rank, electable int) {
	if c.ranked.of != s.changes {
		rank, electable = s.rank(c.record.ID)
		c.ranked = ranking{s.changes, rank, electable}
	}
	return c.ranked.rank, c.ranked.electable
}

// unranked is the rank of a member that may not own the chunk.
const unranked = -1

// rank returns how many members of the cell go before oneself in fetching the chunk: 0 for its owner. It returns
// unranked where oneself may not own, and how many members may.
//
// It is a weighted rendezvous: each member draws a number from the chunk's and its own hash, and the smallest of
// -log(number) / weight⁵ comes first. All members that hold the same roster find the same order, and a member that
// comes or goes changes the owner only of the chunks that it owned or takes over. The first part of a segment goes to the strongest; see head.
// Whole numbers throughout: the same on every machine.
func (s *Scheduler) rank(id wire.ChunkID) (rank, electable int) {
	h := id.Hash()
	fed := s.fedFrom()
	own := s.entry.Elects() && s.entry.Rendition == id.Rendition && (!fed || s.entry.Flags&wire.Fed != 0)
	var mine uint64
	if own {
		mine = score(id, h, s.entry)
		electable++
	}
	for i := range s.roster {
		m := s.roster[i].Member
		if !s.roster[i].counted(s.now) || m.Rendition != id.Rendition || fed && m.Flags&wire.Fed == 0 || slices.Contains(s.banned, m.ID) {
			continue
		}
		electable++
		if own {
			if theirs := score(id, h, m); theirs < mine || theirs == mine && m.ID < s.self.ID {
				rank++
			}
		}
	}
	if !own {
		return unranked, electable
	}
	return rank, electable
}

// head is what is added to all draws, as negLog2 gives them, for the first part of a segment: chance is so small beside it that nearly always
// the strongest owns it. That part has the keyframe and is the largest, and the weaker its owner the later it is for all.
const head = 4 << 16

// score is the member's draw for a chunk, whose ID has the hash h; the smallest draw owns it.
func score(id wire.ChunkID, h uint64, m wire.Member) uint64 {
	w := uint64(max(80, min(m.Weight, 4000))) // 40 Mbit/s is enough for anybody's cell; below 800 kbit/s the quotient would not fit
	chance := negLog2(wire.Mix(h ^ wire.Mix(uint64(m.ID))))
	if id.Kind == wire.Part && id.Part == 0 {
		chance += head
	}
	draw, _ := bits.Div64(chance, 0, w*w*w*w/300*w)
	return draw
}

// negLog2 returns -log2((x+1) / 2^64) with 16 bits after the point.
func negLog2(x uint64) uint64 {
	if x == ^uint64(0) {
		return 0
	}
	x++
	whole := uint64(bits.Len64(x) - 1)
	m := x << (63 - whole) // the mantissa, 1.0 to 2.0 with 63 bits after the point
	log := whole << 16
	for bit := uint64(1 << 15); bit > 0; bit >>= 1 {
		hi, lo := bits.Mul64(m, m)
		if hi >= 1<<63 {
			m = hi
			log |= bit
		} else {
			m = hi<<1 | lo>>63
		}
	}
	return 64<<16 - log
}
