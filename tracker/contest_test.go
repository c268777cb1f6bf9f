package tracker

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/token"
)

// comeDeaf has a viewer join that answers pings only after a while; 0: never.
func (a tokened) comeDeaf(at, who int, text string, after time.Duration) *follower {
	a.party.t.Helper()
	v, _, err := a.worlds[at].dialWith(address("192.0.2.1"), "demo", text)
	if err != nil {
		a.party.t.Fatal(err)
	}
	v.conn.SetPingHandler(func(string) error {
		if after > 0 {
			time.AfterFunc(after, func() { v.conn.WriteControl(websocket.PongMessage, nil, time.Now().Add(time.Second)) })
		}
		return nil
	})
	v.read()
	return a.follow(v, who)
}

// settle has three trackers of which the first keeps the cells, with a viewer at each.
func (a tokened) settle() (there []*follower) {
	a.party.t.Helper()
	for at := range 3 {
		there = append(there, a.come(at, 1+at, a.make(token.Claims{Stream: "demo", Name: string(rune('a' + at))})))
		time.Sleep(2 * time.Second)
	}
	a.await(10*time.Second, there)
	if k := a.keepers(); !slices.Equal(k, []int{0}) {
		a.party.t.Fatalf("trackers %v keep the cells", k)
	}
	return there
}

// refusedSoon waits for a viewer to be refused, and returns when it may come again.
func (a tokened) refusedSoon(f *follower) time.Duration {
	a.party.t.Helper()
	for range 20 {
		time.Sleep(50 * time.Millisecond)
		synctest.Wait()
		if _, why := f.ended(); why.Reason == wire.RefusedToken {
			if ids := f.members(); len(ids) > 0 {
				a.party.t.Errorf("who was refused was shown %x", ids)
			}
			return time.Duration(why.RetryAfter) * time.Second
		}
	}
	a.party.t.Fatalf("viewer %d is not refused", f.secret)
	return 0
}

// Pairs of trackers at which one sits and another comes, where the first tracker keeps the cells.
var meetings = []struct{ sits, comes int }{{0, 1}, {1, 0}, {1, 2}}

// TestADeadSocketElsewhereGivesUpItsSeat: a page that was loaded anew and came to another tracker has its token's seat with its second
// try, where its old socket is dead.
func TestADeadSocketElsewhereGivesUpItsSeat(t *testing.T) {
	for _, at := range meetings {
		t.Run(fmt.Sprintf("from %d to %d", at.sits, at.comes), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				a := newTokened(t, 3)
				there := a.settle()
				text := a.make(token.Claims{Stream: "demo"})
				old := a.comeDeaf(at.sits, 10, text, 0)
				a.await(5*time.Second, append(there, old))
				began := time.Now()
				wait := a.refusedSoon(a.come(at.comes, 11, text))
				if wait != soonAgain {
					t.Fatalf("it is told to come back in %v", wait)
				}
				time.Sleep(wait)
				there = append(there, a.come(at.comes, 11, text))
				a.await(time.Second, there)
				if took := time.Since(began); took > 5*time.Second {
					t.Errorf("it waited %v", took)
				}
				if closed, why := old.ended(); !closed || why.Reason != wire.RefusedToken {
					t.Errorf("its old socket is open still, or was told %+v", why)
				}
			})
		})
	}
}

// TestALiveViewerElsewhereKeepsItsSeat: however often another comes with its token, and however slowly it answers within 2 s.
func TestALiveViewerElsewhereKeepsItsSeat(t *testing.T) {
	for _, at := range meetings {
		for _, slow := range []time.Duration{time.Millisecond, yieldAfter - 100*time.Millisecond} {
			bubble(t, func(t *testing.T) {
				a := newTokened(t, 3)
				there := a.settle()
				text := a.make(token.Claims{Stream: "demo"})
				owner := a.comeDeaf(at.sits, 10, text, slow)
				there = append(there, owner)
				a.await(5*time.Second, there)
				var waits []time.Duration
				for i := range 8 {
					wait := a.refusedSoon(a.come(at.comes, 11, text))
					waits = append(waits, wait)
					if i%4 == 3 {
						wait = time.Second // impatient
					}
					time.Sleep(wait)
				}
				if !slices.Contains(waits, soonAgain) || !slices.Contains(waits, seatAgain) {
					t.Errorf("from %d to %d: who comes is told to wait %v", at.sits, at.comes, waits)
				}
				if closed, why := owner.ended(); closed {
					t.Errorf("from %d to %d, answers after %v: its socket ended: %+v", at.sits, at.comes, slow, why)
				}
				a.await(time.Second, there)
				time.Sleep(soonAgain)
				for i, w := range a.worlds {
					s := w.tracker.streamOf("demo")
					s.mu.Lock()
					if len(s.roused) > 0 {
						t.Errorf("tracker %d still waits for %d viewers", i, len(s.roused))
					}
					s.mu.Unlock()
				}
			})
		}
	}
}

// TestTheQuestionIsLost: then who comes waits for longer, and gets the seat when it asks again.
func TestTheQuestionIsLost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a := newTokened(t, 3)
		there := a.settle()
		text := a.make(token.Claims{Stream: "demo"})
		old := a.comeDeaf(1, 10, text, 0)
		a.await(5*time.Second, append(there, old))
		var losing atomic.Bool
		losing.Store(true)
		a.ways[1].loses = losing.Load
		wait := a.refusedSoon(a.come(2, 11, text))
		time.Sleep(200 * time.Millisecond)
		losing.Store(false)
		if a.ways[1].faults.Load() == 0 {
			t.Error("no fault was injected")
		}
		began := time.Now()
		for range 4 {
			time.Sleep(wait)
			again := a.come(2, 11, text)
			time.Sleep(time.Second)
			synctest.Wait()
			if closed, why := again.ended(); closed {
				wait = time.Duration(why.RetryAfter) * time.Second
				continue
			}
			a.await(5*time.Second, append(there, again))
			t.Logf("it waited %v", time.Since(began))
			return
		}
		t.Errorf("it never gets the seat of the dead")
	})
}

func TestHoldersContest(t *testing.T) {
	h := newHolders(2)
	one := token.ID{1}
	h.take(one, 7, 100)
	h.take(one, 8, 200)
	for _, step := range []struct {
		at   int64
		ask  int
		soon bool
	}{
		{1000, 2, true},
		{2000, 0, true},
		{4000, 0, false},
		{15_999, 0, false},
		{16_000, 2, true},
	} {
		if ask, soon := h.contest(one, step.at); len(ask) != step.ask || soon != step.soon {
			t.Errorf("at %d: %d are asked, soon %v", step.at, len(ask), soon)
		}
	}
	if ask, soon := h.contest(token.ID{2}, 0); ask != nil || soon {
		t.Error("of a token that nobody holds somebody is asked")
	}
	many := newHolders(mostAsked + 1)
	many.take(one, 7, 100)
	if ask, soon := many.contest(one, 1000); ask != nil || soon {
		t.Error("of too many somebody is asked")
	}
}
