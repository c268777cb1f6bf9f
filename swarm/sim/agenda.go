package sim

import (
	"slices"

	"github.com/shoal-live/shoal/swarm/scheduler"
)

// agenda is what will happen, as a calendar. The time of each, of the world and of every viewer, is cut into turns, which are
// shorter than the shortest way to it from any other. So nothing that others do from the beginning of a turn on can be felt in
// it: all that happens in a turn is known when it begins, and happens at once. What a viewer needs is then fetched from
// far memory once for all that happens to it in a turn, and not for every event. Two things are felt sooner all the same, by up to a
// turn: how far the edge's line is taken by others, and that the other side has closed a link.
//
// What happens to one happens in the order of time and, at the same moment, in the order in which it was planned. What
// lies after the end is not kept.
type agenda struct {
	end   scheduler.Time
	turns []scheduler.Time // how long those of each are: whole pages

	// Turns stand on the page on which they begin; pages are gathered in chapters.
	chapters [][]event // to the end; what is not of the present chapter
	chapter  int
	pages    [chapterPages][]event // of the present chapter, after the present page
	page     int

	// The present page.
	list   []event
	lines  []line  // by whom it happens to
	called []int32 // who has a line, in the order of the page

	// The present turn.
	whose int32
	until scheduler.Time
	turn  []event
	done  int // of them

	spare [][]event // lists to be used again
}

const (
	pageTime     = scheduler.Millisecond
	chapterPages = 1024
)

// line is the events of one on a page: numbers in agenda.list plus one, 0 for none. Each event has the number of the one after it.
type line struct{ first, last int32 }

func newAgenda(end scheduler.Time) agenda {
	return agenda{end: end, chapters: make([][]event, end/pageTime/chapterPages+1), chapter: -1, page: chapterPages - 1}
}

// enter brings one more to whom things happen, with the length of its turns.
func (a *agenda) enter(turn scheduler.Time) {
	a.turns = append(a.turns, max(pageTime, turn/pageTime*pageTime))
	a.lines = append(a.lines, line{})
}

// pageOf returns the page on which the turn begins to which an event belongs.
func (a *agenda) pageOf(e *event) int {
	turn := a.turns[e.whose()]
	return int(e.at / turn * turn / pageTime)
}

// add plans an event.
func (a *agenda) add(e event) {
	if e.at > a.end {
		return
	}
	page := a.pageOf(&e)
	switch present := a.chapter*chapterPages + a.page; {
	case page > present && page/chapterPages > a.chapter:
		a.chapters[page/chapterPages] = a.write(a.chapters[page/chapterPages], e)
	case page > present:
		a.pages[page%chapterPages] = a.write(a.pages[page%chapterPages], e)
	case e.whose() == a.whose && e.at < a.until:
		a.insert(e)
	default:
		panic("sim: an event is felt sooner than anything travels")
	}
}

func (a *agenda) write(list []event, e event) []event {
	if n := len(a.spare); list == nil && n > 0 {
		list = a.spare[n-1]
		a.spare = a.spare[:n-1]
	}
	return append(list, e)
}

// insert puts an event into the present turn.
func (a *agenda) insert(e event) {
	i := len(a.turn)
	for i > a.done && a.turn[i-1].at > e.at {
		i--
	}
	a.turn = slices.Insert(a.turn, i, e)
}

// next takes out the event that happens next on the present page, if there is one.
func (a *agenda) next() (e event, ok bool) {
	for a.done == len(a.turn) {
		if len(a.called) == 0 {
			return event{}, false
		}
		a.call(a.called[0])
		a.called = a.called[1:]
	}
	e = a.turn[a.done]
	a.done++
	return e, true
}

// call begins a turn.
func (a *agenda) call(whose int32) {
	a.whose, a.turn, a.done = whose, a.turn[:0], 0
	a.until = scheduler.Time(a.chapter*chapterPages+a.page)*pageTime + a.turns[whose]
	l := &a.lines[whose]
	for n := l.first; n > 0; n = a.list[n-1].after {
		a.insert(a.list[n-1])
	}
	l.first = 0
}

// turnOver goes on to the next page, and tells whether there is one.
func (a *agenda) turnOver() bool {
	a.keep(a.list)
	a.list = nil
	if a.page++; a.page == chapterPages {
		if a.chapter++; a.chapter == len(a.chapters) {
			return false
		}
		a.page = 0
		for i := range a.chapters[a.chapter] {
			e := &a.chapters[a.chapter][i]
			page := a.pageOf(e) % chapterPages
			a.pages[page] = a.write(a.pages[page], *e)
		}
		a.keep(a.chapters[a.chapter])
		a.chapters[a.chapter] = nil
	}
	a.list, a.pages[a.page] = a.pages[a.page], nil
	a.share()
	return true
}

// share hands the events of the page out to those to whom they happen.
func (a *agenda) share() {
	a.called = a.called[:0]
	for i := range a.list {
		e := &a.list[i]
		whose, number := e.whose(), int32(i+1)
		l := &a.lines[whose]
		if l.first > 0 {
			a.list[l.last-1].after = number
		} else {
			a.called = append(a.called, whose)
			l.first = number
		}
		l.last, e.after = number, 0
	}
}

// keep puts a list aside, to be used again.
func (a *agenda) keep(list []event) {
	if list != nil {
		a.spare = append(a.spare, list[:0])
	}
}
