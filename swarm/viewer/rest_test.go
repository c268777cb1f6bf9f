package viewer

import (
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/swarm/scheduler"
)

// TestMachine looks for a while at timers that are late, and goroutines that wait, as they are told to.
func TestMachine(t *testing.T) {
	const ms = time.Millisecond
	for _, tc := range []struct {
		name       string
		last       []beat // over and over
		beats      int
		calm, busy bool
		room       bool
	}{
		{"nothing known", []beat{{}}, 0, true, false, true},
		{"on time", []beat{{}, {late: ms, wait: ms / 4}}, 60, true, false, true},
		{"timers are late", []beat{{late: 30 * ms}}, 60, false, true, false},
		{"goroutines wait", []beat{{wait: 5 * ms}}, 60, false, true, false},
		{"neither", []beat{{late: 15 * ms}}, 60, false, false, false},
		{"goroutines wait a little", []beat{{wait: 5 * ms / 4}}, 60, true, false, false},
		{"one long moment", slices.Concat(make([]beat, 19), []beat{{late: time.Minute, wait: ms}}), 20, true, false, false},
		{"early", []beat{{late: -time.Second}}, 60, true, false, true},
		{"was late", slices.Concat(slices.Repeat([]beat{{late: 100 * ms}}, 12), make([]beat, 8)), 20, false, true, true},
	} {
		var m machine
		for i := range tc.beats {
			m.beat(tc.last[i%len(tc.last)])
		}
		if m.calm() != tc.calm || m.busy() != tc.busy || m.hasRoom() != tc.room {
			t.Errorf("%s: calm %v, busy %v, room %v", tc.name, m.calm(), m.busy(), m.hasRoom())
		}
	}
}

// TestWaits: goroutines of which there are more than processors wait, and it is counted.
func TestWaits(t *testing.T) {
	w := newWaits()
	for range 100 {
		var group sync.WaitGroup
		for range 50 * runtime.GOMAXPROCS(0) {
			group.Go(func() {
				for range 1000 {
					runtime.Gosched()
				}
			})
		}
		group.Wait()
		if w.next() > 0 {
			return
		}
	}
	t.Error("nobody waited")
}

// TestMachineBeats: on a clock that is never late it is calm, and it ends.
func TestMachineBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m machine
		ended := make(chan struct{})
		go func() { m.run(t.Context()); close(ended) }()
		time.Sleep(3 * time.Second)
		m.mu.Lock()
		beats := m.beats
		m.mu.Unlock()
		if beats < 59 || !m.calm() {
			t.Errorf("%d beats in three seconds, calm %v", beats, m.calm())
		}
		t.Cleanup(func() { <-ended })
	})
}

// TestSomeRest: of many whose playback nearly stops on a busy machine an eighth leaves at a time; then it is looked again.
func TestSomeRest(t *testing.T) {
	var m machine
	rests := make([]rest, 80)
	for range rests {
		m.enter()
	}
	look := func(now scheduler.Time, buffered scheduler.Time) (left int) {
		for i := range rests {
			if rests[i].look(now, buffered, &m) {
				left++
			}
		}
		return left
	}
	late := func(by time.Duration, beats int) {
		for range beats {
			m.beat(beat{late: by})
		}
	}
	now := scheduler.Time(0)
	step := func(buffered scheduler.Time) int { now += 250 * scheduler.Millisecond; return look(now, buffered) }
	late(50*time.Millisecond, machineBeats)
	for i := range restLooks - 1 {
		if n := step(0); n != 0 {
			t.Fatalf("%d left after %d looks", n, i+1)
		}
	}
	for wave := range 2 {
		if n := step(0); n != 10 {
			t.Fatalf("wave %d: %d left, want 10", wave, n)
		}
		if m.calm() || m.hasRoom() || !m.busy() {
			t.Fatal("the machine is taken to have time because some have just left")
		}
		late(50*time.Millisecond, machineBeats)
		for i := range restLooks - 2 { // most looked once already, after the last who left
			if n := step(0); n != 0 {
				t.Fatalf("%d left after %d looks after wave %d", n, i+1, wave)
			}
		}
	}
	if n := step(0); n != 10 {
		t.Fatalf("%d left in the third wave, want 10", n)
	}
	late(50*time.Millisecond, machineBeats)
	for range restLooks {
		step(scheduler.Second)
	}
	late(50*time.Millisecond, machineBeats)
	if n := step(scheduler.Second); n != 0 {
		t.Errorf("%d left whose buffers are full", n)
	}
	late(0, machineBeats)
	if n := step(0); n != 0 {
		t.Errorf("%d left though timers are on time", n)
	}
}

// TestRestsGetLonger, and end when the machine has time.
func TestRestsGetLonger(t *testing.T) {
	m := new(machine)
	m.enter()
	beats := func(late time.Duration) {
		for range machineBeats {
			m.beat(beat{late: late})
		}
	}
	var r rest
	now := scheduler.Time(0)
	for i, want := range []scheduler.Time{8, 16, 32, 64, 128, 256, 512, 960, 960} {
		beats(50 * time.Millisecond)
		left := false
		for range restLooks {
			now += 250 * scheduler.Millisecond
			left = left || r.look(now, 0, m)
		}
		if !left || r.times != i+1 || r.length != want*scheduler.Second || r.until < now+r.length || r.until > now+r.length*3/2 {
			t.Fatalf("rest %d: %+v at %d", i, r, now)
		}
		beats(50 * time.Millisecond)
		if now = r.until + restPatience; r.over(now, m) {
			t.Fatal("it joined again while timers were late")
		}
		beats(15 * time.Millisecond)
		if r.over(r.until+restPatience-1, m) || i == 0 && r.over(r.until-1, m) {
			t.Fatal("it joined again where timers are neither late nor on time, and did not wait")
		}
		if i%2 == 0 {
			beats(0)
			now = r.until
		}
		if !r.over(now, m) || r.under {
			t.Fatal("it did not join again")
		}
	}
	now += restSoon + scheduler.Second
	beats(50 * time.Millisecond)
	for range restLooks {
		now += 250 * scheduler.Millisecond
		r.look(now, 0, m)
	}
	if r.length != restFirst {
		t.Errorf("after a long time it rests for %d s", r.length/scheduler.Second)
	}
}

// TestRestsOnABusyMachine: of two that share one leaves the swarm as the machine is late; both play on from the edge, and share again when it is not.
func TestRestsOnABusyMachine(t *testing.T) {
	st := newStage(t, 5_000, 100*time.Millisecond)
	m := &machine{rest: scheduler.Second, low: 5 * scheduler.Second}
	all := func(a audience, ok func(Report) bool) bool {
		return !slices.ContainsFunc(a.viewers, func(v *Viewer) bool { return !ok(v.Report()) })
	}
	beats := func(late time.Duration) {
		for range machineBeats {
			m.beat(beat{wait: late})
		}
	}
	step := 0
	a := st.watch(t, 60, func(a audience) bool {
		switch {
		case step == 0 && all(a, func(r Report) bool { return r.Peers == 1 && r.P2P == "on" }):
			step = 1
		case step == 1:
			beats(50 * time.Millisecond)
			alone := all(a, func(r Report) bool { return r.Peers == 0 })
			if alone && !all(a, func(r Report) bool { return r.P2P != "resting" || r.Rests != 1 }) {
				step = 2
			}
		case step == 2:
			beats(0)
			if all(a, func(r Report) bool { return r.Peers == 1 && r.P2P == "on" }) {
				step = 3
			}
		}
		return step == 3
	}, Config{P2P: true, machine: m}, Config{P2P: true, machine: m})
	a.check(t, st, 40)
	if stalls := a.viewers[0].Report().Stalls + a.viewers[1].Report().Stalls; step != 3 || stalls != 0 {
		t.Errorf("it came to step %d, with %d stalls", step, stalls)
	}
}
