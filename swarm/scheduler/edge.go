package scheduler

import "slices"

// edgeBelief is how long the edge takes to answer, as seen lately: a mean, by how much longer more bytes take, a mean deviation from that, and the
// least ever. By a narrow link it is mostly the bytes; were that taken for chance, every chunk would have to be asked for long before it is needed.
type edgeBelief struct {
	took, strays, least Time

	bytes int64 // that came meanwhile, in the mean
	vary  int64 // mean square of by how much they differ from that
	along int64 // mean product of that and of by how much times differ from theirs

	paces [8]Time // of the last answers, for each KiB that came meanwhile
	seen  int     // answers
}

// What is more counts as so much, and no product is too large.
const (
	mostTook = 10 * Second
	mostCame = 16 << 20
)

// saw takes an answer that took so long; so many bytes came meanwhile, of whatever was on its way.
func (e *edgeBelief) saw(took Time, bytes int64) {
	took, bytes = min(took, mostTook), min(bytes, mostCame)
	e.paces[e.seen%len(e.paces)] = took << 10 / Time(max(bytes, 1))
	e.seen++
	if e.least == 0 || took < e.least {
		e.least = max(took, Millisecond)
	}
	if e.took == 0 {
		e.took, e.strays, e.bytes = took, took/2, bytes
		return
	}
	off := took - e.takes(bytes)
	more, longer := bytes-e.bytes, int64(took-e.took)
	e.bytes += more / 8
	e.vary += (more*more - e.vary) / 8
	e.along += (more*longer - e.along) / 8
	e.learn(took, off)
}

// failed takes a request to which nothing came that is of use.
func (e *edgeBelief) failed(took Time) {
	took = min(max(took, e.took), mostTook)
	if e.least == 0 {
		e.least = max(took, Millisecond)
	}
	if e.took == 0 {
		e.took, e.strays = took, took/2
		return
	}
	e.learn(took, took-e.took)
}

// learn takes a time, and by how much it was off from what was expected.
func (e *edgeBelief) learn(took, off Time) {
	e.took += (took - e.took) / 8
	if off < 0 {
		off = -off
	}
	if off > e.strays { // believe bad news sooner than good
		e.strays += (off - e.strays) / 2
	} else {
		e.strays -= (e.strays - off) / 8
	}
}

// takes is how long an answer takes for which so many bytes have to come. No byte is taken to be slower than those of the quickest answer of late: of what
// flows all the while more comes while an answer is late, which is not why it is.
func (e *edgeBelief) takes(bytes int64) Time {
	along, vary := e.along>>10, e.vary>>10
	if vary == 0 || along <= 0 {
		return e.took
	}
	more := bytes - e.bytes
	longer, most := more*along/vary, more*int64(e.pace())>>10
	if more > 0 {
		longer = min(longer, most)
	} else {
		longer = max(longer, most)
	}
	return e.took + Time(longer)
}

// pace is that of the quickest answer of late.
func (e *edgeBelief) pace() Time { return slices.Min(e.paces[:min(e.seen, len(e.paces))]) }

// margin is how long before its deadline a chunk has to be asked of the edge, if so many bytes have to come.
func (e *edgeBelief) margin(bytes int64) Time {
	return e.takes(min(bytes, mostCame)) + 4*e.strays + 160*Millisecond
}

// turn is how long a backup waits for the one before it in rank.
func (e *edgeBelief) turn() Time { return min(max(2*e.took, 150*Millisecond), 300*Millisecond) }

// patience is how long a fetch that somebody announced is believed in without a sign of it.
func (e *edgeBelief) patience() Time { return min(max(4*e.took, 300*Millisecond), Second) }

// roundTrip returns the shortest that an answer ever took, in milliseconds, as a viewer's distance; 0 if there was none.
func (e *edgeBelief) roundTrip() uint16 {
	return uint16(min(e.least/Millisecond, 65535))
}
