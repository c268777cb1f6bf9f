package playhead

import "github.com/shoal-live/shoal/swarm/scheduler"

// How far playback may fall behind before it plays a little faster, and before it gives up and jumps to the live edge; and
// how it gets further behind when it should.
const (
	catchUpAfter = 700 * scheduler.Millisecond // beyond the hold-back
	catchUpUntil = 100 * scheduler.Millisecond
	catchUpRate  = 1050 // thousandths of real time
	jumpAfter    = 10 * scheduler.Second
	fallBackRate = 950
)

// Item is one part of the stream, in the order of the playlist.
type Item struct {
	Chunk       scheduler.Chunk
	Init        scheduler.Chunk // the init segment it needs
	Duration    scheduler.Time
	Independent bool
	Captured    scheduler.Time // when its first picture was taken, on the clock of `now`
}

// Need is a chunk that playback will want at Deadline.
type Need struct {
	Chunk    scheduler.Chunk
	Deadline scheduler.Time
}

// Playhead is the playback of one rendition. The zero value with HoldBack set is ready for use; once it runs, HoldBack is
// changed by SetHoldBack.
//
// Invariant: items[0] holds the position, or decoding has not reached the position yet.
type Playhead struct {
	HoldBack scheduler.Time

	items    []item
	edge     scheduler.Time // end of the newest item, in media time
	position scheduler.Time // media time
	rest     scheduler.Time // what it is beyond that, in thousandths of a microsecond
	at       scheduler.Time // when position was true
	rate     int64          // thousandths of real time
	debt     scheduler.Time // how much further behind it has to fall
	began    bool           // Begin was called
	playing  bool
	started  bool // has played at all
	stopped  scheduler.Time
	inits    []initState

	needs  []Need
	played []Item
	stats  Stats
}

type item struct {
	Item
	start scheduler.Time
	ready bool
}

type initState struct {
	chunk scheduler.Chunk
	ready bool
}

// Stats are what a playback was like so far.
type Stats struct {
	Started     bool
	StartedAt   scheduler.Time // when the first picture moved
	Stalls      int
	Stalled     scheduler.Time // in all, a stall that lasts included
	Played      int            // parts played
	Skipped     int            // parts jumped over
	LatencySum  scheduler.Time // over the parts played: how long after its capture each began to play
	Latency     scheduler.Time // of the newest part played
	WatchedTime scheduler.Time // media time played
}

// Add appends a part that follows all those added before. Its chunk is not ready yet.
func (p *Playhead) Add(now scheduler.Time, it Item) {
	p.items = append(p.items, item{Item: it, start: p.edge})
	p.edge += it.Duration
	if p.began {
		p.needInit(now, it.Init)
		p.needs = append(p.needs, Need{it.Chunk, p.deadline(now, p.edge-it.Duration)})
		p.Advance(now)
	}
}

// Begin chooses where to start among the parts added so far. It does nothing while there are none.
func (p *Playhead) Begin(now scheduler.Time) {
	if p.began || len(p.items) == 0 {
		return
	}
	p.began, p.at, p.rate = true, now, 1000
	p.position = max(p.items[0].start, p.edge-p.HoldBack)
	p.cut(now)
}

// cut drops what lies before the independent part at or before the position, and needs what is left.
func (p *Playhead) cut(now scheduler.Time) {
	first := 0
	for i, it := range p.items {
		if it.start <= p.position && it.Independent {
			first = i
		}
	}
	p.stats.Skipped += first
	p.items = p.items[first:]
	for _, it := range p.items {
		p.needInit(now, it.Init)
		if !it.ready {
			p.needs = append(p.needs, Need{it.Chunk, p.deadline(now, it.start)})
		}
	}
}

// SetHoldBack changes how far behind live to play. Playback that runs falls further behind by playing a little slower, and
// never by a stall; what is too far behind catches up as always.
func (p *Playhead) SetHoldBack(now, t scheduler.Time) {
	if t == p.HoldBack {
		return
	}
	p.Advance(now)
	if p.began {
		p.debt = max(0, p.debt+t-p.HoldBack-max(0, p.edge-p.position-p.HoldBack))
	}
	p.HoldBack = t
}

func (p *Playhead) needInit(now scheduler.Time, c scheduler.Chunk) {
	for _, in := range p.inits {
		if in.chunk == c {
			return
		}
	}
	p.inits = append(p.inits, initState{chunk: c})
	p.needs = append(p.needs, Need{c, now})
}

// Ready tells that a chunk, part or init segment, is whole.
func (p *Playhead) Ready(now scheduler.Time, c scheduler.Chunk) {
	for i := range p.inits {
		if p.inits[i].chunk == c {
			p.inits[i].ready = true
		}
	}
	for i := range p.items {
		if p.items[i].Chunk == c {
			p.items[i].ready = true
		}
	}
	p.Advance(now)
}

// Needs returns what became needed since it was last called.
func (p *Playhead) Needs() []Need {
	n := p.needs
	p.needs = nil
	return n
}

// Played returns the parts whose playing began, or whose decoding did, since it was last called.
func (p *Playhead) Played() []Item {
	n := p.played
	p.played = nil
	return n
}

// Buffered returns how much can be played without a stall.
func (p *Playhead) Buffered() scheduler.Time {
	return max(0, p.reach()-p.position)
}

// reach is the media time up to which everything is ready.
func (p *Playhead) reach() scheduler.Time {
	for i := range p.items {
		if !p.items[i].ready || !p.initReady(p.items[i].Init) {
			return p.items[i].start
		}
	}
	return p.edge
}

func (p *Playhead) initReady(c scheduler.Chunk) bool {
	for _, in := range p.inits {
		if in.chunk == c {
			return in.ready
		}
	}
	return false
}

// deadline is when the playhead gets to media time t, if nothing stalls.
func (p *Playhead) deadline(now, t scheduler.Time) scheduler.Time {
	if t <= p.position {
		return now
	}
	at := now
	if p.playing {
		at = p.at
	}
	return max(now, at+(t-p.position)*1000/scheduler.Time(p.rate))
}
