package tracker

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// churner is a viewer that reads all it is told, keeps nothing but the IDs of its cell, and does what viewers do.
type churner struct {
	*testViewer
	cell   []wire.ViewerID
	number int // its secret
}

// hear takes what has come.
func (c *churner) hear() {
	for len(c.got) > 0 {
		b := <-c.got
		switch wire.MessageType(b[0]) {
		case wire.TypeWelcome:
			w, _ := wire.ParseWelcome(b)
			c.id = w.Viewer
		case wire.TypeRoster:
			r, _ := wire.ParseRoster(b)
			c.cell = c.cell[:0]
			for _, m := range r.Members {
				c.cell = append(c.cell, m.ID)
			}
		}
	}
}

// TestAnHourOfChurn: sixty minutes in which viewers come, go, lose their sockets, link, report, are turned off and on, in
// streams that come and go too. What the tracker holds at minute 20, 40 and 60 is the same.
func TestAnHourOfChurn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const crowd = 36
		w := newWorld(t, Config{CellSize: 8, Roots: 2, JoinBurst: 1 << 20, StreamBurst: 1 << 20})
		chance := rand.New(rand.NewPCG(60, 0))
		names := []string{"demo", "demo", "demo", "other", "third"}
		var here []*churner
		enter := func(stream string) *churner {
			v, _, err := w.dial(nil)
			if err != nil {
				t.Fatal(err)
			}
			w.viewers = w.viewers[:0]       // they are kept here alone
			v.got = make(chan []byte, 1000) // of which some are in use at most
			v.read()
			v.send(w.joinMessage(stream))
			return &churner{testViewer: v}
		}
		leave := func(i int, politely bool) {
			c := here[i]
			here[i] = here[len(here)-1]
			here = here[:len(here)-1]
			if politely {
				c.send(wire.Leave{}.Append(nil))
			}
			c.conn.Close()
			c.reading.Wait()
		}
		// measure has the crowd at its full number in two streams, and sees what is held.
		type held struct {
			heap                                     uint64
			goroutines, streams, sockets, wheel, out int
			controls, joins, names                   int
		}
		measure := func() (h held) {
			h.heap, h.goroutines = atRest(here)
			w.tracker.mu.Lock()
			h.streams, h.sockets = len(w.tracker.streams), w.tracker.sockets
			w.tracker.mu.Unlock()
			h.wheel, h.controls = len(w.tracker.wheel.all()), len(w.tracker.controls.set)
			for _, s := range w.tracker.all() {
				s.mu.Lock()
				h.out += len(s.outside.members) + len(s.outside.waiting)
				s.mu.Unlock()
			}
			h.joins, h.names = w.tracker.joins.Len(), w.tracker.names.Len()
			return h
		}
		var at []held
		joins := 0
		for second := 1; second <= 3600; second++ {
			time.Sleep(time.Second)
			if len(here) == crowd { // one in each second, so most are others after a minute
				leave(chance.IntN(crowd), chance.IntN(3) > 0)
			}
			for len(here) < crowd {
				here = append(here, enter(names[chance.IntN(len(names))]))
				joins++
			}
			for i, c := range here {
				c.hear()
				switch n := (second + i) % 10; {
				case n == 0:
					c.send(someBeacon.Append(nil))
				case n == 5 && len(c.cell) > 1:
					c.send(signalTo(c.cell[chance.IntN(len(c.cell))], "offer"))
				case n == 7:
					c.send(wire.Update{Flags: wire.MayUpload | wire.Ready | wire.Fed, Weight: uint16(chance.IntN(1000))}.Append(nil))
				}
			}
			if second%60 == 30 { // streams that somebody looks into for a moment
				c := enter("passing" + string(rune('a'+second/60%26)))
				c.send(wire.Leave{}.Append(nil))
				c.reading.Wait()
				c.conn.Close()
			}
			control := w.tracker.ControlOf("demo")
			switch second % 300 {
			case 100:
				control.P2P = false
			case 110:
				control.P2P, control.Share = true, 0.5
			case 150:
				control.Share, control.CellSize, control.Roots = 1, 16, 4
			case 200:
				control.CellSize, control.Roots = 8, 2
			}
			if err := w.tracker.SetControl("demo", control); err != nil {
				t.Fatal(err)
			}
			if second%1200 == 0 {
				at = append(at, measure())
			}
		}
		t.Logf("%d joins; at minute 20, 40 and 60: %+v", joins, at)
		for _, h := range at[1:] {
			first := at[0]
			if d := float64(h.heap) / float64(first.heap); d > 1.05 {
				t.Errorf("the heap grew from %d to %d bytes", first.heap, h.heap)
			}
			if more := h.goroutines - first.goroutines; more > 2 { // somebody may just be read for, or written to
				t.Errorf("%d goroutines more than at minute 20", more)
			}
			h.heap, first.heap, h.goroutines, first.goroutines = 0, 0, 0, 0
			if h != first {
				t.Errorf("held at minute 20: %+v, later %+v", first, h)
			}
		}
		for len(here) > 0 {
			leave(len(here)-1, true)
		}
		time.Sleep(keepStream + 2*retireEvery)
		if h := measure(); h.streams+h.sockets+h.wheel+h.out != 0 {
			t.Errorf("held when all have left: %+v", h)
		}
	})
}

// atRest returns what memory and goroutines are held when nothing is being written and all has been read.
func atRest(here []*churner) (heap uint64, goroutines int) {
	time.Sleep(2 * pause)
	for _, c := range here {
		c.hear()
	}
	synctest.Wait()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, runtime.NumGoroutine()
}
