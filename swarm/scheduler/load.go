package scheduler

import "github.com/shoal-live/shoal/swarm/wire"

// Overload. When the uplinks of a cell do not suffice for all its members, all would be late together. So the owner of a
// chunk, who plans how it is passed on, finds how many the cell can carry until the chunk is of no more use, by what it knows at that
// moment of all uplinks and of what waits for them. The excess it leaves to the edge: it says how many of the first in the
// chunk's election get it from there, itself among them. They are the strongest, mostly: they hold the chunk soon, are not sent it, and pass it
// on to the others. All find who they are by the same roster; nobody sends them anything.
const (
	mostPlanned = 210 // hundredths of its duration, that a chunk may take by the plan where the cell is overloaded
	moreAllowed = 90  // the same, on top, where it is not: one large chunk now and then is late for nobody

	overload     = 512 // of 1024: the share of chunks with an excess, of late, from which on the cell is overloaded
	excessRises  = 4   // a part of what it lacks, by which the share rises with each such chunk
	excessFalls  = 12  // a part of it, by which it falls with each other
	servedLately = 2 * Second
)

// load is what is known of whether the cell's uplinks suffice.
type load struct {
	rate  int // the stream's, in units of 10 kbit/s, smoothed
	share int // of 1024: chunks with an excess, of late
}

// media takes the size of a new part.
func (s *Scheduler) media(r *wire.Record) {
	if r.Duration == 0 {
		return
	}
	rate := int(uint64(r.Size) * 8 * 100 / uint64(r.Duration)) // bits a microsecond are Mbit/s
	if s.load.rate == 0 {
		s.load.rate = rate
	} else {
		s.load.rate += (rate - s.load.rate) / 16
	}
}

// overloaded tells whether the cell's uplinks have not sufficed of late.
func (s *Scheduler) overloaded() bool { return s.load.share >= overload }

// weigh finds the excess of a chunk that is about to be fetched for the cell. What comes from another cell comes late without
// fault of this one's uplinks.
func (s *Scheduler) weigh(c *chunk) {
	c.excess, c.served, c.spared = 0, 0, false
	if !c.live || c.record.Duration == 0 || !s.mayUpload() || s.fedFrom() {
		return
	}
	s.rankAll(c)
	most := Time(c.record.Duration) * (mostPlanned + moreAllowed*Time(max(0, overload-s.load.share))/overload) / 100
	low, high := 1, min(len(s.ranks), s.mostExcess(c)) // of the first in rank one, the owner, gets it from the edge in any case
	if s.endWithout(c, 0) <= most {
		high = low
	}
	for low < high {
		if n := (low + high) / 2; s.endWithout(c, n) <= most {
			high = n
		} else {
			low = n + 1
		}
	}
	if low > 1 {
		c.excess = uint16(low)
	}
	s.leave(c)
}

// endWithout returns when, from now, the others would have the chunk if so many of the first in rank got it from the edge.
func (s *Scheduler) endWithout(c *chunk, n int) Time {
	s.serveFirst(c, n)
	_, end := s.soonest(c)
	return end
}

// heedExcess takes the word of who fetches a chunk for the cell.
func (s *Scheduler) heedExcess(c *chunk, excess uint16) {
	if most := s.mostExcess(c); int(excess) > most {
		excess = uint16(most + 1 + most/8) // what others take the stream's rate for may be a little more
	}
	if c.duty || !c.live || c.weighed && excess <= c.excess {
		return
	}
	c.excess = excess
	if excess > 0 {
		s.rankAll(c)
	}
	s.leave(c)
}

// mostExcess is what is believed of a chunk's excess: as many members as all that is told of uplinks does not suffice for, or a quarter of the
// cell, as more may be told than there is. So nobody sends a cell that carries itself to the edge by a word.
func (s *Scheduler) mostExcess(c *chunk) int {
	party, sum := 1, int(s.entry.Weight)
	for i := range s.roster {
		if m := &s.roster[i].Member; m.Rendition == c.record.ID.Rendition {
			party++
			if m.Elects() {
				sum += believed(m.Weight)
			}
		}
	}
	return max(party/4, party-sum/max(1, s.load.rate))
}

// leave leaves the excess of a chunk to the edge.
func (s *Scheduler) leave(c *chunk) {
	s.serveFirst(c, int(c.excess))
	for _, l := range s.links {
		if c.served&l.slot != 0 {
			l.served = s.now
		}
	}
	switch {
	case c.weighed:
	case c.excess > 0:
		s.load.share += (1024 - s.load.share) / excessRises
	default:
		s.load.share -= s.load.share / excessFalls
	}
	c.weighed = true
}

// standing is a member's place in a chunk's election.
type standing struct {
	score uint64
	id    wire.ViewerID
	slot  uint64 // of the link to it; 0: there is none
}

// rankAll sets s.ranks to all who may own a chunk, as the roster says, the first in rank first. Whom one distrusts others may trust, so they stand
// there too.
func (s *Scheduler) rankAll(c *chunk) {
	s.ranks = s.ranks[:0]
	h := c.record.ID.Hash()
	if s.entry.Elects() && s.entry.Rendition == c.record.ID.Rendition {
		s.insertRank(standing{score(c.record.ID, h, s.entry), s.entry.ID, 0})
	}
	for i := range s.roster {
		m := s.roster[i].Member
		if !m.Elects() || m.Rendition != c.record.ID.Rendition {
			continue
		}
		r := standing{score: score(c.record.ID, h, m), id: m.ID}
		if l := s.linkTo(m.ID); l != nil && l.up {
			r.slot = l.slot
		}
		s.insertRank(r)
	}
}

// insertRank puts one among those who go after it.
func (s *Scheduler) insertRank(r standing) {
	s.ranks = append(s.ranks, r)
	for i := len(s.ranks) - 1; i > 0; i-- {
		if o := s.ranks[i-1]; o.score < r.score || o.score == r.score && o.id < r.id {
			return
		}
		s.ranks[i], s.ranks[i-1] = s.ranks[i-1], s.ranks[i]
	}
}

// serveFirst sets who gets a chunk from the edge: the first n in s.ranks.
func (s *Scheduler) serveFirst(c *chunk, n int) {
	c.served, c.spared = 0, false
	for _, r := range s.ranks[:min(n, len(s.ranks))] {
		c.served |= r.slot
		c.spared = c.spared || r.id == s.self.ID
	}
}
