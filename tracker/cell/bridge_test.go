package cell_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
)

// forest is a swarm whose viewers all may feed, and the bridges that each was told last.
type forest struct {
	*cell.Swarm
	t    *testing.T
	told map[wire.ViewerID][]wire.Bridge
}

// grow joins viewers 1 to n. All say that they are Ready, the later have the larger uplinks.
func grow(t *testing.T, config cell.Config, n int) *forest {
	f := &forest{cell.New(config), t, map[wire.ViewerID][]wire.Bridge{}}
	for id := range wire.ViewerID(n) {
		f.Join(viewerOf(id+1, wire.MayUpload|wire.Ready), cell.Place{})
	}
	f.flush(0)
	return f
}

func viewerOf(id wire.ViewerID, flags uint8) wire.Member {
	return wire.Member{ID: id, Flags: flags, Weight: uint16(id)}
}

// flush returns how many rosters were told.
func (f *forest) flush(now int64) (rosters int) {
	for _, n := range f.Flush(now) {
		if n.Bridges != nil {
			f.told[n.To[0]] = n.Bridges.Bridges
		}
		if n.Roster != nil {
			rosters += len(n.To)
		}
	}
	if err := f.Check(true); err != nil {
		f.t.Fatal(err)
	}
	return rosters
}

// depths returns how many cells lie how deep.
func (f *forest) depths(viewers int) (depths [8]int) {
	seen := map[uint32]bool{}
	for id := range wire.ViewerID(viewers) {
		if r, ok := f.Roster(id + 1); ok && !seen[r.Cell] {
			seen[r.Cell] = true
			depths[r.Depth]++
		}
	}
	return depths
}

// followers and feeders of a cell's bridges, as its members were told.
func (f *forest) ends(of wire.ViewerID) (followers, feeders []wire.ViewerID) {
	r, _ := f.Roster(of)
	for _, m := range r.Members {
		for _, b := range f.told[m.ID] {
			if b.Role == wire.Feeder {
				followers, feeders = append(followers, m.ID), append(feeders, b.Member.ID)
			}
		}
	}
	return followers, feeders
}

func TestTheForestIsShallow(t *testing.T) {
	for _, c := range []struct {
		roots, fan, viewers int
		want                string
	}{
		{1 << 30, 0, 120, "[20 0 0 0 0 0 0 0]"},
		{0, 0, 6, "[1 0 0 0 0 0 0 0]"},
		{1, 2, 42, "[1 2 4 0 0 0 0 0]"},
		{2, 3, 120, "[2 6 12 0 0 0 0 0]"},
		{3, 8, 150, "[3 22 0 0 0 0 0 0]"},
	} {
		f := grow(t, cell.Config{Size: 6, Roots: c.roots, Fan: c.fan, Links: 1}, c.viewers)
		if got := fmt.Sprint(f.depths(c.viewers)); got != c.want {
			t.Errorf("%d roots that feed %d: depths %s, want %s", c.roots, c.fan, got, c.want)
		}
	}
}

func TestOrphansFindPlaces(t *testing.T) {
	f := grow(t, cell.Config{Size: 6, Roots: 2, Fan: 2}, 120)
	before := f.depths(120)
	for id := wire.ViewerID(1); id <= 100; id++ {
		f.Leave(id)
		f.flush(int64(id))
		if f.Roots() > 2 || f.Roots() == 0 {
			t.Fatalf("%d roots", f.Roots())
		}
	}
	if after := f.depths(120); after[3] > before[3] {
		t.Errorf("depths %v before viewers left, %v after", before, after)
	}
}

// TestWhoBridges: those with most uplink follow, and are fed by those with most for each follower; who may not is passed over.
func TestWhoBridges(t *testing.T) {
	f := grow(t, cell.Config{Size: 6, Roots: 1}, 7) // 1 2 3 7 | 4 5 6
	followers, feeders := f.ends(4)
	if fmt.Sprint(followers, feeders) != "[4 5 6] [7 3 7]" {
		t.Fatalf("%v follow %v", followers, feeders)
	}
	for _, c := range []struct {
		name  string
		flags uint8
		want  string
	}{
		{"hidden", wire.MayUpload | wire.Hidden, "[4 5 6] [1 2 3]"},
		{"back", wire.MayUpload, "[4 5 6] [1 2 3]"}, // what works is kept
		{"metered", wire.MayUpload | wire.Metered, "[4 5 6] [1 2 3]"},
		{"may not upload", 0, "[4 5 6] [1 2 3]"},
	} {
		f.Update(viewerOf(7, c.flags), cell.Place{})
		f.flush(1)
		followers, feeders := f.ends(4)
		if got := fmt.Sprint(followers, slices.Sorted(slices.Values(feeders))); got != c.want {
			t.Errorf("7 is %s: %s, want %s", c.name, got, c.want)
		}
	}
	f.Leave(3)
	f.flush(2)
	if followers, feeders := f.ends(4); len(followers) != 3 || fmt.Sprint(slices.Sorted(slices.Values(feeders))) == "[1 2 3]" {
		t.Errorf("3 has left: %v follow %v", followers, feeders)
	}
	if len(f.told[7]) != 0 {
		t.Errorf("7 feeds nobody and was told last of %v", f.told[7])
	}
}

func TestBridgesStayWithinARendition(t *testing.T) {
	f := grow(t, cell.Config{Size: 6, Roots: 1}, 7) // 1 2 3 7 | 4 5 6
	m := viewerOf(6, wire.MayUpload|wire.Ready)
	m.Rendition = 1
	f.Update(m, cell.Place{})
	f.flush(1)
	if followers, _ := f.ends(4); fmt.Sprint(followers) != "[4 5]" || len(f.told[6]) != 0 {
		t.Errorf("%v follow; 6 watches what nobody of the parent does", followers)
	}
	m = viewerOf(1, wire.MayUpload|wire.Ready)
	m.Rendition = 1
	f.Update(m, cell.Place{})
	f.flush(2)
	if b := f.told[6]; len(b) != 1 || b[0].Member.ID != 1 {
		t.Errorf("6 is told %v, want 1 for a feeder, who came to watch the same", b)
	}
}

func TestPatienceWithBridges(t *testing.T) {
	f := grow(t, cell.Config{Size: 8, Roots: 1, Links: 1, Patience: 10}, 9) // 1 2 3 4 9 | 5 6 7 8
	for id, weight := range map[wire.ViewerID]uint16{3: 7, 4: 8, 9: 10} {   // a parent that is not weaker, and stays it
		m := viewerOf(id, wire.MayUpload|wire.Ready)
		m.Weight = weight
		f.Update(m, cell.Place{})
	}
	expect := func(now int64, follower, feeder wire.ViewerID) {
		t.Helper()
		f.flush(now)
		followers, feeders := f.ends(5)
		if len(followers) != 1 || followers[0] != follower || feeders[0] != feeder {
			t.Errorf("at %d %v follow %v, want %d and %d", now, followers, feeders, follower, feeder)
		}
	}
	expect(9, 8, 9)
	if at, waiting := f.Due(); at != 10 || !waiting {
		t.Errorf("due at %d, want the end of the patience", at)
	}
	expect(10, 7, 4)
	f.Update(viewerOf(7, wire.MayUpload|wire.Ready|wire.Fed), cell.Place{})
	expect(100, 7, 4)
	f.Update(viewerOf(7, wire.MayUpload|wire.Ready), cell.Place{})
	expect(101, 6, 3)
}

// TestTheOtherEndIsTold: what a viewer says of itself reaches the other end of its bridge, when the gap is over.
func TestTheOtherEndIsTold(t *testing.T) {
	f := grow(t, cell.Config{Size: 6, Roots: 1, Gap: 100, Links: 1}, 7)
	followers, feeders := f.ends(4)
	m := viewerOf(feeders[0], wire.MayUpload|wire.Ready)
	m.Weight = 999
	f.Update(m, cell.Place{})
	f.flush(99)
	if b := f.told[followers[0]]; b[0].Member.Weight == 999 {
		t.Error("told before the gap was over")
	}
	f.flush(100)
	if b := f.told[followers[0]]; b[0].Member != m {
		t.Errorf("told %+v, want %+v", b, m)
	}
}

// TestDepthsAreTold: a cell that becomes a root is told so by a roster.
func TestDepthsAreTold(t *testing.T) {
	f := grow(t, cell.Config{Size: 6, Roots: 1}, 12) // 1 2 3 7 8 9 | 4 5 6 10 11 12
	if r, _ := f.Roster(4); r.Depth != 1 {
		t.Fatalf("depth %d", r.Depth)
	}
	for _, id := range []wire.ViewerID{10, 11, 12, 1, 2, 3, 7, 8} { // the last one has 9 move to the others
		f.Leave(id)
	}
	if rosters := f.flush(1); rosters != 4 {
		t.Errorf("%d were told the roster, want all 4 who are left", rosters)
	}
	if r, _ := f.Roster(4); r.Depth != 0 || f.Roots() != 1 || f.Bridges() != 0 {
		t.Errorf("depth %d, %d roots, %d bridges", r.Depth, f.Roots(), f.Bridges())
	}
}

// TestResendTellsThatThereAreNone: who may have missed that its bridges went is told so, though it has none to be told of.
func TestResendTellsThatThereAreNone(t *testing.T) {
	f := grow(t, cell.Config{Size: 4, Roots: 1}, 12)
	var id wire.ViewerID
	for other, list := range f.told {
		if len(list) > 0 && other > id {
			id = other
		}
	}
	if id == 0 {
		t.Fatal("nobody has a bridge")
	}
	f.Update(viewerOf(id, wire.MayUpload|wire.Ready|wire.Hidden), cell.Place{})
	f.flush(1)
	if n := len(f.told[id]); n != 0 {
		t.Fatalf("%d bridges of who is hidden", n)
	}
	delete(f.told, id)
	f.Resend(id)
	f.flush(2)
	if list, told := f.told[id]; !told || len(list) != 0 {
		t.Errorf("told %v, %v", list, told)
	}
}

// TestTheStrongRise: a cell that is far stronger than the one above takes its place, and that its own; once.
func TestTheStrongRise(t *testing.T) {
	f := grow(t, cell.Config{Size: 6, Roots: 1, Fan: 2, Patience: 10}, 19)
	depth := func(id wire.ViewerID) uint8 {
		r, _ := f.Roster(id)
		return r.Depth
	}
	before := f.depths(19)
	var deep []wire.ViewerID
	for id := range wire.ViewerID(19) {
		weight := uint16(10)
		if depth(id+1) == 2 {
			weight = 1000
			deep = append(deep, id+1)
		}
		m := viewerOf(id+1, wire.MayUpload|wire.Ready|wire.Fed)
		m.Weight = weight
		f.Update(m, cell.Place{})
	}
	if len(deep) == 0 {
		t.Fatalf("depths %v: none is deep", before)
	}
	f.flush(9)
	if depth(deep[0]) != 2 {
		t.Error("rose before the patience was over")
	}
	f.flush(10)
	if depth(deep[0]) != 0 || f.depths(19) != before {
		t.Errorf("depths %v, the strong are at %d; were %v", f.depths(19), depth(deep[0]), before)
	}
	if rosters := f.flush(20); rosters != 0 {
		t.Errorf("%d were told anew of what has not changed", rosters)
	}
}

// TestWhoRoseStays: of two cells, of which the lower always has more uplink, the one that rose stays above for a few patiences,
// and no longer.
func TestWhoRoseStays(t *testing.T) {
	const patience = 10
	f := grow(t, cell.Config{Size: 6, Roots: 1, Fan: 2, Patience: patience}, 12) // 1 2 3 7 8 9 | 4 5 6 10 11 12
	var depths []uint8
	for i := range int64(9) {
		for id := range wire.ViewerID(12) {
			m := viewerOf(id+1, wire.MayUpload|wire.Ready|wire.Fed)
			r, _ := f.Roster(m.ID)
			m.Weight = 10 + 1000*uint16(r.Depth)
			f.Update(m, cell.Place{})
		}
		f.flush((i + 1) * patience)
		r, _ := f.Roster(1)
		depths = append(depths, r.Depth)
	}
	if got := fmt.Sprint(depths); got != "[1 1 1 1 0 0 0 0 1]" {
		t.Errorf("the first cell was at depth %s", got)
	}
}
