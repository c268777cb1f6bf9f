package main

import (
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// TestPace tells who is slow. A look is a second after the one before it; each says how much was taken, and whether more waits.
func TestPace(t *testing.T) {
	type look struct {
		taken   uint64
		waiting bool
	}
	repeat := func(n int, l func(i int) look) (all []look) {
		for i := range n {
			all = append(all, l(i))
		}
		return all
	}
	for what, c := range map[string]struct {
		looks []look
		slow  int // the look at which it is; -1: never
	}{
		"takes nothing":               {repeat(30, func(int) look { return look{5, true} }), 10},
		"takes a little":              {repeat(30, func(i int) look { return look{uint64(i) * 999, true} }), 10},
		"takes just enough":           {repeat(60, func(i int) look { return look{uint64(i) * 1000, true} }), -1},
		"is held":                     {repeat(60, func(int) look { return look{5, false} }), -1},
		"has nothing waiting at last": {append(repeat(10, func(int) look { return look{5, true} }), look{5, false}), -1},
		"begins to wait late":         {append(repeat(20, func(int) look { return look{5, false} }), repeat(20, func(int) look { return look{5, true} })...), 30},
		"stops in the middle":         {append(repeat(15, func(i int) look { return look{uint64(i) * 5000, true} }), repeat(30, func(int) look { return look{70_000, true} })...), 30},
		"catches up each time": {repeat(60, func(i int) look {
			return look{uint64(i/9) * 100, i%9 != 0}
		}), -1},
	} {
		t.Run(what, func(t *testing.T) {
			var p pace
			got := -1
			for i, l := range c.looks {
				if p.slow(time.Unix(int64(100+i), 0), l.taken, l.waiting, 1000) {
					got = i
					break
				}
			}
			if got != c.slow {
				t.Errorf("slow at %d, want %d", got, c.slow)
			}
		})
	}
}

// TestRound has connections come and leave at random, and looks at them for as long: each is looked at two and a half seconds after it came at the
// latest, and again within five, within two and a half while nobody comes or leaves, and there as often as any other.
func TestRound(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var r round
	looked := map[*paced]int{} // step
	for step := range 40_000 {
		if step%10_000 == 0 { // all leave, wherever the round is
			for p := range looked {
				r.leave(p)
			}
			clear(looked)
		}
		busy := step%2000 < 1000
		for busy && random.IntN(2) == 0 {
			if random.IntN(step%2000+1) < 500 {
				p := new(paced)
				r.enter(p)
				looked[p] = step
			} else if len(r.all) > 0 {
				p := r.all[random.IntN(len(r.all))]
				r.leave(p)
				delete(looked, p)
			}
		}
		for _, p := range r.step(nil) {
			if at, in := looked[p]; !in {
				t.Fatal("one is looked at that has left")
			} else if between := step - at; !busy && step%2000 > 1200 && between != paceSteps {
				t.Fatalf("%d steps are between two looks at one of %d", between, len(r.all))
			}
			looked[p] = step
		}
		for p, at := range looked {
			if step-at > 2*paceSteps || r.all[p.at] != p {
				t.Fatalf("one of %d was not looked at for %d steps", len(looked), step-at)
			}
		}
	}
	if len(looked) != len(r.all) || len(looked) < 100 {
		t.Errorf("%d are in the round, %d should be", len(r.all), len(looked))
	}
}

// TestOnePath: who comes by several paths is let in by one, of which the system tells all.
//
// Clause: edge-slow
func TestOnePath(t *testing.T) {
	var dialer net.Dialer
	dialer.SetMultipathTCP(true)
	viewer, conn := meet(t, &dialer)
	for _, c := range []net.Conn{viewer, conn} {
		if several, err := c.(*net.TCPConn).MultipathTCP(); err != nil || several {
			t.Errorf("several paths: %v, %v", several, err)
		}
	}
}

// meet returns both ends of a connection to a listener of the program's.
func meet(t *testing.T, dialer *net.Dialer) (viewer, conn net.Conn) {
	t.Helper()
	listener, err := door{"http", "127.0.0.1:0"}.listen()
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if viewer, err = dialer.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { viewer.Close() })
	if conn, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return viewer, conn
}

// TestSlowReadersAreCut has three connections be looked at twice, eleven seconds apart by the clock that the looks are told: who reads nothing of what it
// is sent is cut, who reads it and who is sent nothing are not.
//
// Clause: edge-slow
func TestSlowReadersAreCut(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells how fast connections are")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	l, err := newLobby(listener, bounds{all: 10, minRate: 8 << 10}, prometheus.NewRegistry(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	meet := func() (viewer, conn net.Conn) {
		viewer, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { viewer.Close() })
		if conn, err = l.Accept(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return viewer, conn
	}
	slow, toSlow := meet()
	fast, toFast := meet()
	_, toHeld := meet()
	ended := make(chan error, 2)
	for _, c := range []net.Conn{toSlow, toFast} {
		go func() {
			_, err := c.Write(make([]byte, 32<<20))
			ended <- err
		}()
	}
	if n, err := io.ReadFull(fast, make([]byte, 32<<20)); err != nil {
		t.Fatal(n, err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, waiting, ok := paceOf(toSlow.(*net.TCPConn)); ok && waiting {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing waits for who reads nothing")
		}
	}
	now := time.Now()
	l.look(now, l.round.all)
	if testutil.ToFloat64(l.cut) != 0 {
		t.Fatal("somebody is cut at the first look")
	}
	l.look(now.Add(paceWindow+time.Second), l.round.all)
	if err := <-ended; err == nil || testutil.ToFloat64(l.cut) != 1 {
		t.Errorf("%v, %v are cut", err, testutil.ToFloat64(l.cut))
	}
	if n, err := io.Copy(io.Discard, slow); err == nil || n >= 32<<20 {
		t.Errorf("who was slow got %d bytes, %v", n, err)
	}
	for _, c := range []net.Conn{toFast, toHeld} {
		if _, err := c.Write([]byte{1}); err != nil {
			t.Error(err)
		}
	}
	for _, c := range []net.Conn{toSlow, toFast, toHeld} {
		l.leave(c)
	}
	if len(l.paces) != 0 || len(l.round.all) != 0 || l.count != 0 {
		t.Errorf("%d and %d are looked at after all have left", len(l.paces), len(l.round.all))
	}
}
