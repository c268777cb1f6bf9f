package viewer

import (
	"slices"

	"github.com/shoal-live/shoal/swarm/scheduler"
)

const (
	parkedBytes   = 1 << 20
	parkedMost    = 256 // frames
	parkedPerLink = 64  // of them
	parkedFor     = 2 * scheduler.Second
)

// parked holds frames that came before what they need: bounded in bytes, in number and in time since each was parked
// first, however often it is handed in and parked again. The oldest leave first, and of one link its own oldest.
type parked struct {
	list  []frame
	bytes int
	lost  uint64
}

func (p *parked) add(now scheduler.Time, f frame) {
	if f.parked == 0 {
		f.parked = now
	}
	if p.of(f.peer) >= parkedPerLink {
		p.lose(slices.IndexFunc(p.list, func(o frame) bool { return o.peer == f.peer }))
	}
	p.list = append(p.list, f)
	p.bytes += len(f.bytes)
	for p.bytes > parkedBytes || len(p.list) > parkedMost {
		p.lose(0)
	}
}

// of returns how many frames of a link are parked.
func (p *parked) of(peer scheduler.Peer) (n int) {
	for i := range p.list {
		if p.list[i].peer == peer {
			n++
		}
	}
	return n
}

func (p *parked) lose(i int) {
	p.bytes -= len(p.list[i].bytes)
	p.list = slices.Delete(p.list, i, i+1)
	p.lost++
}

// take empties the list and returns what is not too old.
func (p *parked) take(now scheduler.Time) []frame {
	var out []frame
	for _, f := range p.list {
		if now-f.parked <= parkedFor {
			out = append(out, f)
		} else {
			p.lost++
		}
	}
	p.list, p.bytes = nil, 0
	return out
}
