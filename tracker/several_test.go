package tracker

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

func TestOneSwarmOfSeveralTrackers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newParty(t, 3, Config{})
		viewers := p.gather(30)
		took := p.await(5*time.Second, viewers)
		if n := len(viewers[0].members()); n != 30 {
			t.Fatalf("a cell of %d, want all 30 in one", n)
		}
		if k := p.keepers(); len(k) != 1 {
			t.Fatalf("trackers %v keep the cells", k)
		}
		t.Logf("whole after %v", took)

		for i, from := range viewers { // an offer to each of the others, of which two thirds are elsewhere
			for _, to := range viewers {
				if from != to {
					from.socket.send(signalTo(to.id, "offer"))
				}
			}
			if i%5 == 0 {
				time.Sleep(100 * time.Millisecond)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		for _, to := range viewers {
			if n := len(to.offers); n != 29 {
				t.Errorf("viewer %x got %d offers, want 29", to.id, n)
			}
		}
		viewers[4].socket.send(signalTo(wire.ViewerID(77), "stranger"))
		before := viewers[7].missed
		viewers[4].socket.send(wire.Update{Flags: wire.MayUpload | wire.Ready, Weight: 7}.Append(nil))
		viewers[5].socket.send(wire.Leave{}.Append(nil))
		left := slices.Delete(slices.Clone(viewers), 5, 6)
		p.await(2*time.Second, left)
		time.Sleep(time.Second)
		synctest.Wait()
		for _, m := range viewers[7].roster.Members {
			if m.ID == viewers[4].id && (m.Weight != 7 || m.Flags&wire.Ready == 0) {
				t.Errorf("an update did not get to the other tracker: %+v", m)
			}
		}
		if viewers[7].missed != before {
			t.Error("a delta did not fit")
		}
	})
}

func TestManyCellsOfSeveralTrackers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newParty(t, 3, Config{CellSize: 8, Roots: 2})
		p.await(10*time.Second, p.crowd(100))
		time.Sleep(2 * beatEvery)
		var viewers, cells, roots int
		for _, w := range p.worlds {
			for _, s := range w.tracker.Streams() {
				viewers, cells, roots = viewers+s.Viewers, cells+s.Cells, roots+s.Roots
			}
		}
		for i, w := range p.worlds {
			if s := w.tracker.Streams()[0].Swarm; s != (SwarmStats{Trackers: 3, Viewers: viewers, Cells: cells, Roots: roots}) {
				t.Errorf("tracker %d says %+v of the swarm, in all there are %d viewers, %d cells, %d roots", i, s, viewers, cells, roots)
			}
		}
		if viewers != 100 || roots != 2 || cells < 13 {
			t.Errorf("summed over the trackers: %d viewers, %d cells, %d roots", viewers, cells, roots)
		}
	})
}

// A viewer that comes back by another tracker is there, and not here any more.
func TestViewerMovesToAnotherTracker(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newParty(t, 3, Config{})
		viewers := p.crowd(9)
		p.await(5*time.Second, viewers)
		for i, f := range slices.Clone(viewers) {
			before := p.guests[0].rosters
			viewers[i] = p.join((i+1)%3, f.secret)
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if !f.closed {
				t.Fatalf("viewer %d: the old socket is still open", i)
			}
			if i > 0 && i != 1 && p.guests[0].rosters > before+1 {
				t.Errorf("viewer %d moved, and another was told %d rosters", i, p.guests[0].rosters-before)
			}
		}
		p.await(5*time.Second, viewers)
	})
}

func TestTrackerIsKilled(t *testing.T) {
	for _, which := range []string{"the keeper", "a guest"} {
		t.Run(which, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newParty(t, 3, Config{CellSize: 16})
				viewers := p.crowd(60)
				p.await(10*time.Second, viewers)
				victim := p.keepers()[0]
				if which == "a guest" {
					victim = (victim + 1) % 3
				}
				lost := p.at(victim)
				p.kill(victim)
				time.Sleep(1500 * time.Millisecond)
				alive := slices.DeleteFunc(slices.Clone(viewers), func(f *follower) bool { return slices.Contains(lost, f) })
				for i, f := range lost[:15] { // five never come back
					alive = append(alive, p.join((victim+1+i%2)%3, f.secret))
				}
				took := p.await(30*time.Second, alive)
				t.Logf("whole, without ghosts, %v after the viewers had come back", took)
				if p.ways[victim].faults.Load() == 0 {
					t.Error("no fault was injected")
				}
			})
		})
	}
}

// The keeper stops as it should: the others carry on at once, and nobody hears of a new cell.
func TestKeeperIsDrained(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newParty(t, 3, Config{})
		viewers := p.gather(30)
		p.await(10*time.Second, viewers)
		if n := len(viewers[0].members()); n != 30 {
			t.Fatalf("a cell of %d, want all 30 in one", n)
		}
		keeper := p.keepers()[0]
		moving := p.at(keeper)
		p.worlds[keeper].stop()
		time.Sleep(200 * time.Millisecond)
		alive := slices.DeleteFunc(slices.Clone(viewers), func(f *follower) bool { return slices.Contains(moving, f) })
		for i, f := range moving {
			alive = append(alive, p.join((keeper+1+i%2)%3, f.secret))
		}
		took := p.await(5*time.Second, alive)
		if n := len(alive[0].members()); n != 30 {
			t.Errorf("the cell has %d members, want the 30 of before", n)
		}
		t.Logf("whole %v after the keeper stopped", took)
	})
}

// The farewell of a keeper that has no viewers to wait for is on its way, slowly, when all else of it has ended: it arrives.
func TestFarewellThatIsUnderWay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newParty(t, 2, Config{})
		viewers := p.gather(6)
		p.await(10*time.Second, viewers)
		keeper := p.keepers()[0]
		for _, f := range p.at(keeper) {
			f.socket.send(wire.Leave{}.Append(nil))
		}
		time.Sleep(time.Second)
		const slow = 300 * time.Millisecond
		p.ways[keeper].slow.Store(int64(slow))
		p.worlds[keeper].stop()
		time.Sleep(2*slow + 100*time.Millisecond) // sooner than silence would tell
		synctest.Wait()
		if k := p.keepers(); !slices.Equal(k, []int{1 - keeper}) {
			t.Errorf("trackers %v keep the cells", k)
		}
	})
}

// The store is away for half a minute, to all or to two of three: nobody loses a peer, newcomers are answered, and all
// are one swarm soon after.
func TestStoreIsAway(t *testing.T) {
	for _, c := range []struct {
		name  string
		which func(keeper int) []int
	}{
		{"to all", func(int) []int { return []int{0, 1, 2} }},
		{"to two guests", func(k int) []int { return []int{(k + 1) % 3, (k + 2) % 3} }},
		{"to the keeper and a guest", func(k int) []int { return []int{k, (k + 1) % 3} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newParty(t, 3, Config{})
				viewers := p.gather(24)
				p.await(10*time.Second, viewers)
				away := c.which(p.keepers()[0])
				for _, i := range away {
					p.ways[i].away.Store(true)
				}
				for range 30 {
					time.Sleep(time.Second)
					synctest.Wait()
					for _, f := range viewers {
						if n := len(f.members()); n < 24 {
							t.Fatalf("viewer %x has %d peers left", f.id, n-1)
						}
					}
				}
				newcomers := p.crowd(6)
				time.Sleep(2 * time.Second)
				synctest.Wait()
				for _, f := range newcomers {
					if len(f.members()) < 2 {
						t.Errorf("a newcomer at a tracker without a store was told %x", f.members())
					}
				}
				for _, i := range away {
					if p.ways[i].faults.Load() == 0 {
						t.Error("no fault was injected")
					}
					p.ways[i].away.Store(false)
				}
				took := p.await(10*time.Second, append(viewers, newcomers...))
				t.Logf("whole %v after the store was back", took)
			})
		})
	}
}

// A part of the store carries nothing any more, as when one server of a Cluster does not answer: to whomever nothing can be sent, all
// newcomers are answered, nobody waits for what is sent to others, and nobody loses a peer.
func TestPartOfTheStoreCarriesNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		to   []int // after the keeper
	}{
		{"to the keeper", []int{0}},
		{"to the keeper and a guest", []int{0, 1}},
		{"to a guest", []int{1}},
		{"to both guests", []int{1, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newParty(t, 3, Config{CellSize: 64})
				viewers := p.gather(24)
				p.await(10*time.Second, viewers)
				keeper := p.keepers()[0]
				var away []string
				for _, i := range c.to {
					away = append(away, p.worlds[(keeper+i)%3].tracker.exchange.name)
				}
				for _, way := range p.ways {
					way.unsent.Store(&away)
				}
				slowest := [3]time.Duration{}
				var newcomers []*follower
				for n := range 60 {
					i := n % 3
					p.drawn++
					f := p.join((keeper+i)%3, p.drawn)
					newcomers = append(newcomers, f)
					began := time.Now()
					for len(f.members()) == 0 && time.Since(began) < 10*time.Second {
						time.Sleep(10 * time.Millisecond)
						synctest.Wait()
					}
					slowest[i] = max(slowest[i], time.Since(began))
					time.Sleep(100 * time.Millisecond)
					for _, f := range viewers {
						if n := len(f.members()); n < 24 {
							t.Fatalf("viewer %x has %d peers left", f.id, n-1)
						}
					}
				}
				t.Logf("the slowest newcomer at the keeper waited %v, at its guests %v and %v", slowest[0], slowest[1], slowest[2])
				for i, took := range slowest {
					if took > 2*time.Second {
						t.Errorf("a newcomer at tracker %d after the keeper waited %v", i, took)
					}
				}
				if p.ways[0].faults.Load()+p.ways[1].faults.Load()+p.ways[2].faults.Load() == 0 {
					t.Error("no fault was injected")
				}
				for _, way := range p.ways {
					way.unsent.Store(nil)
				}
				p.await(30*time.Second, append(viewers, newcomers...))
			})
		})
	}
}

// All leases are gone at once: whoever takes them, nobody loses a peer.
func TestStoreIsFlushed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newParty(t, 3, Config{})
		viewers := p.gather(24)
		p.await(10*time.Second, viewers)
		for range 10 {
			for _, w := range p.worlds {
				p.meet.Drop(context.Background(), w.tracker.exchange.name, []string{"demo"})
			}
			for range 30 {
				time.Sleep(100 * time.Millisecond)
				for _, f := range viewers {
					if n := len(f.members()); n != 24 {
						t.Fatalf("viewer %x has %d peers left", f.id, n-1)
					}
				}
			}
		}
		p.await(10*time.Second, viewers)
	})
}

// Whatever is lost on the way between trackers, all are told the same in the end.
func TestLostWords(t *testing.T) {
	for seed := range uint64(8) {
		bubble(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			p := newParty(t, 3, Config{CellSize: 8})
			var lossy atomic.Bool
			lossy.Store(true)
			var mu sync.Mutex
			for _, way := range p.ways {
				way.loses = func() bool {
					mu.Lock()
					defer mu.Unlock()
					return lossy.Load() && random.IntN(4) == 0
				}
			}
			var viewers []*follower
			for range 40 {
				viewers = append(viewers, p.crowd(3)...)
				mu.Lock()
				leaves := random.IntN(len(viewers))
				mu.Unlock()
				viewers[leaves].socket.send(wire.Leave{}.Append(nil))
				viewers = slices.Delete(viewers, leaves, leaves+1)
				time.Sleep(200 * time.Millisecond)
			}
			var faults int64
			for _, way := range p.ways {
				faults += way.faults.Load()
			}
			if faults == 0 {
				t.Fatal("no fault was injected")
			}
			lossy.Store(false)
			took := p.await(30*time.Second, viewers) // who left while words were lost may have been restored as a ghost
			t.Logf("seed %d: %d batches lost, whole %v later", seed, faults, took)
		})
	}
}

// Bridges may have their ends at two trackers.
func TestBridgesBetweenTrackers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newParty(t, 3, Config{CellSize: 6, Roots: 1})
		viewers := p.crowd(36)
		p.await(10*time.Second, viewers)
		byID := map[wire.ViewerID]*follower{}
		for _, f := range viewers {
			byID[f.id] = f
		}
		tried := 0
		for _, f := range viewers {
			for _, other := range f.linked() {
				if slices.Contains(p.at(0), f) == slices.Contains(p.at(0), byID[other]) {
					continue
				}
				tried++
				before := len(byID[other].offers)
				f.socket.send(signalTo(other, "offer"))
				time.Sleep(100 * time.Millisecond)
				synctest.Wait()
				if got := byID[other].offers; len(got) != before+1 || got[before] != f.id {
					t.Fatalf("an offer over a bridge from %x did not get to %x", f.id, other)
				}
			}
		}
		if tried == 0 {
			t.Fatal("no bridge has its ends at two trackers")
		}
	})
}
