package playhead

import (
	"fmt"
	"testing"

	"github.com/shoal-live/shoal/swarm/scheduler"
)

const ms = scheduler.Millisecond

// part adds part number n (from 1), 300 ms long, captured when its number says; every fourth is independent.
func part(p *Playhead, now scheduler.Time, n int) {
	p.Add(now, Item{
		Chunk: scheduler.Chunk(n), Init: 1000, Duration: 300 * ms, Independent: n%4 == 1,
		Captured: scheduler.Time(n-1) * 300 * ms,
	})
}

func started(t *testing.T) *Playhead {
	t.Helper()
	p := &Playhead{HoldBack: 900 * ms}
	for n := 1; n <= 6; n++ {
		part(p, 1800*ms, n)
	}
	p.Begin(1800 * ms) // the position is 900 ms, in part 4's beginning; decoding starts with part 1
	var needs []scheduler.Chunk
	for _, n := range p.Needs() {
		needs = append(needs, n.Chunk)
	}
	if got, want := fmt.Sprint(needs), "[1000 1 2 3 4 5 6]"; got != want {
		t.Fatalf("needs %v, want %v", got, want)
	}
	p.Ready(1900*ms, 1000)
	for n := 1; n <= 6; n++ {
		p.Ready(1900*ms, scheduler.Chunk(n))
	}
	if st := p.Stats(1900 * ms); !st.Started || st.StartedAt != 1900*ms {
		t.Fatalf("not started when all was there: %+v", st)
	}
	return p
}

func TestPlaysWithoutStall(t *testing.T) {
	p := started(t)
	now := 1900 * ms
	for n := 7; n < 100; n++ {
		now += 300 * ms
		for p.Next() < now {
			p.Advance(p.Next())
		}
		part(p, now, n)
		p.Ready(now, scheduler.Chunk(n))
	}
	st := p.Stats(now)
	if st.Stalls != 0 || st.Latency != 1000*ms || st.Skipped != 0 {
		t.Fatalf("%+v", st)
	}
}

func TestStallAndCatchUp(t *testing.T) {
	p := started(t)
	for p.Next() < 5*scheduler.Second {
		p.Advance(p.Next())
	}
	p.Advance(5 * scheduler.Second)
	if st := p.Stats(5 * scheduler.Second); st.Stalls != 1 || st.Stalled != 5*scheduler.Second-2800*ms {
		t.Fatalf("stall not counted from the moment the buffer was empty: %+v", st)
	}
	now := 5 * scheduler.Second
	part(p, now, 7)
	if needs := p.Needs(); len(needs) != 1 || needs[0].Deadline != now {
		t.Fatalf("needs %v: a stalled playhead needs the next part now", needs)
	}
	for n := 8; now < 60*scheduler.Second; n++ {
		part(p, now, n)
		p.Ready(now, scheduler.Chunk(n-1))
		for p.Next() < now+300*ms {
			p.Advance(p.Next())
		}
		if n > 15 { // the playlist caught up with the capture
			now += 300 * ms
		}
	}
	if st := p.Stats(now); st.Stalls != 1 || st.Latency > 6*scheduler.Second {
		t.Fatalf("%+v", st)
	}
}

// TestFallsBackWithoutStall: a larger hold-back is reached by playing slower, and kept; a smaller one by catching up.
func TestFallsBackWithoutStall(t *testing.T) {
	p := started(t)
	now, n := 1900*ms, 7
	run := func(parts int) {
		for ; parts > 0; parts-- {
			now += 300 * ms
			for p.Next() < now {
				p.Advance(p.Next())
			}
			part(p, now, n)
			p.Ready(now, scheduler.Chunk(n))
			n++
		}
	}
	run(10)
	before := p.Stats(now).Latency
	p.SetHoldBack(now, 1500*ms)
	run(20) // 6 s at 95 % are 0.3 s
	if got := p.Stats(now).Latency - before; got < 270*ms || got > 330*ms {
		t.Errorf("%d ms further behind after 6 s", got/ms)
	}
	run(60)
	if st := p.Stats(now); st.Stalls != 0 || st.Latency-before < 570*ms || st.Latency-before > 650*ms {
		t.Errorf("%d ms further behind in the end, want 600: %+v", (st.Latency-before)/ms, st)
	}
	p.SetHoldBack(now, 300*ms)
	run(200)
	if st := p.Stats(now); st.Stalls != 0 || st.Latency-before > -100*ms {
		t.Errorf("%d ms further behind when it is to be 600 ms less: %+v", (st.Latency-before)/ms, st)
	}
}

// TestStallPaysForFallingBack: what a stall brought is not asked for once more.
func TestStallPaysForFallingBack(t *testing.T) {
	p := started(t)
	p.SetHoldBack(1900*ms, 1900*ms)
	for p.Next() < 5*scheduler.Second {
		p.Advance(p.Next())
	}
	p.Advance(5 * scheduler.Second)
	part(p, 5*scheduler.Second, 7)
	p.Ready(5*scheduler.Second, 7)
	if p.debt != 0 {
		t.Errorf("has still to fall back by %d ms after a stall", p.debt/ms)
	}
}

func TestJumpsWhenFarBehind(t *testing.T) {
	p := started(t)
	p.Advance(20 * scheduler.Second)
	p.Needs()
	for n := 7; n <= 60; n++ {
		part(p, 20*scheduler.Second, n)
	}
	if p.Stats(20*scheduler.Second).Skipped == 0 {
		t.Fatal("did not jump to the live edge")
	}
	for n := 7; n <= 60; n++ {
		p.Ready(20*scheduler.Second, scheduler.Chunk(n))
	}
	if b := p.Buffered(); b < 900*ms || b > 900*ms+jumpAfter {
		t.Fatalf("buffered %d after the jump", b/ms)
	}
}

// TestMovesHoweverOftenItIsAdvanced: at a pace that is no whole number, what is less than a microsecond is not lost.
func TestMovesHoweverOftenItIsAdvanced(t *testing.T) {
	p := started(t)
	p.SetHoldBack(1900*ms, 1900*ms) // plays at 95 %
	p.Advance(1901 * ms)
	from := p.position
	for now := 1901 * ms; now <= 2001*ms; now++ {
		p.Advance(now)
	}
	if got := p.position - from; got != 95*ms {
		t.Errorf("moved by %d us in 100 ms, want 95000", got)
	}
}

// TestNeedsSoonerWhatItGetsToSooner: who has fallen back far enough, or catches up, gets to what is missing sooner than was said.
func TestNeedsSoonerWhatItGetsToSooner(t *testing.T) {
	p := started(t)
	p.SetHoldBack(1900*ms, 2400*ms) // plays at 95 % for half a minute
	due := map[scheduler.Chunk]scheduler.Time{}
	sooner, caughtUp := 0, false
	look := func(now scheduler.Time) {
		for _, need := range p.Needs() {
			if said, known := due[need.Chunk]; known && need.Deadline < said {
				sooner++
			}
			due[need.Chunk] = need.Deadline
		}
		for _, it := range p.items {
			if by := due[it.Chunk] - p.deadline(now, it.start); !it.ready && by > ms {
				t.Errorf("at %d ms: part %d is needed %d ms before it was said to be", now/ms, it.Chunk, by/ms)
			}
		}
		caughtUp = caughtUp || p.rate == catchUpRate
	}
	now := 1900 * ms
	for n := 7; n < 250; n++ {
		now += 300 * ms
		for at := p.Next(); at < now; at = p.Next() {
			p.Advance(at)
			look(at)
		}
		part(p, now, n)
		look(now)
		if n > 8 {
			p.Ready(now, scheduler.Chunk(n-2)) // two are always on their way
			look(now)
		}
		if n == 150 {
			p.SetHoldBack(now, 1000*ms)
			look(now)
		}
	}
	if st := p.Stats(now); st.Stalls != 0 || !caughtUp || sooner < 4 {
		t.Errorf("%d parts were needed sooner, caught up: %v, %+v", sooner, caughtUp, st)
	}
}

func ExamplePlayhead() {
	p := &Playhead{HoldBack: scheduler.Second}
	for n := range 4 {
		p.Add(0, Item{Chunk: scheduler.Chunk(n + 1), Init: 9, Duration: 500 * ms, Independent: n%2 == 0})
	}
	p.Begin(0)
	for _, n := range p.Needs() {
		fmt.Println("need", n.Chunk, "in", n.Deadline/ms, "ms")
		p.Ready(0, n.Chunk)
	}
	p.Advance(1200 * ms)
	fmt.Println("stalls:", p.Stats(1200*ms).Stalls)
	// Output:
	// need 9 in 0 ms
	// need 3 in 0 ms
	// need 4 in 500 ms
	// stalls: 1
}
