package tracker

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
)

// TestAcquaintances plays one network's viewers among others, of which it may go and meet two at once.
func TestAcquaintances(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{Acquaintances: 2, AddressHeader: "X-Real-IP", SharedNetworks: []netip.Prefix{netip.MustParsePrefix("192.168.0.0/16")}})
		come := func(address string) *testViewer { return w.from(address, "demo") }
		meets := func(a, b *testViewer) bool {
			t.Helper()
			settled(a, b)
			a.send(signalTo(b.id, "v=0"))
			time.Sleep(time.Second)
			for len(b.got) > 0 {
				if m := <-b.got; wire.MessageType(m[0]) == wire.TypeSignalled {
					return true
				}
			}
			return false
		}
		expect := func(what string, a, b *testViewer, want bool) {
			t.Helper()
			if got := meets(a, b); got != want {
				t.Errorf("%s: met %v, want %v", what, got, want)
			}
		}
		var others []*testViewer
		for i := range 5 {
			others = append(others, come(fmt.Sprintf("20.0.%d.1", i)))
		}
		mine := come("198.51.100.7")
		expect("the first", mine, others[0], true)
		expect("the second", others[1], mine, true) // it makes no difference who begins
		expect("a third", mine, others[2], false)
		expect("the third, from there", others[2], mine, false)
		expect("the first, again", mine, others[0], true)

		neighbour := come("198.51.100.200")
		expect("one's own network", mine, neighbour, true)
		expect("whom the network knows", neighbour, others[0], true)
		expect("whom it does not know", neighbour, others[3], false)

		newcomer := come("20.0.99.1")
		expect("a newcomer", newcomer, mine, true)
		expect("the newcomer, to one's neighbour", neighbour, newcomer, true)

		time.Sleep(acquaintRefill/2 + time.Minute)
		expect("one more, after half an hour", mine, others[2], true)
		expect("two more", mine, others[3], false)

		mine.send(wire.Leave{}.Append(nil))
		neighbour.send(wire.Leave{}.Append(nil))
		time.Sleep(time.Second)
		back := come("198.51.100.9")
		expect("back, with another secret", back, others[0], true)
		expect("back, to another", back, others[3], false)
		late := come("20.0.98.1")
		expect("back, a newcomer too soon", back, late, false)
		time.Sleep(acquaintSettle)
		expect("back, a newcomer after a while", back, late, true)

		back.send(wire.Leave{}.Append(nil))
		time.Sleep(acquaintMemory + 2*acquaintSweep)
		come("20.0.97.1") // somebody new has those looked for who are long gone
		anew := come("198.51.100.10")
		expect("forgotten, and so new", anew, others[3], true)

		local, lan := w.openHere(), come("192.168.1.1")
		local.send(w.joinMessage("demo"))
		local.welcomed()
		for i, o := range others[:3] {
			expect(fmt.Sprint("this machine, and ", i), local, o, true)
			expect(fmt.Sprint("a shared network, and ", i), lan, o, true)
		}
		said := come("127.0.0.1") // by a header
		expect("who says that he is of this machine", said, others[0], true)
		expect("likewise, and a second", said, others[1], true)
		expect("likewise, and a third", said, others[2], false)
	})
}

// TestANetworkCannotSpendAnothers: one network's viewers come again and again under new names, and signal to another's who sits in
// another cell than its home. That one may still meet whom it is to meet.
func TestANetworkCannotSpendAnothers(t *testing.T) {
	const attacker, victim = 7, 8
	now := time.Now()
	swarm := cell.New(cell.Config{Size: 16})
	a := newAcquaintances(swarm, 34)
	origins := map[wire.ViewerID]uint64{1: victim, 11: victim}
	at := func(id wire.ViewerID) cell.Place {
		if o := origins[id]; o != 0 {
			return cell.Place{Origin: o}
		}
		return cell.Place{Origin: 100 + uint64(id)}
	}
	for number, first := range []wire.ViewerID{1, 11} {
		r := wire.Roster{Cell: uint32(number + 1)}
		for id := first; id < first+8; id++ {
			r.Members = append(r.Members, wire.Member{ID: id})
		}
		swarm.Restore(r, at)
		for _, m := range r.Members {
			a.came(m.ID, now)
		}
	}
	if swarm.SameCell(1, 11) {
		t.Fatal("the victim sits at home")
	}
	for id := wire.ViewerID(1000); id < 1100; id++ {
		swarm.JoinBeside(11, wire.Member{ID: id}, cell.Place{Origin: attacker})
		a.came(id, now)
		if !swarm.SameCell(11, id) {
			t.Fatal("the attacker is not where the victim is")
		}
		a.introduce(id, 11, now)
		a.left(attacker, now)
		swarm.Leave(id)
	}
	if spent := a.origins[victim].spent; spent == 0 || spent > acquaintOfOne {
		t.Errorf("a network that comes again and again spent %.1f of what another may", spent)
	}
	if !a.introduce(12, 11, now) {
		t.Error("the victim may not meet a stranger any more")
	}
}

// TestANetworkCannotRaiseItsBudget: the more sockets one network holds, the more viewers a stream seems to have. What it may learn of
// 1,000 others is the same with 3,000 of its own there, of which some go from cell to cell.
func TestANetworkCannotRaiseItsBudget(t *testing.T) {
	const good, evil, moving = 1000, 7, 100
	for _, idle := range []int{960, 2900} {
		chance := rand.New(rand.NewPCG(1, uint64(idle)))
		swarm := cell.New(cell.Config{Size: 32, Roots: 24})
		a := newAcquaintances(swarm, 34)
		now, drawn := time.Now(), wire.ViewerID(0)
		come := func(origin uint64) wire.ViewerID {
			drawn++
			if err := swarm.Join(wire.Member{ID: drawn, Rendition: uint8(chance.IntN(8)), Weight: 100}, cell.Place{Origin: origin}); err != nil {
				t.Fatal(err)
			}
			a.came(drawn, now)
			return drawn
		}
		leave := func(id wire.ViewerID) {
			a.left(swarm.Origin(id), now)
			swarm.Leave(id)
		}
		var victims, movers []wire.ViewerID
		of := map[wire.ViewerID]int{} // which of the 1,000 it is
		inhabit := func(i int) {
			victims[i] = come(uint64(1000 + len(of)))
			of[victims[i]] = i
		}
		for i := range good { // both come at the same time
			victims = append(victims, 0)
			inhabit(i)
			for range (i+1)*idle/good - i*idle/good {
				come(evil)
			}
		}
		for range moving {
			movers = append(movers, come(evil))
		}
		learned := map[wire.ViewerID]bool{}
		for second := range 600 {
			now = now.Add(time.Second)
			if i := chance.IntN(good); second%2 == 0 { // each stays for half an hour in the mean
				leave(victims[i])
				inhabit(i)
			}
			for n := range moving / 10 {
				i := (second*moving/10 + n) % moving
				leave(movers[i])
				movers[i] = come(evil)
				r, _ := swarm.Roster(movers[i])
				for _, m := range r.Members {
					if _, ok := of[m.ID]; ok && a.introduce(movers[i], m.ID, now) {
						learned[m.ID] = true
					}
				}
			}
			swarm.Flush(int64(second) * 1000)
		}
		t.Logf("%d idle, %d moving: %d of %d learned", idle, moving, len(learned), good)
		if len(learned) == 0 || len(learned) > good*5/100 {
			t.Errorf("one network with %d idle and %d moving sockets learned %d of %d, at most 5 %% are allowed", idle, moving, len(learned), good)
		}
	}
}

// TestOriginsThatWereNotRemembered: who came when there were too many origins leaves one that is remembered since.
func TestOriginsThatWereNotRemembered(t *testing.T) {
	now := time.Now()
	swarm := cell.New(cell.Config{Size: 32})
	a := newAcquaintances(swarm, 34)
	for id := wire.ViewerID(1); id <= 3; id++ {
		if err := swarm.Join(wire.Member{ID: id}, cell.Place{Origin: 7}); err != nil {
			t.Fatal(err)
		}
	}
	a.came(2, now) // the first came unnoticed
	a.left(7, now)
	a.left(7, now)
	if a.viewers != 0 || a.origins[7].viewers != 0 {
		t.Fatalf("%d viewers are counted after all have left, %d in all", a.origins[7].viewers, a.viewers)
	}
	a.sweep(now.Add(acquaintMemory + time.Minute))
	if len(a.origins) != 0 {
		t.Error("an origin without viewers is remembered for ever")
	}
	for range 2 * acquaintOfOne {
		a.came(3, now)
	}
	if a.viewers != acquaintOfOne {
		t.Errorf("%d viewers of one origin count, want %d", a.viewers, acquaintOfOne)
	}
	for range 2 * acquaintOfOne {
		a.left(7, now)
	}
	if a.viewers != 0 {
		t.Errorf("%d are left of none", a.viewers)
	}
}

// TestTheBudgetFollowsTheCellSize: where cells become larger all of their members may meet, unless the operator has said how many may.
func TestTheBudgetFollowsTheCellSize(t *testing.T) {
	for configured, want := range map[int][3]int{0: {10, 34, 6}, 7: {7, 7, 7}} {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, Config{CellSize: 8, Acquaintances: configured})
			v := w.join("demo")
			s := w.tracker.streamOf("demo")
			for i, size := range []int{8, 32, 4} {
				c := w.tracker.ControlOf("demo")
				c.CellSize = size
				if err := w.tracker.SetControl("demo", c); err != nil {
					t.Fatal(err)
				}
				s.mu.Lock()
				if got := int(s.keeper.acquaintances.most()); got != want[i] {
					t.Errorf("with cells of %d and %d configured, %d may be met, want %d", size, configured, got, want[i])
				}
				s.mu.Unlock()
			}
			other := w.tracker.newKeeper(Control{CellSize: 16}, time.Now()) // whose control was read before
			if got := other.acquaintances.least; configured == 0 && got != 18 || configured != 0 && got != configured {
				t.Errorf("a new keeper has %d", got)
			}
			v.send(wire.Leave{}.Append(nil))
		})
	}
}

// TestALargerCellIsMet: cells of 8 become cells of 32, and nobody in them is kept from anybody.
func TestALargerCellIsMet(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{CellSize: 8, AddressHeader: "X-Real-IP"})
		var viewers []*testViewer
		for i := range 32 {
			viewers = append(viewers, w.from(fmt.Sprintf("20.0.%d.1", i), "demo"))
		}
		meet := func() {
			settled(viewers...)
			s := w.tracker.streamOf("demo")
			for _, v := range viewers {
				s.mu.Lock()
				r, _ := s.keeper.swarm.Roster(v.id)
				s.mu.Unlock()
				for _, m := range r.Members {
					if m.ID > v.id {
						v.send(signalTo(m.ID, "v=0"))
					}
				}
			}
			settled(viewers...)
		}
		meet()
		c := w.tracker.ControlOf("demo")
		c.CellSize = 32
		if err := w.tracker.SetControl("demo", c); err != nil {
			t.Fatal(err)
		}
		meet()
		if n := testutil.ToFloat64(w.tracker.privacy.unacquainted); n != 0 {
			t.Errorf("%v signals within cells were withheld", n)
		}
		if n := w.tracker.Streams()[0].Cells; n > 2 {
			t.Errorf("%d cells, want 2 or 1", n)
		}
	})
}

func TestAcquaintancesAreFewAndGrowWithTheStream(t *testing.T) {
	a := &acquaintance{}
	for id := range wire.ViewerID(100) {
		offer{of: a, whom: acquainted{id: uint32(id + 1)}, price: 1}.take(10)
	}
	if len(a.known) != 10 || a.spent != 100 || a.known[0].id != 91 || a.known[9].id != 100 {
		t.Errorf("remembered %v, spent %v", a.known, a.spent)
	}
	offer{of: a, whom: acquainted{id: 100}, known: true}.take(10)
	offer{}.take(10)
	if a.spent != 100 || len(a.known) != 10 {
		t.Error("charged for what is known")
	}
	if _, err := New(Config{Acquaintances: -1}); err == nil {
		t.Error("a negative number was taken")
	}
}
