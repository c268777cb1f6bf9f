package tracker

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestOffset(t *testing.T) {
	var o offset
	for _, step := range []struct {
		what                string
		theirs, ours, wants int64
	}{
		{"the first is all that is known", 1000, 51_200, 50_200},
		{"one that came sooner counts", 1500, 51_550, 50_050},
		{"one that was held back does not", 2000, 62_050, 50_155},
		{"nor what came with it", 12_000, 62_060, 50_060},
		{"nor one of a minute later that was held back for half of it", 42_000, 122_050, 50_659},
		{"clocks come apart, slowly", 100_000, 150_070, 50_070},
		{"theirs has stood still for a minute", 200_000, 310_070, 51_670},
		{"which is known in time", 10_000_000, 10_110_070, 110_070},
	} {
		o.hear(step.theirs, step.ours)
		if got := o.now(step.ours); got != step.wants {
			t.Errorf("%s: %d, want %d", step.what, got, step.wants)
		}
	}
}

// TestNewsThatWereHeldBack: a viewer joins at a guest, and then at the keeper, which hears of the former only now: its later socket stays.
func TestNewsThatWereHeldBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newParty(t, 2, Config{})
		viewers := p.gather(4)
		p.await(10*time.Second, viewers)
		keeper := p.keepers()[0]
		p.ways[keeper].held.Store(true)
		old := p.join(1-keeper, 100)
		time.Sleep(2 * time.Second)
		later := p.join(keeper, 100)
		time.Sleep(5 * time.Second)
		p.ways[keeper].held.Store(false)
		time.Sleep(time.Second)
		synctest.Wait()
		if p.ways[keeper].faults.Load() == 0 {
			t.Fatal("nothing was held back")
		}
		if ended, _ := later.ended(); ended {
			t.Error("the later socket was ended for the sake of the one before")
		}
		if ended, _ := old.ended(); !ended {
			t.Error("the old socket is still open")
		}
		p.await(5*time.Second, append(viewers, later))
	})
}

// TestGoneThatWasHeldBack: a viewer joins at a guest, at another tracker, and at the guest again, which hears only now that the first of
// these sockets is to end: the last one stays.
func TestGoneThatWasHeldBack(t *testing.T) {
	for _, other := range []string{"the keeper", "a guest"} {
		bubble(t, func(t *testing.T) {
			p := newParty(t, 3, Config{})
			viewers := p.gather(6)
			p.await(10*time.Second, viewers)
			keeper := p.keepers()[0]
			guest, between := (keeper+1)%3, keeper
			if other == "a guest" {
				between = (keeper + 2) % 3
			}
			p.join(guest, 100)
			time.Sleep(time.Second)
			p.ways[guest].held.Store(true)
			p.join(between, 100)
			time.Sleep(300 * time.Millisecond)
			last := p.join(guest, 100)
			time.Sleep(300 * time.Millisecond)
			p.ways[guest].held.Store(false)
			time.Sleep(time.Second)
			synctest.Wait()
			if p.ways[guest].faults.Load() == 0 {
				t.Fatal("nothing was held back")
			}
			if n := len(p.keepers()); n != 1 {
				t.Fatalf("%d trackers keep the cells: too long was held back", n)
			}
			for i, f := range p.guests[len(p.guests)-3:] {
				if ended, _ := f.ended(); ended != (f != last) {
					t.Errorf("by way of %s: socket %d of 3 has ended: %v", other, i+1, ended)
				}
			}
			p.await(5*time.Second, append(viewers, last))
		})
	}
}
