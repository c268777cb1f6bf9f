package scheduler

import (
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// noise is a member of a cell whose peers say whatever comes to their minds, and a host that does what it is asked for.
type noise struct {
	t      *testing.T
	r      *rand.Rand
	s      *Scheduler
	now    Time
	newest wire.ChunkID
	heard  int // frames, of links that were there
}

// id is a chunk that is known, or nearly.
func (n *noise) id() wire.ChunkID {
	id := n.newest
	id.MSN += uint64(n.r.IntN(5)) - 2
	id.Part = uint16(n.r.IntN(6))
	if n.r.IntN(20) == 0 {
		id.Kind = wire.ChunkKind(n.r.IntN(3))
	}
	return id
}

func (n *noise) record(id wire.ChunkID) wire.Record {
	size := 2_000 + int(id.Hash()%200_000)
	return wire.Record{ID: id, Size: uint32(size), PieceSize: wire.PieceSize(size), Duration: 333_333, Last: id.Part == 5}
}

func (n *noise) frame(l *link) {
	n.heard++
	types := [...]wire.FrameType{wire.Have, wire.Fetching, wire.Failed, wire.Want, wire.Deny, wire.Forward, wire.Announce, wire.Relay, wire.Relay,
		wire.Busy, wire.Hashes, wire.Pieces, wire.Pieces}
	f := wire.Frame{Type: types[n.r.IntN(len(types))], Flags: uint8(n.r.IntN(8)), Index: uint16(n.r.IntN(8)), Backlog: uint16(n.r.IntN(2000)), ID: n.id()}
	f.Stamp = wire.Stamp{Sent: stampOf(n.now), Heard: stampOf(n.now - Time(n.r.IntN(200))*Millisecond), Waited: uint8(n.r.IntN(8)), Held: uint8(n.r.IntN(256))}
	b, payload := f.Append(nil), 0
	r := n.record(f.ID)
	other := n.s.links[n.r.IntN(len(n.s.links))]
	switch f.Type {
	case wire.Announce:
		b = r.Append(b)
	case wire.Relay:
		b = append(b, 0, byte(1+n.r.IntN(3)))
		for range n.r.IntN(4) {
			b = append(b, 0, 0, 0, 0, 0, 0, 0, 0)
			for i, at := 0, len(b)-8; i < 8; i++ {
				b[at+i] = byte(other.id >> (56 - 8*i))
			}
		}
	case wire.Forward:
		for i := range 8 {
			b = append(b, byte(other.id>>(56-8*i)))
		}
	case wire.Want, wire.Have:
		for range n.r.IntN(64) {
			b = append(b, byte(n.r.IntN(2)))
		}
	case wire.Hashes:
		payload = 32 * r.Pieces()
	case wire.Pieces:
		first := min(int(f.Index), r.Pieces()-1)
		b[2], b[3] = 0, byte(first)
		from, to := r.PieceBounds(first, 1)
		payload = to - from
	}
	n.s.Frame(n.now, l.peer, b, payload)
}

// obey carries actions out; most of what peers and the edge send is true.
func (n *noise) obey() {
	for again := true; again; {
		again = false
		for _, a := range append([]Action(nil), n.s.Actions()...) {
			again = true
			ok := n.r.IntN(500) > 0
			switch a.Kind {
			case TakeRecord:
				if r, err := wire.ParseRecord(a.Bytes); err == nil {
					n.s.RecordTaken(n.now, a.Peer, &r, ok)
				}
			case TakeHashes:
				n.s.HashesTaken(n.now, a.Peer, a.Chunk, ok)
			case TakePieces:
				n.s.PiecesTaken(n.now, a.Peer, a.Chunk, a.First, a.Count, ok)
			case Fetch:
				n.s.HashesTaken(n.now, 0, a.Chunk, true)
				if n.r.IntN(2) == 0 {
					n.s.Arrived(n.now, a.Chunk, a.First, 1)
				}
				n.s.Fetched(n.now, a.Chunk, a.First, a.Count, ok && n.r.IntN(4) > 0)
			case Reload:
				n.s.Reloaded(n.now, ok)
			}
		}
	}
}

// step lets one thing happen.
func (n *noise) step() {
	s := n.s
	n.now += Time(n.r.IntN(8)) * Millisecond
	switch n.r.IntN(16) {
	case 0:
		if n.newest.Part++; n.newest.Part == 6 {
			n.newest.MSN, n.newest.Part = n.newest.MSN+1, 0
		}
		r := n.record(n.newest)
		h := s.Learn(n.now, &r, 0)
		if n.r.IntN(2) == 0 {
			s.Need(n.now, h, n.now+Time(n.r.IntN(2000))*Millisecond)
		}
	case 1, 2:
		s.Backlog(n.now, n.r.IntN(1000))
		s.Tick(n.now)
	case 3:
		if len(s.links) < 4 || n.r.IntN(10) == 0 {
			s.banned = s.banned[:0]
			for i := range s.roster {
				if s.linkTo(s.roster[i].ID) == nil {
					l := s.open(&s.roster[i], false)
					l.role = role(n.r.IntN(4))
					s.LinkUp(n.now, l.peer)
				}
			}
		}
	default:
		if len(s.links) > 0 {
			n.frame(s.links[n.r.IntN(len(s.links))])
		}
	}
}

// check looks at all that grows.
func (n *noise) check() {
	s := n.s
	n.t.Helper()
	for name, is := range map[string][2]int{
		"chunks": {len(s.chunks), maxChunks}, "active": {len(s.active), maxChunks}, "haves": {len(s.haves), maxChunks}, "offers": {len(s.offers), maxOffers},
		"wishes": {len(s.aheads), mostAhead * maxLinks}, "banned": {len(s.banned), maxBanned}, "links": {len(s.links), maxLinks},
	} {
		if is[0] > is[1] {
			n.t.Fatalf("%d %s, at most %d are to be kept", is[0], name, is[1])
		}
	}
	waiting := 0
	for u := range s.outbox.lists {
		f := &s.outbox.lists[u]
		if f.n > mostOutgoing {
			n.t.Fatalf("%d runs wait", f.n)
		}
		for i := range f.n {
			o := f.at(i)
			if o.bytes < wire.FrameHeaderSize {
				n.t.Fatalf("%d bytes wait: %+v", o.bytes, o)
			}
			waiting += o.bytes * bits.OnesCount64(o.to)
		}
	}
	if waiting != s.outbox.bytes {
		n.t.Fatalf("%d bytes wait, %d are counted", waiting, s.outbox.bytes)
	}
	for _, c := range s.chunks {
		if len(c.errands) > maxErrands || len(c.stands) > maxStands || len(c.askers) > maxLinks || len(c.taking) > c.pieces || c.fetching < 0 || c.heldCount > c.pieces {
			n.t.Fatalf("chunk %v: %d errands, %d stands, %d askers, %d runs taken, %d fetches, %d of %d pieces", c.record.ID, len(c.errands), len(c.stands),
				len(c.askers), len(c.taking), c.fetching, c.heldCount, c.pieces)
		}
		if stale := (c.holders | c.claimers | c.fetchers | c.followers | c.asked | c.hashesSent | c.served | c.runners | c.deniers) &^ s.slots; stale != 0 {
			n.t.Fatalf("chunk %v knows of links that are gone: %b", c.record.ID, stale)
		}
	}
}

// TestBounds: whatever peers say, for as long as they like, what is kept of it is bounded, and what is counted is there.
func TestBounds(t *testing.T) {
	for seed := range uint64(8) {
		n := &noise{t: t, r: rand.New(rand.NewPCG(seed, 1)), s: meshed(500, 900, 300, 2000, 100, 700), newest: wire.ChunkID{Epoch: 1, MSN: 10}}
		for i := range 20_000 {
			n.step()
			n.obey()
			if i%50 == 0 {
				n.check()
			}
		}
		st := n.s.Stats()
		if n.heard < 10_000 || st.BytesToPeers == 0 || st.BytesFromPeers == 0 || st.BytesFromEdge == 0 {
			t.Errorf("seed %d: %d frames were heard, %+v: the test tests nothing", seed, n.heard, st)
		}
	}
}

// TestHaveOfTooMany: who says to hold more than anybody keeps breaks the protocol; it would take long to look for all of it.
func TestHaveOfTooMany(t *testing.T) {
	for more, stays := range map[int]bool{maxChunks: true, maxChunks + 1: false} {
		s := meshed(500, 500)
		b := wire.Frame{Type: wire.Have}.Append(nil)
		for range more {
			b = wire.ChunkID{}.Append(b)
		}
		if s.Frame(0, 1, b, 0); (s.link(1) != nil) != stays {
			t.Errorf("%d more: the link stays: %v", more, s.link(1) != nil)
		}
	}
}
