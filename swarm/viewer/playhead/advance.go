package playhead

import "github.com/shoal-live/shoal/swarm/scheduler"

// leastStall is how long the picture must stand still for it to be seen, and to count as a stall; the browser's player counts
// alike. The time is summed up all the same.
const leastStall = 50 * scheduler.Millisecond

// never is later than any run lasts.
const never = scheduler.Time(1) << 62

// Advance brings playback to now.
func (p *Playhead) Advance(now scheduler.Time) {
	if !p.began {
		return
	}
	reach := p.reach()
	if p.playing {
		p.play(now, reach)
	} else if reach > p.position {
		p.resume(now)
	} else {
		p.at = now
	}
	if p.edge-p.position > p.HoldBack+jumpAfter {
		p.jump(now)
	}
}

// play moves the position on, at most to reach, and stalls there.
func (p *Playhead) play(now, reach scheduler.Time) {
	moved := (now-p.at)*scheduler.Time(p.rate) + p.rest
	target := p.position + moved/1000
	stop := target >= reach
	to := min(target, reach)
	emptied := p.at + (to-p.position)*1000/scheduler.Time(p.rate)
	for len(p.items) > 0 && p.items[0].start < to {
		if end := p.items[0].start + p.items[0].Duration; end > to {
			break
		}
		p.items = p.items[1:]
		if len(p.items) > 0 && p.items[0].start < reach {
			it := p.items[0]
			p.show(it, p.at+max(0, it.start-p.position)*1000/scheduler.Time(p.rate))
		}
	}
	p.stats.WatchedTime += to - p.position
	p.pay(min(now, emptied) - p.at - (to - p.position))
	p.position, p.at, p.rest = to, now, moved%1000
	if stop {
		p.playing, p.stopped, p.rest = false, emptied, 0
		return
	}
	was := p.rate
	switch behind := p.edge - p.position - p.HoldBack; {
	case p.debt > 0:
		p.rate = fallBackRate
	case behind > catchUpAfter:
		p.rate = catchUpRate
	case behind < catchUpUntil || p.rate == fallBackRate:
		p.rate = 1000
	}
	if p.rate > was {
		p.hurry(now)
	}
}

// hurry tells anew when what is missing is needed: sooner than was said, as playback is faster now.
func (p *Playhead) hurry(now scheduler.Time) {
	for _, it := range p.items {
		if !it.ready {
			p.needs = append(p.needs, Need{it.Chunk, p.deadline(now, it.start)})
		}
	}
}

// pay notes that playback fell behind.
func (p *Playhead) pay(by scheduler.Time) { p.debt = max(0, p.debt-max(0, by)) }

// jump gives up what is missed and goes on near the live edge.
func (p *Playhead) jump(now scheduler.Time) {
	p.position, p.at, p.debt = p.edge-p.HoldBack, now, 0
	if p.playing {
		p.playing, p.stopped = false, now
	}
	p.cut(now)
	if p.reach() > p.position {
		p.resume(now)
	}
}

// resume starts playback, for the first time or after a stall.
func (p *Playhead) resume(now scheduler.Time) {
	if p.started {
		p.stats.Stalled += now - p.stopped
		if now-p.stopped >= leastStall {
			p.stats.Stalls++
		}
		p.pay(now - p.stopped)
	} else {
		p.started = true
		p.stats.Started, p.stats.StartedAt = true, now
	}
	p.playing, p.at = true, now
	for len(p.items) > 1 && p.items[1].start <= p.position {
		p.played = append(p.played, p.items[0].Item) // decoded on the way to the position
		p.items = p.items[1:]
	}
	if it := p.items[0]; it.start <= p.position {
		p.show(it, now-(p.position-it.start))
	}
}

// show counts a part that begins to play at a moment.
func (p *Playhead) show(it item, at scheduler.Time) {
	p.played = append(p.played, it.Item)
	p.stats.Played++
	p.stats.Latency = at - it.Captured
	p.stats.LatencySum += p.stats.Latency
}

// Next tells when Advance is due: when the next part begins, or when what is ready ends.
func (p *Playhead) Next() scheduler.Time {
	if !p.playing {
		return never
	}
	to := p.reach()
	if len(p.items) > 0 {
		to = min(to, p.items[0].start+p.items[0].Duration)
	}
	// Rounded up: called at Next, the position has got there.
	return p.at + ((to-p.position)*1000-p.rest+scheduler.Time(p.rate)-1)/scheduler.Time(p.rate)
}

// Stats returns the counts at now.
func (p *Playhead) Stats(now scheduler.Time) Stats {
	st := p.stats
	if p.started && !p.playing {
		st.Stalled += max(0, now-p.stopped)
		if now-p.stopped >= leastStall {
			st.Stalls++
		}
	}
	return st
}
