package sim

import (
	"cmp"
	"slices"

	"github.com/shoal-live/shoal/swarm/scheduler"
)

// took is how long after its publication a viewer held a part.
type took struct {
	viewer, part int32
	time         scheduler.Time
}

func (a took) compare(b took) int {
	return cmp.Or(cmp.Compare(a.viewer, b.viewer), cmp.Compare(a.part, b.part), cmp.Compare(a.time, b.time))
}

// spread sums up times, in milliseconds.
func spread(list []took) Spread {
	millis := make([]float64, 0, len(list))
	for _, t := range list {
		millis = append(millis, float64(t.time)/1e3)
	}
	slices.Sort(millis)
	at := func(percent int) float64 { return round(quantile(millis, percent), 1) }
	return Spread{at(50), at(95), at(99)}
}

// added sums up how much later a viewer held a part in one world than the same viewer held the same part in the other.
func added(with, without []took) Spread {
	slices.SortFunc(with, took.compare)
	slices.SortFunc(without, took.compare)
	var more []took
	i := 0
	for _, t := range with {
		for i < len(without) && (without[i].viewer < t.viewer || without[i].viewer == t.viewer && without[i].part < t.part) {
			i++
		}
		if i < len(without) && without[i].viewer == t.viewer && without[i].part == t.part {
			more = append(more, took{t.viewer, t.part, t.time - without[i].time})
		}
	}
	return spread(more)
}
