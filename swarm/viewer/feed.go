package viewer

import (
	"slices"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/viewer/playhead"
	"github.com/shoal-live/shoal/swarm/wire"
)

const (
	stageMost   = 16                          // parts that wait for one before them; more are not kept
	gapPatience = 150 * scheduler.Millisecond // for the parts of a gap, before the edge is asked for them
	gapAgain    = 500 * scheduler.Millisecond // and asked again
	gapMost     = 2 * scheduler.Second        // then playback goes on behind the gap
)

// feed puts the parts of the rendition in order. Playlists list them so; the records that peers tell of may come out of order
// by a few, and one may be missing, so they wait on a small stage until they follow what is known. Where records do not
// tell which part is the last of its segment, a segment is taken to have as many parts as the one before, and when it has
// not, the playlist tells. A discontinuity is a gap too, since only the playlist tells what init segment follows.
//
// Invariant: what was handed out never goes back in epoch, MSN or part.
type feed struct {
	begun         bool
	last          wire.ChunkID // handed out
	discontinuity uint32       // of last
	whole         bool         // last is the last part of its segment
	tells         bool         // a record told so of its part: then it is not guessed
	parts         uint16       // of the segment before that of last; 0: not known
	init          scheduler.Chunk
	until         scheduler.Time // when the capture of last ended
	staged        []entry        // in order
	asked         scheduler.Time // when a gap was last a reason to ask the edge
	out           []playhead.Item
}

// entry is a part with what only its record tells.
type entry struct {
	id            wire.ChunkID
	discontinuity uint32
	last          bool // of its segment
	since         scheduler.Time
	item          playhead.Item
}

// old tells whether a part is no news.
func (f *feed) old(id wire.ChunkID) bool { return f.begun && id.Compare(f.last) <= 0 }

// waits tells whether a part is on the stage.
func (f *feed) waits(id wire.ChunkID) bool {
	return slices.ContainsFunc(f.staged, func(e entry) bool { return e.id == id })
}

// list takes a part as the playlist has it: with its init segment, and directly after the one listed before.
func (f *feed) list(e entry) {
	if f.old(e.id) {
		return
	}
	f.init, f.discontinuity = e.item.Init, e.discontinuity
	f.until = e.item.Captured
	f.hand(e)
}

// tell takes a part that a peer told of.
func (f *feed) tell(now scheduler.Time, e entry) {
	at, there := slices.BinarySearchFunc(f.staged, e.id, func(o entry, id wire.ChunkID) int { return o.id.Compare(id) })
	if !f.begun || f.old(e.id) || there || at == stageMost {
		return
	}
	e.since = now
	f.staged = slices.Insert(f.staged, at, e)
	f.staged = f.staged[:min(len(f.staged), stageMost)]
	f.settle(now)
}

// settle hands out what follows, and what waited for too long.
func (f *feed) settle(now scheduler.Time) {
	for len(f.staged) > 0 {
		e := f.staged[0]
		switch {
		case f.old(e.id):
		case f.follows(e), f.same(e) && now-e.since >= gapMost:
			e.item.Init, e.item.Captured = f.init, f.until
			f.hand(e)
		default:
			return
		}
		f.staged = slices.Delete(f.staged, 0, 1)
	}
}

func (f *feed) hand(e entry) {
	if f.begun && e.id.MSN != f.last.MSN {
		f.parts = f.last.Part + 1
	}
	f.begun, f.last, f.whole, f.tells = true, e.id, e.last, f.tells || e.last
	f.until += e.item.Duration
	f.out = append(f.out, e.item)
}

// same tells whether nothing changes between what was handed out and e.
func (f *feed) same(e entry) bool {
	return e.id.Epoch == f.last.Epoch && e.discontinuity == f.discontinuity
}

// follows tells whether e comes directly after what was handed out, as far as that can be known.
func (f *feed) follows(e entry) bool {
	switch {
	case !f.same(e):
		return false
	case e.id.MSN == f.last.MSN:
		return e.id.Part == f.last.Part+1
	case e.id.MSN != f.last.MSN+1 || e.id.Part != 0:
		return false
	case f.tells:
		return f.whole
	}
	return f.last.Part+1 == f.parts
}

// due returns when the edge should be asked what stands in a gap, or when the gap is given up; never if there is none.
func (f *feed) due() scheduler.Time {
	if len(f.staged) == 0 {
		return never
	}
	e, wait := f.staged[0], scheduler.Time(gapPatience)
	if !f.same(e) {
		wait = 0
	}
	ask := e.since + wait
	if f.asked >= e.since {
		ask = f.asked + gapAgain
	}
	if f.same(e) {
		ask = min(ask, e.since+gapMost)
	}
	return ask
}

// gap tells that the edge should be asked what stands between the parts known. It counts as asked then.
func (f *feed) gap(now scheduler.Time) bool {
	f.settle(now)
	if now < f.due() {
		return false
	}
	f.asked = now
	return true
}

// take returns what was handed out since it was last called.
func (f *feed) take() []playhead.Item {
	n := f.out
	f.out = nil
	return n
}

// place is where a part stands in the playlist.
type place struct {
	msn  uint64
	part int
}

// wanted returns the place that a reload waits for: that which follows all that is known, or of the newest part that is staged, if something is
// missing before it. A reload's answer may end with the part that was asked for, since caches keep answers, so for the first that is missing it might
// have that one alone.
func (f *feed) wanted() place {
	if n := len(f.staged); n > 0 {
		if id := f.staged[n-1].id; id.Epoch == f.last.Epoch {
			return place{id.MSN, int(id.Part)}
		}
	}
	return f.next()
}

// next returns the place after the newest part that was handed out; zero before there was one. Past the end of a
// segment, where that is not known to be the end, it means the beginning of the next.
func (f *feed) next() place {
	if !f.begun {
		return place{}
	}
	if f.whole {
		return place{f.last.MSN + 1, 0}
	}
	return place{f.last.MSN, int(f.last.Part) + 1}
}
