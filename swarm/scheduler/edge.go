package scheduler

// edgeBelief is how long the edge takes to answer, as seen lately: a mean and a mean deviation, and the least ever.
type edgeBelief struct{ took, strays, least Time }

func (e *edgeBelief) saw(took Time) {
	if e.least == 0 || took < e.least {
		e.least = max(took, Millisecond)
	}
	if e.took == 0 {
		e.took, e.strays = took, took/2
		return
	}
	off := took - e.took
	e.took += off / 8
	if off < 0 {
		off = -off
	}
	if off > e.strays { // believe bad news sooner than good
		e.strays += (off - e.strays) / 2
	} else {
		e.strays -= (e.strays - off) / 8
	}
}

// margin is how long before its deadline a chunk has to be asked of the edge.
func (e *edgeBelief) margin() Time { return e.took + 4*e.strays + 160*Millisecond }

// turn is how long a backup waits for the one before it in rank.
func (e *edgeBelief) turn() Time { return min(max(2*e.took, 150*Millisecond), 300*Millisecond) }

// patience is how long a fetch that somebody announced is believed in without a sign of it.
func (e *edgeBelief) patience() Time { return min(max(4*e.took, 300*Millisecond), Second) }

// roundTrip returns the shortest that an answer ever took, in milliseconds, as a viewer's distance; 0 if there was none.
func (e *edgeBelief) roundTrip() uint16 {
	return uint16(min(e.least/Millisecond, 65535))
}
