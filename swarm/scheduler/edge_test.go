package scheduler

import (
	"math/rand/v2"
	"testing"
)

// edgeLink answers in order: each answer takes the way and its bytes' time, once those before it are through.
type edgeLink struct {
	way  Time
	rate int // bytes a millisecond
	free Time
}

func (l *edgeLink) answer(e *edgeBelief, now Time, sizes ...int) {
	came := 0
	for _, bytes := range sizes {
		l.free = max(l.free, now+l.way) + Time(bytes/l.rate)*Millisecond
		came += bytes
		e.saw(l.free-now, int64(came))
	}
}

// Parts of a second of video at 400 kbit/s: the first has the keyframe.
var secondOfParts = []int{22_000, 7_000, 7_500, 6_500, 7_000}

func TestEdgeTakesLongerForMore(t *testing.T) {
	for _, c := range []struct {
		name                   string
		rate                   int
		small, large, smallest Time // margins: at most, at most, at least
	}{
		{"700 kbit/s", 87, 420 * Millisecond, 620 * Millisecond, 250 * Millisecond},
		{"a wide link", 12_500, 240 * Millisecond, 240 * Millisecond, 200 * Millisecond},
	} {
		var e edgeBelief
		link := edgeLink{way: 40 * Millisecond, rate: c.rate}
		now := Time(0)
		for range 20 {
			for _, bytes := range secondOfParts {
				link.answer(&e, now, bytes)
				now += 400 * Millisecond
			}
		}
		small, large := e.margin(7_000), e.margin(22_000)
		if small > c.small || large > c.large || small < c.smallest || large < small {
			t.Errorf("by %s: %d ms before a deadline for 7 kB, %d ms for 22 kB", c.name, small/Millisecond, large/Millisecond)
		}
	}
}

func TestEdgeBesideItself(t *testing.T) {
	var alone, beside edgeBelief
	link := edgeLink{way: 40 * Millisecond, rate: 87}
	for now := Time(0); now < 20*Second; now += 2 * Second {
		for i, bytes := range secondOfParts {
			link.answer(&alone, now+Time(i)*400*Millisecond, bytes)
		}
	}
	link.free = 0
	for now := Time(0); now < 20*Second; now += 2 * Second {
		link.answer(&beside, now, secondOfParts...) // all asked for at once
	}
	if a, b := alone.margin(7_000), beside.margin(7_000); b > a+a/2 {
		t.Errorf("one after the other %d ms before a deadline, at once %d ms", a/Millisecond, b/Millisecond)
	}
	if alone.roundTrip() < 100 || beside.roundTrip() > alone.roundTrip()+200 {
		t.Errorf("the shortest answers: %d and %d ms", alone.roundTrip(), beside.roundTrip())
	}
}

func TestEdgeFails(t *testing.T) {
	var e edgeBelief
	for range 10 {
		e.saw(50*Millisecond, 10_000)
	}
	before := e.margin(10_000)
	e.failed(2 * Second)
	if e.margin(10_000) < before+Second {
		t.Errorf("after two seconds for nothing: %d ms before a deadline, and %d ms before them", e.margin(10_000)/Millisecond, before/Millisecond)
	}
	var never edgeBelief
	never.failed(Second)
	if never.margin(10_000) < Second {
		t.Errorf("that never answered: %d ms", never.margin(10_000)/Millisecond)
	}
}

func TestEdgeOfAnySize(t *testing.T) {
	var e edgeBelief
	for i := range 1000 {
		bytes := int64(1)
		if i%3 == 0 {
			bytes = 1 << 40
			e.failed(1000 * Second)
		}
		e.saw(Time(bytes), bytes)
		for _, asked := range []int64{0, 1, 1 << 20, 4 << 20, mostCame} {
			if takes := e.takes(asked); takes < 0 || takes > 2*mostTook {
				t.Fatalf("%d bytes are taken to take %d ms", asked, takes/Millisecond)
			}
		}
	}
}

// TestEdgeStrays: an edge whose answers take one time or another by chance is asked so long before a deadline that nearly all come in time, also where
// peers send all the while, so that more comes the later an answer is.
func TestEdgeStrays(t *testing.T) {
	for _, c := range []struct {
		name  string
		took  []Time  // milliseconds
		peers int64   // bytes a millisecond
		most  float64 // share of late answers
	}{
		{"100 or 500 ms", []Time{100, 500}, 0, 0.02},
		{"60 to 600 ms", []Time{60, 150, 240, 330, 420, 510, 600}, 0, 0.02},
		{"80 ms, or 800", []Time{80, 80, 80, 800}, 0, 0.02},
		{"100 or 500 ms, beside 2.5 Mbit/s", []Time{100, 500}, 312, 0.02},
		{"60 to 600 ms, beside 2.5 Mbit/s", []Time{60, 150, 240, 330, 420, 510, 600}, 312, 0.02},
		{"80 ms, or 800, beside 2.5 Mbit/s", []Time{80, 80, 80, 800}, 312, 0.05},
		{"80 ms, or 800, beside 1 Mbit/s", []Time{80, 80, 80, 800}, 125, 0.05},
	} {
		random := rand.New(rand.NewPCG(1, 2))
		var e edgeBelief
		late, answers := 0, 2000
		for i := range 20 + answers {
			took := c.took[random.IntN(len(c.took))]
			if i >= 20 && took*Millisecond > e.margin(30_000) {
				late++
			}
			e.saw(took*Millisecond, 30_000+c.peers*int64(took))
		}
		if share := float64(late) / float64(answers); share > c.most {
			t.Errorf("%s: %.1f %% of answers take longer than they were given", c.name, 100*share)
		}
	}
}
