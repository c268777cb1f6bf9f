package whip

import "time"

// near is how far a sender report may be from the truth, 5 ms in ticks: pictures of all layers are taken at the same moments, and no
// two moments are that near.
const near = 450

// follow is how many ticks a layer's clock counts more than the leader's.
type follow struct {
	ticks int64
	exact bool // by pictures of both, of the same moment
}

// seek finds the shift of l: reports tell it to a few milliseconds, and the leader's pictures to the tick.
func (l *layer) seek(lead *layer) bool {
	about, known := l.clock.behind(&lead.clock)
	if !known {
		return false
	}
	if l.shift.exact && within(l.shift.ticks, about, near) {
		return true
	}
	l.shift = follow{ticks: about}
	for _, own := range l.newest() {
		for _, its := range lead.newest() {
			if d := own.ticks - its.ticks; within(d, about, near) {
				l.shift = follow{d, true}
				return true
			}
		}
	}
	return true
}

func within(a, b, by int64) bool { return a-b <= by && b-a <= by }

// timeOn returns when the picture that l's clock is at was shown, as the leader's clock has it. It is false while the reports that tell
// it have not come.
func (l *layer) timeOn(lead *layer) (time.Duration, bool) {
	if !l.seek(lead) {
		return 0, false
	}
	ticks := l.clock.ticks - l.shift.ticks
	for _, its := range lead.newest() {
		if its.ticks == ticks {
			return its.at, true
		}
	}
	return lead.clock.when(ticks), true
}
