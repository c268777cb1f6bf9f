package archive

import (
	"cmp"
	"slices"
	"time"
)

// cell is a segment of a recording, in whichever renditions it is on disk.
type cell struct {
	msn           uint64
	duration      time.Duration
	date          time.Time
	split         bool   // a discontinuity stands before it
	discontinuity uint64 // the number of discontinuities up to it
}

// end returns when the cell's media end.
func (c *cell) end() time.Time { return c.date.Add(c.duration) }

// maxGaps bounds what a hole in the numbers adds to a playlist.
const maxGaps = 100_000

// grid returns what each rendition's playlist lists, by number: the segments of the first rendition, which is the source, and in
// its holes what others have of them. What nobody has lasts as long as there is time for it.
func grid(all []track, target time.Duration) (cells []cell) {
	if len(all) == 0 {
		return nil
	}
	for _, t := range all {
		for _, x := range t.files {
			for i, s := range x.Segments {
				cells = append(cells, cell{s.MSN, s.Duration, s.Date, x.Break && i == 0, x.Discontinuity})
			}
		}
	}
	source := all[0].files
	first, next := source[0].First, source[len(source)-1].Next()
	cells = slices.DeleteFunc(cells, func(c cell) bool { return c.msn < first || c.msn >= next })
	slices.SortStableFunc(cells, func(a, b cell) int { return cmp.Compare(a.msn, b.msn) })
	return fill(slices.CompactFunc(cells, func(a, b cell) bool { return a.msn == b.msn }), target)
}

func byNumber(c cell, msn uint64) int { return cmp.Compare(c.msn, msn) }

// fill adds cells for the numbers that lack between two.
func fill(cells []cell, target time.Duration) (full []cell) {
	for i, c := range cells {
		if i > 0 {
			full = between(full, cells[i-1], c, target)
		}
		full = append(full, c)
	}
	return full
}

func between(full []cell, before, after cell, target time.Duration) []cell {
	n := after.msn - before.msn - 1
	if n == 0 || n > maxGaps {
		return full
	}
	each := after.date.Sub(before.end()) / time.Duration(n)
	last := before.discontinuity // that the gaps reach: one is left for what comes after them
	if after.discontinuity > last {
		last = after.discontinuity - 1
	}
	for k := range n {
		full = append(full, cell{
			msn: before.msn + 1 + k, duration: min(max(each, time.Second/10), target), date: before.end().Add(time.Duration(k) * each),
			discontinuity: min(before.discontinuity+1+k, last),
		})
	}
	return full
}

// missing tells how many of the cells a rendition does not have.
func (t track) missing(cells []cell) int {
	there := 0
	for _, x := range t.files {
		for _, s := range x.Segments {
			if _, ok := slices.BinarySearchFunc(cells, s.MSN, byNumber); ok {
				there++
			}
		}
	}
	return len(cells) - there
}

// whole leaves out renditions of which more than a quarter is missing: a player that begins on one would show gaps first.
// The source stays.
func whole(all []track, cells []cell) (list []track) {
	for i, t := range all {
		if i == 0 || 4*t.missing(cells) <= len(cells) {
			list = append(list, t)
		}
	}
	return list
}
