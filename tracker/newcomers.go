package tracker

import "time"

// newcomers counts who came into cells of late. Before that they asked edges, which count by the last ten seconds: so for each newcomer one may be among
// the edges' viewers who is in the swarm, and whoever adds up what both tell leaves that one out. Who has left again is a newcomer too, as edges may
// count that one yet. The zero value is ready.
type newcomers struct {
	came [lately]int // in a second, by the second
	last int64       // the second of the newest
}

// lately is for how many seconds one is a newcomer: as long as an edge looks back, and what it takes until that is told and asked for.
const lately = 20

// come notes one.
func (n *newcomers) come(now time.Time) {
	n.settle(now)
	n.came[n.last%lately]++
}

// of returns how many there are.
func (n *newcomers) of(now time.Time) (all int) {
	n.settle(now)
	for _, came := range n.came {
		all += came
	}
	return all
}

// settle forgets what is too long ago.
func (n *newcomers) settle(now time.Time) {
	second := now.Unix()
	for n.last = max(n.last, second-lately); n.last < second; {
		n.last++
		n.came[n.last%lately] = 0
	}
}
