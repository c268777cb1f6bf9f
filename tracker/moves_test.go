package tracker

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// A tracker that was cut off names a viewer that has moved meanwhile, whose old socket there died without a word: the new one stays,
// the old one ends.
func TestDeadSocketOfAnotherTracker(t *testing.T) {
	for _, which := range []string{"keeper", "guest"} {
		t.Run("at the "+which, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newParty(t, 3, Config{})
				viewers := p.crowd(12)
				p.await(10*time.Second, viewers)
				old := p.keepers()[0]
				if which == "guest" {
					old = (old + 1) % 3
				}
				moving := p.at(old)
				p.ways[old].away.Store(true)
				time.Sleep(5 * time.Second)
				var moved []*follower
				for i, f := range moving {
					moved = append(moved, p.join((old+1+i%2)%3, f.secret))
					time.Sleep(time.Second)
				}
				if p.ways[old].faults.Load() == 0 {
					t.Error("no fault was injected")
				}
				p.ways[old].away.Store(false)
				stay := slices.DeleteFunc(slices.Clone(viewers), func(f *follower) bool { return slices.Contains(moving, f) })
				p.await(10*time.Second, append(stay, moved...))
				time.Sleep(time.Second)
				synctest.Wait()
				for i := range moved {
					if closed, _ := moved[i].ended(); closed {
						t.Errorf("viewer %d lost the socket by which it is there", i)
					}
					if closed, _ := moving[i].ended(); !closed {
						t.Errorf("viewer %d has two", i)
					}
				}
			})
		})
	}
}

// A keeper that stops has cells in which no other tracker has viewers: they are together again by the others, and nobody else's
// cell is changed for them.
func TestDrainedKeeperBequeathsItsCells(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newParty(t, 3, Config{CellSize: 8})
		var viewers []*follower
		for at := range 3 {
			for range 16 {
				p.drawn++
				viewers = append(viewers, p.join(at, p.drawn))
				time.Sleep(50 * time.Millisecond)
			}
		}
		p.await(10*time.Second, viewers)
		keeper := p.keepers()[0]
		if keeper != 0 {
			t.Fatalf("tracker %d keeps the cells", keeper)
		}
		before := map[wire.ViewerID][]wire.ViewerID{}
		for _, f := range viewers {
			if before[f.id] = f.members(); len(before[f.id]) != 8 {
				t.Fatalf("a cell of %d", len(before[f.id]))
			}
		}
		moving := p.at(keeper)
		p.worlds[keeper].stop()
		time.Sleep(200 * time.Millisecond)
		alive := slices.DeleteFunc(slices.Clone(viewers), func(f *follower) bool { return slices.Contains(moving, f) })
		for i, f := range moving {
			alive = append(alive, p.join(1+i%2, f.secret))
			synctest.Wait()
			for _, stayed := range alive[:32] {
				if now := stayed.members(); !slices.Equal(now, before[stayed.id]) {
					t.Fatalf("%d moved, and viewer %x has %x in its roster that had %x", i, stayed.id, now, before[stayed.id])
				}
			}
		}
		p.await(5*time.Second, alive)
		for _, f := range alive {
			if now := f.members(); !slices.Equal(now, before[f.id]) {
				t.Errorf("viewer %x is with %x, before with %x", f.id, now, before[f.id])
			}
		}
	})
}

// A tracker dies and none of its viewers comes back: the store tells that it is dead, and they are not kept as if it were cut off.
func TestTrackerIsKilledWithItsViewers(t *testing.T) {
	for _, which := range []string{"keeper", "guest"} {
		t.Run("the "+which, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newParty(t, 3, Config{})
				viewers := p.gather(30)
				p.await(10*time.Second, viewers)
				victim := p.keepers()[0]
				if which == "guest" {
					victim = (victim + 1) % 3
				}
				lost := p.at(victim)
				p.kill(victim)
				alive := slices.DeleteFunc(viewers, func(f *follower) bool { return slices.Contains(lost, f) })
				took := p.await(30*time.Second, alive)
				t.Logf("whole, without ghosts, after %v", took)
				if p.ways[victim].faults.Load() == 0 {
					t.Error("no fault was injected")
				}
			})
		})
	}
}

// Of a tracker of whom nothing is heard, the viewers are kept while none of them comes by another; once they do, those that do not
// are gone.
func TestCutOffIsNotDead(t *testing.T) {
	for _, c := range []struct {
		left, back int
		want       bool
	}{
		{3, 0, false}, {4, 0, true}, {0, 4, false}, {30, 9, true}, {30, 10, false}, {0, 0, false},
	} {
		if got := cutOff(c.left, c.back); got != c.want {
			t.Errorf("%d left, %d back: cut off %v, want %v", c.left, c.back, got, c.want)
		}
	}
}
