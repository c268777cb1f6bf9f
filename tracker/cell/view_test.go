package cell_test

import (
	"fmt"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
	"pgregory.net/rapid"
)

// view is what one viewer made of the notices it got.
type view struct {
	cell, version uint32
	depth         uint8
	members       map[wire.ViewerID]wire.Member
	bridges       map[wire.ViewerID]wire.Bridge
}

// run is a swarm that is driven at random, beside another that is driven alike, and what its viewers know.
type run struct {
	prefixes   uint64 // from which viewers come
	config     cell.Config
	s, again   *cell.Swarm
	truth      map[wire.ViewerID]wire.Member
	views      map[wire.ViewerID]*view
	lastDelta  map[uint32]int64
	introduced bool
	restored   uint32
	now        int64
	changes    int // joins and leaves
	reshaped   int // moves that changes of the size may have taken
	largest    int // size so far
}

// TestEveryViewHoldsTheRoster drives a swarm at random and applies every notice as a viewer would.
func TestEveryViewHoldsTheRoster(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config := cell.Config{
			Size:  rapid.IntRange(2, 12).Draw(t, "size"),
			Gap:   rapid.Int64Range(0, 5).Draw(t, "gap"),
			Roots: rapid.IntRange(1, 4).Draw(t, "roots"),
			Fan:   rapid.IntRange(2, 4).Draw(t, "fan"),
			Links: rapid.IntRange(1, 4).Draw(t, "links"), Patience: rapid.Int64Range(0, 3).Draw(t, "patience"),
		}
		prefixes := rapid.Uint64Range(0, 4).Draw(t, "prefixes") // 0: they are not known
		if prefixes > 0 {
			config.PerPrefix = rapid.IntRange(0, config.Size).Draw(t, "per prefix")
		}
		r := &run{
			prefixes: prefixes,
			config:   config, s: cell.New(config), again: cell.New(config),
			truth: map[wire.ViewerID]wire.Member{}, views: map[wire.ViewerID]*view{}, lastDelta: map[uint32]int64{},
		}
		t.Repeat(map[string]func(*rapid.T){
			"join": r.join, "join more": r.crowd, "leave": r.leave, "update": r.update, "miss": r.miss, "introduce": r.introduce, "flush": r.flush,
			"reshape": r.reshape, "restore": r.restore, "join beside": r.beside,
			"": func(t *rapid.T) { r.now++; r.check(t, false) },
		})
		r.now += 2*config.Gap + 2
		r.flush(t)
		if at, waiting := r.s.Due(); waiting && config.Patience == 0 {
			t.Fatalf("still waiting for %d at %d", at, r.now)
		}
		r.compare(t)
		for id := range wire.ViewerID(61) {
			r.s.Leave(id)
		}
		r.s.Flush(r.now + config.Patience)
		if err := r.s.Check(true); err != nil || r.s.Held() != 0 {
			t.Fatalf("after all have left: %v, and %d things are held", err, r.s.Held())
		}
	})
}

func viewer(t *rapid.T) wire.ViewerID { return wire.ViewerID(rapid.Uint64Range(1, 60).Draw(t, "id")) }

// draw returns a viewer somewhere, with something to say of itself.
func draw(t *rapid.T) (wire.Member, cell.Place) {
	return someone(viewer(t), rapid.Uint64().Draw(t, "traits"))
}

// someone returns a viewer with traits that a number stands for.
func someone(id wire.ViewerID, traits uint64) (wire.Member, cell.Place) {
	pick := func(n uint64) uint64 {
		traits = wire.Mix(traits)
		return traits % n
	}
	flags := []uint8{0, 1, 1, 1, 5, 9, 9, 9, 25, 33}
	m := wire.Member{ID: id, Flags: flags[pick(10)], Rendition: uint8(pick(4) / 3), Weight: uint16(pick(4))}
	return m, cell.Place{Network: pick(4), Region: uint32(pick(3)), RoundTrip: uint16(pick(3) * 15), Origin: pick(12)}
}

func (r *run) join(t *rapid.T) {
	m, at := draw(t)
	r.enter(t, m, at)
}

// crowd has many viewers join at once.
func (r *run) crowd(t *rapid.T) {
	traits := rapid.Uint64().Draw(t, "traits")
	for id := range wire.ViewerID(rapid.IntRange(1, 40).Draw(t, "crowd")) {
		m, at := someone(id+1, traits+uint64(id))
		r.enter(t, m, at)
	}
}

func (r *run) enter(t *rapid.T, m wire.Member, at cell.Place) {
	at = r.place(m.ID, at)
	_, here := r.truth[m.ID]
	if err := r.s.Join(m, at); (err != nil) != here || (r.again.Join(m, at) != nil) != here {
		t.Fatalf("join of %d, here already %v: %v", m.ID, here, err)
	}
	if !here {
		r.truth[m.ID] = m
		delete(r.views, m.ID)
		r.changes++
	}
}

// restore brings back a cell of which some members may be here already.
func (r *run) restore(t *rapid.T) {
	r.restored++
	lost := wire.Roster{
		Cell:    rapid.SampledFrom([]uint32{0, 1, 2, 1000 + r.restored}).Draw(t, "number"), // none, one that may be taken, a new one
		Version: rapid.Uint32Range(0, 9).Draw(t, "version"),
	}
	places := map[wire.ViewerID]cell.Place{}
	traits := rapid.Uint64().Draw(t, "traits")
	for i := range rapid.IntRange(0, 14).Draw(t, "members") {
		m, at := someone(wire.ViewerID(wire.Mix(traits+uint64(i))%60+1), traits+uint64(i))
		if _, twice := places[m.ID]; !twice {
			lost.Members, places[m.ID] = append(lost.Members, m), r.place(m.ID, at)
		}
	}
	for _, s := range []*cell.Swarm{r.s, r.again} {
		s.Restore(lost, func(id wire.ViewerID) cell.Place { return places[id] })
	}
	for _, m := range lost.Members {
		if _, here := r.truth[m.ID]; here || !r.s.Has(m.ID) {
			continue
		}
		r.truth[m.ID] = m
		delete(r.views, m.ID)
		r.changes++
	}
	if id := lost.Cell; id >= 1000 { // it is told at once
		delete(r.lastDelta, id)
	}
}

// beside has a viewer join where another is. With room there it gets it, unless its prefix is too many there.
func (r *run) beside(t *rapid.T) {
	m, at := draw(t)
	at = r.place(m.ID, at)
	mate := viewer(t)
	with, found := r.s.Roster(mate)
	_, here := r.truth[m.ID]
	for _, s := range []*cell.Swarm{r.s, r.again} {
		if err := s.JoinBeside(mate, m, at); (err != nil) != here {
			t.Fatalf("join of %d beside %d, here already %v: %v", m.ID, mate, here, err)
		}
	}
	if here {
		return
	}
	if found && len(with.Members) < r.config.Size && at.Prefix == 0 && !r.s.SameCell(mate, m.ID) {
		t.Fatalf("%d is not with %d, whose cell has %d members", m.ID, mate, len(with.Members))
	}
	r.truth[m.ID] = m
	delete(r.views, m.ID)
	r.changes++
}

// place draws a prefix too, where there are some.
func (r *run) place(id wire.ViewerID, at cell.Place) cell.Place {
	if r.prefixes > 0 {
		at.Prefix = wire.Mix(uint64(id)) % (r.prefixes + 1) // some are not known
	}
	return at
}

func (r *run) leave(t *rapid.T) {
	id := viewer(t)
	_, here := r.truth[id]
	left, _ := r.s.Roster(id)
	if r.s.Leave(id) != here || r.again.Leave(id) != here {
		t.Fatalf("leave of %d, here %v", id, here)
	}
	if here {
		r.changes++
	}
	delete(r.truth, id)
	delete(r.views, id)
	if !here || len(left.Members) == 1 {
		return
	}
	other := left.Members[0].ID
	if other == id {
		other = left.Members[1].ID
	}
	if now, _ := r.s.Roster(other); now.Cell == left.Cell && len(now.Members) == len(left.Members)-1 { // it is still by itself
		if err := r.s.CheckLevel(left.Cell); err != nil {
			t.Fatal(err)
		}
	}
}

func (r *run) update(t *rapid.T) {
	m, at := draw(t)
	r.s.Update(m, at)
	r.again.Update(m, at)
	if _, here := r.truth[m.ID]; here {
		r.truth[m.ID] = m
		if r.s.Update(m, at) {
			t.Fatalf("the second update of %d is news", m.ID)
		}
	}
}

func (r *run) miss(t *rapid.T) {
	id := viewer(t)
	if v := r.views[id]; v != nil {
		v.version, v.members, v.bridges = 0, nil, map[wire.ViewerID]wire.Bridge{} // as if it had missed everything
		r.s.Resend(id)
		r.again.Resend(id)
	}
}

func (r *run) introduce(t *rapid.T) {
	id := viewer(t)
	r.s.Introduce(id)
	r.again.Introduce(id)
	r.introduced = true
}

// reshape changes the size of the cells, or how many are roots, or both.
func (r *run) reshape(t *rapid.T) {
	size, roots := rapid.IntRange(2, 12).Draw(t, "new size"), rapid.IntRange(1, 4).Draw(t, "new roots")
	small, large := min(size, r.config.Size), max(size, r.config.Size)
	for ; small < large; small *= 2 {
		r.reshaped += len(r.truth)
	}
	before := r.s.Moves()
	r.s.Reshape(size, roots)
	r.again.Reshape(size, roots)
	if err := r.s.CheckLevel(); err != nil && size != r.config.Size {
		t.Fatal(err)
	}
	if size == r.config.Size && r.s.Moves() != before {
		t.Fatalf("%d moved, though the size is as it was", r.s.Moves()-before)
	}
	r.config.Size, r.config.Roots = size, roots
	r.largest = max(r.largest, size)
}

func (r *run) flush(t *rapid.T) {
	notices := r.s.Flush(r.now)
	if a, b := fmt.Sprint(dump(notices)), fmt.Sprint(dump(r.again.Flush(r.now))); a != b {
		t.Fatalf("two swarms, same calls: %s and %s", a, b)
	}
	for _, n := range notices {
		for _, id := range n.To {
			if _, here := r.truth[id]; !here {
				t.Fatalf("%d left and is told %+v", id, n)
			}
			apply(t, r.views, id, n)
		}
		if n.Delta != nil {
			c := r.views[n.To[0]].cell
			if last, ok := r.lastDelta[c]; ok && r.now < last+r.config.Gap && !r.introduced {
				t.Fatalf("cell %d: Delta at %d and %d", c, last, r.now)
			}
			r.lastDelta[c] = r.now
		}
	}
	r.introduced = false
	r.check(t, true)
	for id := range r.truth {
		v := r.views[id]
		if v == nil {
			t.Fatalf("%d joined and was told nothing", id)
		}
		for other, b := range v.bridges { // both ends know, and may signal
			if o := r.views[other]; o == nil || o.bridges[id].Role == b.Role || !r.s.Together(id, other) {
				t.Fatalf("%d has a bridge to %d, which knows nothing of it", id, other)
			}
			if o := r.views[other]; b.Role == wire.Feeder && v.depth != o.depth+1 {
				t.Fatalf("%d of depth %d is fed by %d of depth %d", id, v.depth, other, o.depth)
			}
		}
	}
}

func (r *run) check(t *rapid.T, flushed bool) {
	if err := r.s.Check(flushed); err != nil {
		t.Fatal(err)
	}
	if r.s.Viewers() != len(r.truth) {
		t.Fatalf("%d viewers, want %d", r.s.Viewers(), len(r.truth))
	}
	if most := 2*r.changes + max(r.config.Size, r.largest) + r.reshaped; r.config.Size >= 4 && r.s.Moves() > uint64(most) {
		t.Fatalf("%d moves after %d joins and leaves", r.s.Moves(), r.changes)
	}
}

// compare: what the viewers hold is what is. The tracker may have taken Ready and Fed from those who moved.
func (r *run) compare(t *rapid.T) {
	const lost = wire.Ready | wire.Fed
	bridges := 0
	for id, v := range r.views {
		now, _ := r.s.Roster(id)
		if now.Cell != v.cell || now.Version != v.version || now.Depth != v.depth || len(now.Members) != len(v.members) {
			t.Fatalf("%d holds %+v, its roster is %+v", id, v, now)
		}
		for _, m := range now.Members {
			truth := r.truth[m.ID]
			if v.members[m.ID] != m || m.Flags|lost != truth.Flags|lost || m.Flags&^truth.Flags != 0 || m.Weight != truth.Weight || m.Rendition != truth.Rendition {
				t.Fatalf("%d holds %+v for %d, the roster %+v, the truth is %+v", id, v.members[m.ID], m.ID, m, truth)
			}
		}
		for other, b := range v.bridges {
			theirs, _ := r.s.Roster(other)
			for _, m := range theirs.Members {
				if m.ID == other && m != b.Member {
					t.Fatalf("%d holds %+v for %d at the other end, which is %+v", id, b.Member, other, m)
				}
			}
		}
		bridges += len(v.bridges)
	}
	if bridges != 2*r.s.Bridges() {
		t.Fatalf("the viewers know %d ends of %d bridges", bridges, r.s.Bridges())
	}
}

func apply(t *rapid.T, views map[wire.ViewerID]*view, id wire.ViewerID, n cell.Notice) {
	v := views[id]
	switch {
	case n.Roster != nil:
		r, err := wire.ParseRoster(n.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if v == nil {
			v = &view{bridges: map[wire.ViewerID]wire.Bridge{}}
			views[id] = v
		}
		v.cell, v.version, v.depth, v.members = r.Cell, r.Version, r.Depth, map[wire.ViewerID]wire.Member{}
		for _, m := range r.Members {
			v.members[m.ID] = m
		}
		if _, ok := v.members[id]; !ok {
			t.Fatalf("%d is not in the roster it is given", id)
		}
	case n.Bridges != nil:
		b, err := wire.ParseBridges(n.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		v.bridges = map[wire.ViewerID]wire.Bridge{}
		for _, b := range b.Bridges {
			v.bridges[b.Member.ID] = b
		}
	default:
		d, err := wire.ParseDelta(n.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if v == nil || d.Version != v.version+1 {
			t.Fatalf("%d holds %+v and is told %+v", id, v, d)
		}
		v.version = d.Version
		for _, m := range d.Set {
			v.members[m.ID] = m
		}
		for _, left := range d.Left {
			delete(v.members, left)
		}
	}
}

func dump(notices []cell.Notice) (lines []string) {
	for _, n := range notices {
		lines = append(lines, fmt.Sprintf("%v %x", n.To, n.Append(nil)))
	}
	return lines
}
