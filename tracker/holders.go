package tracker

import (
	"cmp"
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/token"
)

// holders is which viewers of a stream sit on the seats of which token, at whatever tracker: what seats is to one tracker,
// for all. Where there are too many, those who joined first stay. It knows tokens only of viewers that are in cells, so it is
// no larger than these are many; it is part of the keeper.
type holders struct {
	most int // static; viewers to a token
	by   map[token.ID][]holder
	of   map[wire.ViewerID]token.ID
}

// holder is a viewer on a seat of a token.
type holder struct {
	viewer wire.ViewerID
	joined int64 // in milliseconds of the tracker's time
	asked  int64 // for a sign of life, likewise; 0: never
}

func newHolders(most int) holders {
	return holders{most: most, by: map[token.ID][]holder{}, of: map[wire.ViewerID]token.ID{}}
}

// take gives a viewer a seat of its token. It returns who has none now, 0 for nobody: of those who are too many, the last to come.
func (h *holders) take(id token.ID, viewer wire.ViewerID, joined int64) (out wire.ViewerID) {
	if id == (token.ID{}) || h.of[viewer] == id {
		return 0
	}
	if held := h.by[id]; len(held) >= h.most {
		last := slices.MaxFunc(held, func(a, b holder) int { return cmp.Compare(a.joined, b.joined) })
		if last.joined <= joined {
			return viewer
		}
		out = last.viewer
		h.give(out)
	}
	h.give(viewer) // of another token that it came with before
	h.by[id] = append(h.by[id], holder{viewer: viewer, joined: joined})
	h.of[viewer] = id
	return out
}

// contest is for a viewer that found no seat of its token: it returns who is to be asked for a sign of life, each once in
// seatAgain, and whether one of those who sit may lose its seat soon.
func (h *holders) contest(id token.ID, now int64) (ask []wire.ViewerID, soon bool) {
	if h.most > mostAsked {
		return nil, false
	}
	for i := range h.by[id] {
		o := &h.by[id][i]
		if o.asked == 0 || now-o.asked >= seatAgain.Milliseconds() {
			o.asked = now
			ask = append(ask, o.viewer)
		}
		soon = soon || now-o.asked < soonAgain.Milliseconds()
	}
	return ask, soon
}

// give takes back what a viewer holds.
func (h *holders) give(viewer wire.ViewerID) {
	id, ok := h.of[viewer]
	if !ok {
		return
	}
	delete(h.of, viewer)
	h.by[id] = slices.DeleteFunc(h.by[id], func(o holder) bool { return o.viewer == viewer })
	if len(h.by[id]) == 0 {
		delete(h.by, id)
	}
}
