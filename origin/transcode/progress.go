package transcode

import "time"

// limits are what a child may take.
type limits struct {
	start  time.Duration // to its first picture
	hang   time.Duration // with frames that wait and nothing that comes
	lag    time.Duration // from a frame to its picture ...
	lagFor time.Duration // ... for so long that it is no hiccup ...
	settle time.Duration // ... once it has had time to catch up with what came while it started
	trial  time.Duration // from a rung that is left out to its first trial
}

func usual() limits {
	return limits{start: 10 * time.Second, hang: 3 * time.Second, lag: 2 * time.Second, lagFor: 4 * time.Second, settle: 5 * time.Second, trial: firstTrial}
}

const (
	pause      = time.Second // after which a source that sends nothing is not waited for
	wrap       = 1<<31 - 1   // FLV's clock, milliseconds
	maxPending = 1200        // frames; older ones are forgotten
)

// verdict is what is to be done with a child.
type verdict int

const (
	fine verdict = iota
	late         // it is behind, perhaps for a moment
	slow         // it does all that it can, and that is not enough
	hung         // it does nothing
)

// progress is what is known of a child's work: the frames that went in and are not yet answered by every rung. It keeps no clock.
type progress struct {
	limits  limits
	began   time.Time
	pending []asked         // in the order they went in
	newest  []time.Duration // by rung: of the newest picture that came, -1 before any
	heard   time.Time       // when the newest picture of any came
	fed     time.Time       // when the newest frame came
	behind  time.Time       // since when the lag is too long; zero while it is not
}

// asked is a frame that went in.
type asked struct {
	pts time.Duration
	at  time.Time
}

func newProgress(limits limits, rungs int, now time.Time) *progress {
	p := &progress{limits: limits, began: now, newest: make([]time.Duration, rungs)}
	for i := range p.newest {
		p.newest[i] = -1
	}
	return p
}

// in notes that a frame goes in.
func (p *progress) in(pts time.Duration, now time.Time) {
	p.more(now)
	if len(p.pending) == maxPending {
		p.pending = append(p.pending[:0], p.pending[1:]...)
	}
	p.pending = append(p.pending, asked{pts, now})
}

// more notes that there is a frame, which may be dropped. While the source paused nobody could answer: frames with B-frames after them
// wait for those.
func (p *progress) more(now time.Time) {
	if now.Sub(p.fed) > pause {
		for i := range p.pending {
			p.pending[i].at = now
		}
		if !p.heard.IsZero() {
			p.heard = now
		}
	}
	p.fed = now
}

// out notes a rung's picture and returns the time of the frame it shows, false if that is none.
func (p *progress) out(rung int, millis uint32, now time.Time) (time.Duration, bool) {
	for _, a := range p.pending {
		if a.pts <= p.newest[rung] || !near(a.pts, millis) {
			continue
		}
		p.newest[rung], p.heard = a.pts, now
		p.forget()
		return a.pts, true
	}
	return 0, false
}

// near tells whether FLV's clock shows a time. It rounds, and so do the clocks before it.
func near(pts time.Duration, millis uint32) bool {
	d := (uint32(ticks(pts)/(scale/1000)) - millis) & wrap
	return d <= 1 || d == wrap
}

// forget drops the frames that every rung has shown, or passed.
func (p *progress) forget() {
	least := p.newest[0]
	for _, n := range p.newest {
		least = min(least, n)
	}
	kept := p.pending[:0]
	for _, a := range p.pending {
		if a.pts > least {
			kept = append(kept, a)
		}
	}
	p.pending = kept
}

// lag is for how long the oldest frame waits, 0 if none does.
func (p *progress) lag(now time.Time) time.Duration {
	if len(p.pending) == 0 {
		return 0
	}
	return p.until(now).Sub(p.pending[0].at)
}

// until is now, or when the source began to pause.
func (p *progress) until(now time.Time) time.Time {
	if end := p.fed.Add(pause); end.Before(now) {
		return end
	}
	return now
}

// judge is called a few times a second.
func (p *progress) judge(now time.Time) verdict {
	now = p.until(now)
	lag := p.lag(now)
	switch {
	case p.heard.IsZero():
		if lag > p.limits.start {
			return hung
		}
		return fine
	case lag > p.limits.hang && now.Sub(p.heard) > p.limits.hang:
		return hung
	case lag <= p.limits.lag || now.Sub(p.began) < p.limits.settle:
		p.behind = time.Time{}
		return fine
	case p.behind.IsZero():
		p.behind = now
	case now.Sub(p.behind) >= p.limits.lagFor:
		return slow
	}
	return late
}
