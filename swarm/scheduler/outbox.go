package scheduler

import (
	"math/bits"

	"github.com/shoal-live/shoal/swarm/wire"
)

// urgency is what goes first when more waits for the uplink than it can send at once.
type urgency uint8

const (
	scatters urgency = iota // the first hop of a piece: others can begin only then
	forwards                // to one who has no link to its relay, as the third hop
	spreads                 // to all, and what was pulled
	urgencies
)

// burst is how much of the uplink's time is handed to the host ahead.
const burst = 30 * Millisecond

// mostOutgoing is how many runs of pieces may wait in each urgency; what comes on top is dropped, and pulled by who misses it.
const mostOutgoing = 512

// outgoing is a run of pieces that waits for the uplink.
type outgoing struct {
	chunk        Chunk
	first, count int
	bytes        int
	flags        uint8
	to           uint64 // slots
}

// outbox holds what waits for the uplink, so that what is urgent overtakes, and what is no longer needed is not sent.
type outbox struct {
	lists [urgencies]fifo
	bytes int // that wait, one for each receiver
}

// fifo is a queue in a ring.
type fifo struct {
	ring    []outgoing
	head, n int
}

func (f *fifo) push(o outgoing) bool {
	if f.n == mostOutgoing {
		return false
	}
	if f.n == len(f.ring) {
		grown := make([]outgoing, max(16, 2*f.n))
		for i := range f.n {
			grown[i] = *f.at(i)
		}
		f.ring, f.head = grown, 0
	}
	f.n++
	*f.at(f.n - 1) = o
	return true
}

func (f *fifo) at(i int) *outgoing { return &f.ring[(f.head+i)%len(f.ring)] }

func (f *fifo) pop() {
	f.head = (f.head + 1) % len(f.ring)
	if f.n--; f.n == 0 {
		f.head = 0
	}
}

// post puts pieces into the outbox. Where no more than so much may be lent of the uplink, it is in runs of a tenth of a second of that: a run is not
// interrupted, and what it takes too much is only given back by waiting afterwards.
func (s *Scheduler) post(u urgency, c *chunk, first, count int, flags uint8, to uint64) {
	if to == 0 {
		return
	}
	run := count
	if most := s.most(); most > 0 {
		run = max(1, most*10_000/8/10/int(c.record.PieceSize))
	}
	for ; count > 0; first, count = first+run, count-run {
		n := min(run, count)
		from, end := c.record.PieceBounds(first, n)
		o := outgoing{c.handle, first, n, wire.FrameHeaderSize + end - from, flags, to}
		if s.outbox.lists[u].push(o) {
			s.outbox.bytes += o.bytes * bits.OnesCount64(to)
		} else {
			s.stats.DroppedSends++
		}
	}
}

// release hands out what the uplink has time for.
func (s *Scheduler) release() {
	for u := range s.outbox.lists {
		f := &s.outbox.lists[u]
		for f.n > 0 && s.wayOut()-s.now < burst {
			o := f.at(0)
			c := s.chunk(o.chunk)
			var l *link
			switch {
			case c == nil || o.to == 0:
			case urgency(u) == spreads:
				o, l = s.nextSpread(f, c)
			default:
				l = s.linkIn(o.to)
			}
			if l == nil {
				s.outbox.bytes -= o.bytes * bits.OnesCount64(o.to)
				f.pop()
				continue
			}
			o.to &^= l.slot
			s.outbox.bytes -= o.bytes
			if s.lacks(c, l) || (urgency(u) != spreads || o.flags&wire.FlagForYou != 0) && c.holders&l.slot == 0 {
				s.sendPieces(c, l, o.first, o.count, o.flags)
			}
		}
	}
}

// forget takes a slot out of all that waits.
func (b *outbox) forget(slot uint64) {
	for u := range b.lists {
		f := &b.lists[u]
		for i := range f.n {
			if o := f.at(i); o.to&slot != 0 {
				o.to &^= slot
				b.bytes -= o.bytes
			}
		}
	}
}

// nextSpread returns what goes first of a chunk that waits, and to whom. One is sent all that there is before the next is: so
// some hold the chunk early, where all would hold it at the end. The order is the chunk's, the same for all who send.
func (s *Scheduler) nextSpread(f *fifo, c *chunk) (o *outgoing, l *link) {
	var to uint64
	for i := range f.n {
		if o := f.at(i); o.chunk == c.handle {
			to |= o.to
		}
	}
	s.arrange(c)
	for _, other := range s.links {
		if to&other.slot != 0 && other.up && (l == nil || other.turn < l.turn) {
			l = other
		}
	}
	for i := range f.n {
		if o = f.at(i); o.chunk == c.handle && (l == nil || o.to&l.slot != 0) {
			break
		}
	}
	return o, l
}

// linkIn returns the link to one of the slots, nil if there is none.
func (s *Scheduler) linkIn(slots uint64) *link {
	for _, l := range s.links {
		if slots&l.slot != 0 && l.up {
			return l
		}
	}
	return nil
}

// arrange sets whose turn it is when in a chunk: first those who pass on what they are sent to others still.
func (s *Scheduler) arrange(c *chunk) {
	if s.arranged == c.handle {
		return
	}
	s.arranged = c.handle
	h := c.record.ID.Hash()
	for _, l := range s.links {
		l.turn = wire.Mix(uint64(l.id)^h) >> 1
		if !l.carries {
			l.turn |= 1 << 63
		}
	}
}
