package tracker

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/token"
	"github.com/shoal-live/shoal/tracker/store"
)

func TestHolders(t *testing.T) {
	h := newHolders(2)
	one, other := token.ID{1}, token.ID{2}
	for _, step := range []struct {
		what   string
		id     token.ID
		viewer wire.ViewerID
		joined int64
		out    wire.ViewerID
	}{
		{"the first", one, 7, 100, 0},
		{"the second", one, 8, 200, 0},
		{"the third is one too many", one, 9, 300, 9},
		{"who joined earlier stays for the last", one, 9, 150, 8},
		{"who holds a seat keeps it", one, 7, 900, 0},
		{"whoever has no token needs none", token.ID{}, 10, 1, 0},
		{"another token", other, 8, 400, 0},
		{"another token in place of the first", other, 7, 900, 0},
		{"leaves its seat free", one, 10, 950, 0},
	} {
		if out := h.take(step.id, step.viewer, step.joined); out != step.out {
			t.Errorf("%s: %d has no seat, want %d", step.what, out, step.out)
		}
	}
	for viewer := wire.ViewerID(7); viewer <= 10; viewer++ {
		h.give(viewer)
		h.give(viewer)
	}
	if len(h.by)+len(h.of) != 0 {
		t.Errorf("all have left, and it holds %v and %v", h.by, h.of)
	}
}

// tokened is a party whose trackers want tokens of the same keys.
type tokened struct {
	*party
	admission
}

func newTokened(t *testing.T, trackers int) tokened {
	a := tokened{party: &party{t: t, meet: store.NewMemory()}}
	for i := range trackers {
		way := &faulty{Store: a.meet, dead: make(chan struct{})}
		config := Config{Store: way, Tokens: a.keys}
		if i == 0 {
			a.admission = newAdmission(t, config)
		} else {
			config.Tokens, config.AddressHeader = a.keys, "X-Real-IP"
			a.worlds = append(a.worlds, newWorld(t, config))
		}
		if i == 0 {
			a.worlds = append(a.worlds, a.admission.world)
		}
		a.ways = append(a.ways, way)
	}
	return a
}

// come has a viewer join with a token.
func (a tokened) come(at, who int, text string) *follower {
	a.party.t.Helper()
	v, _, err := a.worlds[at].dialWith(address("192.0.2.1"), "demo", text)
	if err != nil {
		a.party.t.Fatal(err)
	}
	v.read()
	return a.follow(v, who)
}

// expect tells after a moment who is to be there and who is to have been refused.
func (a tokened) expect(there []*follower, refused *follower) {
	a.party.t.Helper()
	a.await(10*time.Second, there)
	time.Sleep(2 * time.Second)
	synctest.Wait()
	for _, f := range there {
		if closed, why := f.ended(); closed {
			a.party.t.Errorf("viewer %d was sent away: %+v", f.secret, why)
		}
	}
	if closed, why := refused.ended(); !closed || why.Reason != wire.RefusedToken || why.RetryAfter != 3 && why.RetryAfter != 15 {
		a.party.t.Errorf("viewer %d is there still, or was told %+v", refused.secret, why)
	}
	if ids := refused.members(); len(ids) > 0 {
		a.party.t.Errorf("who was refused was shown %x", ids)
	}
}

// TestOneTokenAtTwoTrackers: the second viewer of a token is refused wherever it comes, and shown nobody; the viewer itself may move.
func TestOneTokenAtTwoTrackers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a := newTokened(t, 3)
		var there []*follower
		text := map[int]string{}
		for who := range 6 {
			text[who] = a.make(token.Claims{Stream: "demo", Name: string(rune('a' + who))})
			there = append(there, a.come(who%3, 1+who, text[who]))
		}
		a.await(10*time.Second, there)
		for at := range 3 {
			a.expect(there, a.come((at+1)%3, 100+at, text[at]))
			a.expect(there, a.come((at+2)%3, 200+at, text[at]))
		}
		for who, f := range there {
			there[who] = a.come((who+1)%3, f.secret, text[who])
			time.Sleep(time.Second)
		}
		a.await(10*time.Second, there)
		a.expect(there, a.come(2, 300, text[0])) // who moved to 1
		for i := range 3 {
			s := a.worlds[i].tracker.streamOf("demo")
			s.mu.Lock()
			if s.keeper != nil && (len(s.keeper.holders.of) != 6 || len(s.keeper.holders.by) != 6) {
				t.Errorf("%d viewers hold %d tokens, want 6 and 6", len(s.keeper.holders.of), len(s.keeper.holders.by))
			}
			s.mu.Unlock()
		}
		there[0].socket.send(wire.Leave{}.Append(nil))
		time.Sleep(time.Second)
		there[0] = a.come(0, 400, text[0])
		a.await(10*time.Second, there)
	})
}

// TestOneTokenWhileTrackersAreApart: who came with another's token while the trackers did not hear of each other is out when they do.
func TestOneTokenWhileTrackersAreApart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a := newTokened(t, 2)
		text := a.make(token.Claims{Stream: "demo"})
		there := []*follower{a.come(0, 1, text)}
		for _, way := range a.ways {
			way.away.Store(true)
		}
		time.Sleep(5 * time.Second)
		second := a.come(1, 2, text)
		time.Sleep(5 * time.Second)
		for _, way := range a.ways {
			if way.faults.Load() == 0 {
				t.Error("no fault was injected")
			}
			way.away.Store(false)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if closed, why := second.ended(); !closed || why.Reason != wire.RefusedToken {
			t.Errorf("who came second is there still, or was told %+v", why)
		}
		a.await(10*time.Second, there)
		if closed, _ := there[0].ended(); closed {
			t.Error("who came first is out")
		}
	})
}
