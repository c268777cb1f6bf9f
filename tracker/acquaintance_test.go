package tracker

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
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

func TestAcquaintancesAreFewAndGrowWithTheStream(t *testing.T) {
	a := &acquaintance{}
	for id := range wire.ViewerID(100) {
		offer{of: a, id: id + 1, price: 1}.take(10)
	}
	if len(a.known) != 10 || a.spent != 100 || a.known[0] != 91 || a.known[9] != 100 {
		t.Errorf("remembered %v, spent %v", a.known, a.spent)
	}
	offer{of: a, id: 100, known: true}.take(10)
	offer{}.take(10)
	if a.spent != 100 || len(a.known) != 10 {
		t.Error("charged for what is known")
	}
	if _, err := New(Config{Acquaintances: -1}); err == nil {
		t.Error("a negative number was taken")
	}
}
