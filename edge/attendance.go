package edge

import (
	"slices"
	"sync/atomic"
	"time"
)

// attendance is how many watch a playlist's media here, by what they ask. Who plays what is live asks for its playlist anew with each part, or with each
// segment: so each answer stands for a viewer for so long, whoever it is and behind whatever address, and what they stand for in some time is how many there
// are, times that. Nothing is kept of anybody. Who is in a swarm hardly asks, and says so: see package headcount. Trackers count those.
type attendance struct {
	stream string // static

	parts, segments rhythm       // of who asks by them
	held            atomic.Int64 // viewers who wait for what comes next
	here            atomic.Int64 // viewers, by the last look

	// owned by who looks
	waited [heldLooks]int64 // held, at the last looks
	looks  int
	still  int // looks since there was nobody
}

// rhythm is what was asked for in one.
type rhythm struct {
	stood atomic.Int64 // nanoseconds that answers stood for since the last look
	each  atomic.Int64 // nanoseconds that one did last

	// owned by who looks
	glances [mostGlances]glance
	next    int
}

// glance is what one look saw, or several in a row where the window is long: what answers stood for, and the time since the look before.
type glance struct{ stood, lasted time.Duration }

// A look is over the last leastWindow, and over three segments where these are longer, for who asks by segments.
const (
	leastWindow = 10 * time.Second
	mostGlances = 30 // of a lookInterval or more
	heldLooks   = 3  // for so many somebody has waited who counts by that alone: who has just left a swarm the tracker's figures may have yet
	stillLooks  = 60 // after which an attendance of nobody is forgotten
)

// lookInterval is how often it is looked how many are here.
const lookInterval = time.Second

// look counts who is here. It is called each lookInterval, or a little later.
func (a *attendance) look(lasted time.Duration) {
	here := a.parts.look(lasted) + a.segments.look(lasted)
	held := a.held.Load()
	a.waited[a.looks%heldLooks] = held
	a.looks++
	a.here.Store(max(slices.Min(a.waited[:]), int64(here+0.5))) // who waits is one, also where nothing new comes
	if a.still++; here > 0 || held > 0 {
		a.still = 0
	}
}

// look returns how many viewers that is, with parts of one.
func (r *rhythm) look(lasted time.Duration) float64 {
	last := &r.glances[r.next]
	last.stood += time.Duration(r.stood.Swap(0))
	last.lasted += lasted
	window := max(leastWindow, 3*time.Duration(r.each.Load()))
	var stood, over time.Duration
	for i := 0; i < mostGlances && over < window; i++ {
		s := r.glances[(r.next+mostGlances-i)%mostGlances]
		stood += s.stood
		over += s.lasted
	}
	if last.lasted >= window/(mostGlances-1) { // so that all together are no shorter than the window
		r.next = (r.next + 1) % mostGlances
		r.glances[r.next] = glance{}
	}
	return float64(stood) / float64(max(over, window)) // it may have begun of late
}

// forgotten tells whether it need not be kept, by the last look: nobody was here for long, or who waited for the playlist did not get it.
func (a *attendance) forgotten() bool {
	return a.still > stillLooks || a.still > 0 && a.parts.each.Load() == 0 && a.segments.each.Load() == 0
}

// watcher is one request as an attendance counts it. The zero value is that of who is not counted here.
type watcher struct {
	of     *attendance
	parted bool // it asks by parts
}

// hold and leave tell that it waits, and no longer does.
func (w watcher) hold() {
	if w.of != nil {
		w.of.held.Add(1)
	}
}

func (w watcher) leave() {
	if w.of != nil {
		w.of.held.Add(-1)
	}
}

// served tells that o was the answer.
func (w watcher) served(o *object) {
	if w.of == nil || !closed(o.done) || !o.counts() {
		return
	}
	rhythm, stands := &w.of.segments, o.position.target
	if w.parted && o.position.step > 0 {
		rhythm, stands = &w.of.parts, o.position.step
	}
	rhythm.stood.Add(int64(stands))
	rhythm.each.Store(int64(stands))
}
