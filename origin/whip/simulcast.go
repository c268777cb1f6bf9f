package whip

import (
	"cmp"
	"slices"
	"time"

	"github.com/shoal-live/shoal/origin/media"
)

const (
	allLayers = 2 * time.Second // that the first picture of each is waited for: browsers begin with the small ones
	settled   = 5 * time.Second // that a larger layer has to last before it leads: each change is a discontinuity
)

// elect chooses the layer that leads: the largest that sends. A larger one that comes takes its place when it has lasted, a smaller
// one as soon as it is clear that the leader rests.
func (f *feed) elect(now time.Time) {
	if len(f.layers) == 1 && f.lead != nil {
		return
	}
	var best *layer
	missing := false
	for _, l := range f.layers {
		if l.track == nil || !l.alive(now) {
			missing = true
		} else if best == nil || l.area() > best.area() {
			best = l
		}
	}
	if best == nil || best == f.lead {
		return
	}
	if f.lead == nil {
		if f.waiting.IsZero() {
			f.waiting = now
		}
		if missing && now.Sub(f.waiting) < allLayers {
			return
		}
	} else {
		lasts := now.Sub(best.since)
		if f.lead.alive(now) && (best.area() <= f.lead.area() || lasts < settled) || lasts < pause {
			return
		}
	}
	f.promote(best)
}

// promote lets a layer lead from its next key frame on.
func (f *feed) promote(best *layer) {
	old := f.lead
	f.lead, f.changed = best, true
	best.waitKey = true
	if old != nil {
		if best.seek(old) {
			best.clock.offset = old.clock.when(-best.shift.ticks)
		}
		best.last, old.waitKey = old.last, true
	}
	f.number()
	for _, l := range f.layers {
		l.shift = follow{}
	}
	f.keyframe()
}

// number gives each layer the number of its rendition: 0 to the leader, and of the others the larger before the smaller.
func (f *feed) number() {
	rest := slices.DeleteFunc(slices.Clone(f.layers), func(l *layer) bool { return l == f.lead })
	slices.SortStableFunc(rest, func(a, b *layer) int { return cmp.Compare(b.area(), a.area()) })
	for i, l := range append([]*layer{f.lead}, rest...) {
		if i == 0 || l.index != i {
			l.unfollow()
		}
		l.index = i
	}
}

// follow hands on the picture that the clock of a layer beside the leader is at.
func (f *feed) follow(l *layer, p picture, changed bool) {
	if l.track == nil || l.waitKey && !p.key {
		return
	}
	l.waitKey = false
	l.note(0)
	if f.lead == nil || !f.running || l.taken {
		return
	}
	at, known := l.timeOn(f.lead)
	if !known {
		return
	}
	out, known := f.session.Outgoing(at)
	if !known {
		return
	}
	var err error
	if l.follower == nil {
		if !p.key {
			return
		}
		l.follower, err = f.session.Follow(l.index)
		changed = true
	}
	if err == nil && changed {
		err = l.follower.SetVideo(*l.track)
	}
	if err == nil {
		err = l.follower.Write(media.Frame{Video: true, DTS: out, PTS: out, Key: p.key, Bytes: p.bytes})
	}
	if err != nil { // somebody else makes this rendition
		l.taken = true
		l.unfollow()
	}
}

func (l *layer) unfollow() {
	if l.follower != nil {
		l.follower.Close()
		l.follower = nil
	}
}

// close ends the renditions beside the source.
func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.layers {
		l.unfollow()
		l.taken = true
	}
}
