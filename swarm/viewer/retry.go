package viewer

import "time"

const (
	askSoon   = 200 * time.Millisecond // at least, to another tracker; at most askFirst
	askFirst  = time.Second
	askLast   = 12 * time.Second
	askSeldom = 2 * time.Minute // instead of askLast, in a round in which one refused and others are away
	askAtMost = 5 * time.Minute // that is waited because one was told to, and up to half of it more
	askSteady = 5 * time.Second // a socket that lived this long has earned a fresh beginning
)

// retry decides which of several trackers is asked next, and when. Viewers begin with different ones and, when theirs goes,
// come to the next one within a second; only when all have failed in a row do they wait longer, 1 s doubling to 12 s, half
// of it by chance, so that they do not come back together. A tracker, or a proxy before it, may be wrong
// about when to come back: of what it says five minutes count. The player's retry.ts is the same.
type retry struct {
	urls   []string
	chance func() float64 // 0 to less than 1

	at        int // the next to be asked
	failures  int // in a row
	refusals  int // of these, the last ones in a row
	refusedAt int // which of these was the last refusal; 0: none
}

func newRetry(urls []string, chance func() float64) *retry {
	return &retry{urls: urls, chance: chance, at: int(chance() * float64(len(urls)))}
}

func (r *retry) url() string { return r.urls[r.at] }

func (r *retry) afresh() { r.failures, r.refusals, r.refusedAt = 0, 0, 0 }

// next goes on to the next tracker and tells whether there is one that has not failed in this round.
func (r *retry) next() bool {
	r.failures++
	r.at = (r.at + 1) % len(r.urls)
	return r.failures < len(r.urls)
}

func (r *retry) soon() time.Duration {
	return askSoon + time.Duration(r.chance()*float64(askFirst-askSoon))
}

// lost returns how long to wait after a socket that did not open, or ended after it had lived for some time.
func (r *retry) lost(lived time.Duration) time.Duration {
	if lived >= askSteady {
		r.afresh()
	}
	r.refusals = 0
	if r.next() {
		return r.soon()
	}
	last := askLast
	if r.refusedAt > r.failures-len(r.urls) { // in this round; 0 is before it
		last = askSeldom
	}
	most := min(last, askFirst<<min(r.failures-len(r.urls), 10))
	return most/2 + time.Duration(r.chance()*float64(most/2))
}

// denied is lost, where the tracker will not have the viewer; false when all have said so in a row.
func (r *retry) denied(lived time.Duration) (time.Duration, bool) {
	if lived >= askSteady {
		r.afresh()
	}
	refusals := r.refusals + 1
	r.refusedAt = r.failures + 1
	pause := r.lost(0)
	r.refusals = refusals
	return pause, refusals%len(r.urls) != 0
}

// busy is lost, where the tracker is full and said when to come back: others may have room now.
func (r *retry) busy(wait time.Duration) time.Duration {
	r.refusals = 0
	if r.next() {
		return r.soon()
	}
	return r.stay(wait)
}

// stay returns how long to wait where any tracker would say the same: not less than told, within reason.
func (r *retry) stay(wait time.Duration) time.Duration {
	r.refusals = 0
	wait = min(askAtMost, wait)
	return wait + time.Duration(r.chance()*float64(wait/2))
}

// moved returns when within a span to go to the next tracker, which is the same if there is only one.
func (r *retry) moved(span time.Duration) time.Duration {
	r.afresh()
	r.at = (r.at + 1) % len(r.urls)
	return time.Duration(r.chance() * float64(min(askAtMost, span)))
}
