package viewer

import "github.com/shoal-live/shoal/swarm/scheduler"

const (
	parkedBytes = 1 << 20
	parkedFor   = 2 * scheduler.Second
)

// parked holds frames that came before what they need: bounded in bytes and in time, the oldest leave first.
type parked struct {
	list  []parkedFrame
	bytes int
	lost  uint64
}

type parkedFrame struct {
	frame
	since scheduler.Time
}

func (p *parked) add(now scheduler.Time, f frame) {
	p.list = append(p.list, parkedFrame{f, now})
	p.bytes += len(f.bytes)
	for p.bytes > parkedBytes {
		p.bytes -= len(p.list[0].bytes)
		p.list = p.list[1:]
		p.lost++
	}
}

// take empties the list and returns what is not too old.
func (p *parked) take(now scheduler.Time) []frame {
	var out []frame
	for _, f := range p.list {
		if now-f.since <= parkedFor {
			out = append(out, f.frame)
		} else {
			p.lost++
		}
	}
	p.list, p.bytes = nil, 0
	return out
}
