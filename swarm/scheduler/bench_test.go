package scheduler

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// life drives one member of a cell of 24, in a stream of three renditions, through the lives of chunks.
type life struct {
	s     *Scheduler
	now   Time
	calls int
	frame []byte // scratch
	n     int    // chunks so far
}

func newLife() *life {
	weights := make([]uint16, 24)
	for i := range weights {
		weights[i] = 500
	}
	s := cellOf(weights...)[0]
	for i := range 23 {
		if s.link(Peer(i+1)) == nil {
			s.open(&s.roster[i], false)
		}
	}
	for i := range 23 {
		s.LinkUp(0, Peer(i+1))
	}
	s.Actions()
	return &life{s: s, frame: make([]byte, 0, 64)}
}

func (l *life) done() {
	l.s.Actions()
	l.calls++
}

func (l *life) send(p Peer, f wire.Frame, payload int) {
	l.frame = f.Append(l.frame[:0])
	l.s.Frame(l.now, p, l.frame, payload)
	l.done()
}

// chunk is one life: learnt in all renditions, needed in one, hashes and pieces in, some to be passed on, complete.
func (l *life) chunk() {
	s := l.s
	l.now += 333 * Millisecond
	var r wire.Record
	var h Chunk
	for rendition := uint8(3); rendition > 0; rendition-- {
		r = record(wire.ChunkID{Epoch: 1, Rendition: rendition - 1, MSN: uint64(l.n / 6), Part: uint16(l.n % 6)}, 40000)
		h = s.Learn(l.now, &r, 0)
		l.done()
	}
	l.n++
	s.Need(l.now, h, l.now+Second)
	l.done()
	l.send(1, wire.Frame{Type: wire.Hashes, ID: r.ID}, 512)
	s.HashesTaken(l.now, 1, h, true)
	l.done()
	for first := range 16 {
		from, to := r.PieceBounds(first, 1)
		p := Peer(first + 1)
		l.send(p, wire.Frame{Type: wire.Pieces, Index: uint16(first), ID: r.ID, Flags: uint8(first) & wire.FlagRelay}, to-from)
		s.PiecesTaken(l.now, p, h, first, 1, true)
		l.done()
	}
	s.Backlog(l.now, 0)
	l.done()
	s.Tick(l.now)
	l.done()
}

// BenchmarkStep reports the time of one call.
func BenchmarkStep(b *testing.B) {
	l := newLife()
	for range 200 {
		l.chunk()
	}
	l.calls = 0
	b.ReportAllocs()
	b.ResetTimer()
	for l.calls < b.N {
		l.chunk()
	}
}

// TestNoAllocations: in the steady state a chunk's whole life costs none.
func TestNoAllocations(t *testing.T) {
	l := newLife()
	for range 200 { // until chunks are used again
		l.chunk()
	}
	if n := testing.AllocsPerRun(50, l.chunk); n > 0 {
		t.Errorf("%g allocations in the life of a chunk", n)
	}
}

// TestNoAllocationsForOthers: nor does one that is planned, scattered and passed on for others, be it small or of more pieces than a word has
// bits.
func TestNoAllocationsForOthers(t *testing.T) {
	for _, size := range []int{200_000, 1_500_000} {
		l := newLife()
		s := l.s
		say := func(p Peer, f wire.Frame, payload ...byte) {
			l.frame = append(f.Append(l.frame[:0]), payload...)
			s.Frame(l.now, p, l.frame, 0)
			l.done()
		}
		far := binary.BigEndian.AppendUint64(nil, uint64(s.link(23).id))
		s.LinkDown(0, 23)
		say(3, wire.Frame{Type: wire.Forward, Index: wire.ForwardCarry}, far...)
		say(2, wire.Frame{Type: wire.Forward, Index: wire.ForwardStart}, binary.BigEndian.AppendUint64(nil, uint64(s.link(1).id))...)
		all := bytes.Repeat([]byte{0xff}, maxPieces/8)
		named := binary.BigEndian.AppendUint64([]byte{0, 1}, uint64(s.link(7).id))
		part := Time(size) * 40 // the uplink, of 5 Mbit/s, has time to send it to all
		planned, onwards := 0, 0
		chunk := func() {
			for end := l.now + part; l.now < end; {
				l.now = min(s.Next(), end)
				s.Tick(l.now)
				l.done()
			}
			r := wire.Record{ID: wire.ChunkID{Epoch: 1, MSN: uint64(l.n / 6), Part: uint16(l.n % 6)}, PieceSize: wire.PieceSize(size), Size: uint32(size), Duration: uint32(part)}
			l.n++
			h := s.Learn(l.now, &r, 0)
			c := s.chunk(h)
			own := c.fetching > 0
			l.done()
			if own {
				s.HashesTaken(l.now, 0, h, true)
			} else {
				l.send(1, wire.Frame{Type: wire.Hashes, ID: r.ID}, 32*r.Pieces())
				s.HashesTaken(l.now, 1, h, true)
			}
			l.done()
			if !own && l.n%2 == 0 {
				say(4, wire.Frame{Type: wire.Fetching, Index: 3, ID: r.ID})
				say(4, wire.Frame{Type: wire.Relay, Index: 4, Flags: wire.FlagOnward, ID: r.ID}, 0, 2)
			}
			say(5, wire.Frame{Type: wire.Relay, Index: 1, Flags: wire.FlagErrand, ID: r.ID}, named...)
			say(1, wire.Frame{Type: wire.Relay, Index: 2, Flags: wire.FlagStandIn, ID: r.ID}, 0, 3)
			for first := range r.Pieces() {
				if own {
					s.Arrived(l.now, h, first, 1)
				} else {
					from, to := r.PieceBounds(first, 1)
					l.send(1, wire.Frame{Type: wire.Pieces, Index: uint16(first), ID: r.ID, Flags: [...]uint8{0, wire.FlagRelay, wire.FlagOnward}[first%3]}, to-from)
					s.PiecesTaken(l.now, 1, h, first, 1, true)
				}
				l.done()
			}
			if own {
				s.Fetched(l.now, h, 0, r.Pieces(), true)
				l.done()
			}
			for _, p := range c.plan {
				planned++
				if p&onward != 0 {
					onwards++
				}
			}
			say(6, wire.Frame{Type: wire.Want, Flags: wire.FlagWantHashes, ID: r.ID}, all...)
		}
		for range 300 {
			chunk()
		}
		planned, onwards = 0, 0
		if n := testing.AllocsPerRun(100, chunk); n > 0 {
			t.Errorf("chunks of %d bytes: %g allocations in the life of one", size, n)
		}
		if planned == 0 || onwards == 0 {
			t.Errorf("chunks of %d bytes: %d pieces planned, %d of them onward: the test tests nothing", size, planned, onwards)
		}
	}
}
