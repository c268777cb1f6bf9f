package tracker

import (
	"maps"
	"slices"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
)

// Ghosts are viewers of whom only the rosters tell, when a tracker begins to keep cells that it knew as a guest: they are somewhere
// else, or nowhere. They, and the viewers of a guest that says nothing, outlive their tracker for a while, since they come
// back by another and their links are whole. If the tracker is not dead but cut off from the store, its viewers are all there, and are kept
// for longer. Two things tell: whether the store still holds the connection by which it listened, which ends with its process,
// though not with its machine; and whether its viewers come by others, as they do when it is gone.

const (
	ghostsAfter = 20 * time.Second // viewers outlive their tracker: they have so long to come back by another
	frozenFor   = time.Minute      // while the store is away nobody is taken to be gone, for so long at most; nor are those who are cut off
	mostAlone   = 3                // of so few viewers it cannot be told whether they are cut off
)

// restore puts back a cell as its members were told of it, or those that are missing from what is left of it. Who is not
// known to be anywhere is a ghost until it is seen, with a place if one is told of it.
func (k *keeper) restore(r wire.Roster, viewers map[wire.ViewerID]*viewer, outside map[wire.ViewerID]bool, places map[wire.ViewerID]cell.Place, now time.Time) {
	r.Members = slices.DeleteFunc(slices.Clone(r.Members), func(m wire.Member) bool { return outside[m.ID] })
	at := func(id wire.ViewerID) cell.Place {
		if v := viewers[id]; v != nil {
			return v.at
		}
		place := places[id]
		place.Origin = 0 // a ghost is none of any origin: see enter
		return place
	}
	var missing []wire.Member
	var mate wire.ViewerID
	for _, m := range r.Members {
		if k.swarm.Has(m.ID) {
			mate = m.ID
		} else if m.ID != 0 {
			missing = append(missing, m)
		}
	}
	if mate == 0 {
		k.swarm.Restore(r, at)
	}
	for _, m := range missing {
		if !k.swarm.Has(m.ID) {
			k.swarm.JoinBeside(mate, m, at(m.ID))
		}
		v := viewers[m.ID]
		if v == nil {
			k.ghosts[m.ID] = now
			continue
		}
		if v.joined > k.parted {
			k.back++
		}
		k.acquaintances.came(m.ID, now)
	}
}

// cutOff tells of viewers of whom nothing is heard whether their tracker seems to be there all the same: so many are left, so many have
// come by others.
func cutOff(left, back int) bool { return left+back > mostAlone && 4*back < left+back }

// tend looks after the guests: they hear a beat, and those of whom nothing is heard are gone with their viewers, as are
// the ghosts. While the store is away, nothing heard says nothing.
func (k *keeper) tend(s *stream, now time.Time, calm bool) {
	gone := func(since time.Time, cutOff bool) bool {
		d := now.Sub(since)
		return d > ghostsAfter && calm && !cutOff || d > frozenFor
	}
	for _, name := range slices.Sorted(maps.Keys(k.guests)) {
		g := k.guests[name]
		if gone(g.heard, cutOff(g.viewers, g.moved) && s.t.exchange.out.listens(name)) {
			k.dismiss(g, now)
		} else if g.session != 0 {
			s.beatTo(g, now)
		}
	}
	silent := k.known - 1 - len(k.guests) // trackers; if all have told who is theirs, ghosts have left
	apart := (silent > 1 || silent == 1 && s.t.exchange.out.listens(k.former)) && cutOff(len(k.ghosts), k.back)
	for _, id := range sortedIDs(k.ghosts) {
		if gone(k.ghosts[id], apart) {
			k.leave(nil, id, now)
		}
	}
	s.flush(now)
}

// --- the stream's side of it ---

// restore makes this tracker the keeper of a stream's cells, as far as it knows of them, and of its own viewers: what it
// was told of them is true until those concerned say otherwise.
func (s *stream) restore(now time.Time) {
	k := s.t.newKeeper(s.control, now)
	if s.tie != nil && s.tie.firm {
		k.parted, k.known, k.former = s.t.millis(s.tie.heard), int(s.tie.swarm.Trackers), s.tie.name
	}
	for _, id := range slices.Sorted(maps.Keys(s.mirror.cells)) {
		k.restore(*s.mirror.cells[id], s.viewers, s.outside.members, nil, now)
	}
	if s.tie != nil {
		for _, r := range s.tie.bequest {
			k.restore(r, s.viewers, s.outside.members, nil, now)
		}
	}
	for _, id := range sortedIDs(s.viewers) {
		v := s.viewers[id]
		if s.outside.members[id] {
			k.leave(nil, id, now)
		} else {
			k.enter(home{joined: v.joined}, v.member, v.at, 0, now)
			k.holders.take(v.pass.token, id, v.joined) // that there are not too many here seats has seen to
		}
	}
	s.keeper, s.mirror, s.tie = k, nil, nil
	s.t.metrics.restored.Inc()
}
