package tracker

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

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

		local, lan := come("127.0.0.1"), come("192.168.1.1")
		for i, o := range others[:3] {
			expect(fmt.Sprint("this machine, and ", i), local, o, true)
			expect(fmt.Sprint("a shared network, and ", i), lan, o, true)
		}
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
