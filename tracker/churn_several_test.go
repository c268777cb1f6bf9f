package tracker

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/store"
)

// TestChurnOfTwoTrackers: a quarter of an hour in which viewers come to two trackers over one store, go, lose their sockets, change
// from one to the other and link, while controls change, leases are lost and the store goes away. What the two hold of each other
// is bounded by who is there, and does not grow.
func TestChurnOfTwoTrackers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const crowd, networks, minutes = 36, 20, 15
		meet := store.NewMemory()
		var worlds []*world
		var ways []*faulty
		for range 2 {
			way := &faulty{Store: meet, dead: make(chan struct{})}
			ways = append(ways, way)
			worlds = append(worlds, newWorld(t, Config{
				Store: way, CellSize: 8, Roots: 2, AddressHeader: "X-Real-IP", JoinBurst: 1 << 20, StreamBurst: 1 << 20,
			}))
		}
		chance := rand.New(rand.NewPCG(15, 0))
		secrets := 0
		var here []*churner
		enter := func(at, number int) *churner {
			address := fmt.Sprintf("20.0.%d.%d", number%networks, 1+number%200)
			v, response, err := worlds[at].dialAlone(by(address), "", "")
			if err != nil {
				t.Fatal(err, response)
			}
			v.got = make(chan []byte, 1000)
			v.read()
			v.send(wire.Join{Flags: wire.MayUpload, Weight: 100, Secret: secret(number), Stream: "demo"}.Append(nil))
			return &churner{testViewer: v, number: number}
		}
		leave := func(c *churner, politely bool) {
			if politely { // one that came by another tracker has been closed, perhaps
				c.conn.WriteMessage(websocket.BinaryMessage, wire.Leave{}.Append(nil))
			}
			c.conn.Close()
			c.reading.Wait()
		}
		// held is what the two hold of each other, and of whom they introduced.
		type held struct {
			heap                                                                         uint64
			goroutines, viewers, guests, homes, ghosts, mirrored, outboxes, dropped, set int
			origins, known, keepers, trackers                                            int
		}
		measure := func() (h held) {
			h.heap, h.goroutines = atRest(here)
			for _, w := range worlds {
				x := w.tracker.exchange
				x.out.mu.Lock()
				for _, b := range x.out.all {
					h.outboxes += len(b.batch)
				}
				h.trackers += len(x.out.all)
				x.out.mu.Unlock()
				x.mu.Lock()
				h.dropped += len(x.dropped)
				x.mu.Unlock()
				h.set += len(w.tracker.controls.set)
				for _, s := range w.tracker.all() {
					s.mu.Lock()
					h.viewers += len(s.viewers)
					if k := s.keeper; k != nil {
						h.keepers++
						h.guests, h.homes, h.ghosts = h.guests+len(k.guests), h.homes+len(k.homes), h.ghosts+len(k.ghosts)
						h.origins += len(k.acquaintances.origins)
						for _, o := range k.acquaintances.origins {
							h.known = max(h.known, len(o.known))
						}
					}
					if m := s.mirror; m != nil {
						h.mirrored += len(m.homes)
						if len(m.cells) > len(m.homes) || len(m.count) != len(m.cells) || len(m.bridges) > len(m.homes) {
							t.Errorf("a mirror of %d viewers holds %d cells, %d counts, %d bridges", len(m.homes), len(m.cells), len(m.count), len(m.bridges))
						}
					}
					s.mu.Unlock()
				}
			}
			return h
		}
		var at []held
		moves := 0
		for second := 1; second <= minutes*60; second++ {
			time.Sleep(time.Second)
			if len(here) == crowd {
				i := chance.IntN(crowd)
				c := here[i]
				here[i] = here[len(here)-1]
				here = here[:len(here)-1]
				if chance.IntN(3) == 0 { // by another tracker, the old socket not yet missed
					here = append(here, enter(chance.IntN(2), c.number))
					moves++
				}
				leave(c, chance.IntN(2) == 0)
			}
			for len(here) < crowd {
				secrets++
				here = append(here, enter(chance.IntN(2), secrets))
			}
			for i, c := range here {
				if c.hear(); (second+i)%5 == 0 && len(c.cell) > 1 {
					c.send(signalTo(c.cell[chance.IntN(len(c.cell))], "offer"))
				}
			}
			control := worlds[second%2].tracker.ControlOf("demo")
			switch second % 100 {
			case 20:
				control.P2P = false
			case 25:
				control.P2P, control.Share = true, 0.5
			case 40:
				control.Share = 1
			case 50:
				for _, w := range worlds {
					meet.Drop(context.Background(), w.tracker.exchange.name, []string{"demo"})
				}
			case 60, 64:
				ways[second/100%2].away.Store(second%100 == 60)
			}
			if control != worlds[second%2].tracker.ControlOf("demo") {
				if err := worlds[second%2].tracker.SetControl("demo", control); err != nil {
					t.Fatal(err)
				}
			}
			if second%300 == 0 {
				at = append(at, measure())
			}
		}
		t.Logf("%d viewers, %d came to another tracker; %d and %d faults; at minute 5, 10 and 15: %+v", secrets, moves, ways[0].faults.Load(), ways[1].faults.Load(), at)
		if ways[0].faults.Load() == 0 || ways[1].faults.Load() == 0 || moves == 0 {
			t.Error("nothing was injected")
		}
		for _, h := range at {
			if h.viewers != crowd || h.keepers != 1 || h.guests != 1 || h.homes != h.mirrored || h.ghosts > 0 || h.outboxes > 0 || h.trackers > 2 || h.dropped > 0 || h.set > 2 ||
				h.origins > networks || h.known > 32+2*34 {
				t.Errorf("held: %+v", h)
			}
			if h.goroutines > at[0].goroutines+2 || float64(h.heap) > 1.05*float64(at[0].heap) {
				t.Errorf("%d goroutines and %d bytes became %d and %d", at[0].goroutines, at[0].heap, h.goroutines, h.heap)
			}
		}
		for _, c := range here {
			leave(c, true)
		}
		here = nil
		time.Sleep(keepStream + 2*retireEvery + frozenFor)
		if h := measure(); h.viewers+h.guests+h.homes+h.ghosts+h.mirrored+h.outboxes > 0 {
			t.Errorf("held when all have left: %+v", h)
		}
	})
}
