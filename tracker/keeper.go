package tracker

import (
	"maps"
	"slices"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
	"github.com/shoal-live/shoal/tracker/trunk"
)

const (
	silentAfter = 1500 * time.Millisecond // a keeper that says nothing for so long is taken to be gone
	cutOffAfter = 700 * time.Millisecond  // and so soon when the store does not work either
	ghostsAfter = 20 * time.Second        // viewers outlive their tracker: they have so long to come back by another
	frozenFor   = time.Minute             // while the store is away nobody is taken to be gone, for so long at most
	askEvery    = time.Second             // for a census, of one guest
)

// keeper is the cells of a stream, where this tracker keeps them: its own viewers in them, and those of its guests. All
// of it is guarded by the stream's mu.
type keeper struct {
	swarm  *cell.Swarm
	homes  map[wire.ViewerID]*guest    // viewers elsewhere
	guests map[string]*guest           // by name
	ghosts map[wire.ViewerID]time.Time // restored then, and seen by nobody yet
	since  time.Time                   // it keeps

	acquaintances acquaintances
}

func (t *Tracker) newKeeper(c Control, now time.Time) *keeper {
	swarm := cell.New(t.cells(c))
	return &keeper{
		swarm: swarm, since: now, acquaintances: newAcquaintances(swarm, t.config.Acquaintances),
		homes: map[wire.ViewerID]*guest{}, guests: map[string]*guest{}, ghosts: map[wire.ViewerID]time.Time{},
	}
}

// enter puts a viewer into a cell, or, when it is in one already, has it told anew all that it should know. It returns
// where the viewer was before, nil if it was nowhere else.
func (k *keeper) enter(home *guest, m wire.Member, at cell.Place, mate wire.ViewerID, now time.Time) (before *guest) {
	before = k.rehome(m.ID, home)
	delete(k.ghosts, m.ID)
	known := k.swarm.Origin(m.ID) // of ghosts it is not
	if k.swarm.Has(m.ID) {
		k.swarm.Update(m, at)
		k.swarm.Resend(m.ID)
	} else {
		k.swarm.JoinBeside(mate, m, at)
	}
	if k.swarm.Origin(m.ID) != known {
		k.acquaintances.left(known, now)
		k.acquaintances.came(m.ID, now)
	}
	return before
}

// rehome notes where a viewer is, nil for here.
func (k *keeper) rehome(id wire.ViewerID, home *guest) (before *guest) {
	before = k.homes[id]
	if before == home {
		return nil
	}
	if before != nil {
		before.viewers--
		delete(k.homes, id)
	}
	if home != nil {
		home.viewers++
		k.homes[id] = home
	}
	return before
}

// leave takes out a viewer, unless it is somewhere else by now.
func (k *keeper) leave(home *guest, id wire.ViewerID, now time.Time) {
	if k.homes[id] != home {
		return
	}
	k.rehome(id, nil)
	delete(k.ghosts, id)
	k.acquaintances.left(k.swarm.Origin(id), now)
	k.swarm.Leave(id)
}

// dismiss takes out a guest with all its viewers.
func (k *keeper) dismiss(g *guest, now time.Time) {
	delete(k.guests, g.name)
	for _, id := range sortedIDs(k.homes) {
		if k.homes[id] == g {
			k.leave(g, id, now)
		}
	}
}

// restore puts back a cell as its members were told of it, or those that are missing from what is left of it. Who is not
// known to be anywhere is a ghost until it is seen.
func (k *keeper) restore(r wire.Roster, viewers map[wire.ViewerID]*viewer, outside map[wire.ViewerID]bool, now time.Time) {
	r.Members = slices.DeleteFunc(slices.Clone(r.Members), func(m wire.Member) bool { return outside[m.ID] })
	at := func(id wire.ViewerID) cell.Place {
		if v := viewers[id]; v != nil {
			return v.at
		}
		return cell.Place{}
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
		if viewers[m.ID] == nil {
			k.ghosts[m.ID] = now
		} else {
			k.acquaintances.came(m.ID, now)
		}
	}
}

func sortedIDs[T any](m map[wire.ViewerID]T) []wire.ViewerID { return slices.Sorted(maps.Keys(m)) }

// tend looks after the guests: they hear a beat, and those of whom nothing is heard are gone with their viewers, as are
// the ghosts. While the store is away, nothing heard says nothing.
func (k *keeper) tend(s *stream, now time.Time, calm bool) {
	gone := func(since time.Time) bool {
		d := now.Sub(since)
		return calm && d > ghostsAfter || d > frozenFor
	}
	for _, name := range slices.Sorted(maps.Keys(k.guests)) {
		g := k.guests[name]
		if gone(g.heard) {
			k.dismiss(g, now)
		} else if g.session != 0 {
			s.tellGuest(g, trunk.Word{Kind: trunk.Beat})
		}
	}
	for _, id := range sortedIDs(k.ghosts) {
		if gone(k.ghosts[id]) {
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
	for _, id := range slices.Sorted(maps.Keys(s.mirror.cells)) {
		k.restore(*s.mirror.cells[id], s.viewers, s.outside.members, now)
	}
	for _, id := range sortedIDs(s.viewers) {
		if s.outside.members[id] {
			k.leave(nil, id, now)
		} else {
			k.enter(nil, s.viewers[id].member, s.viewers[id].at, 0, now)
		}
	}
	s.keeper, s.mirror, s.tie = k, nil, nil
	s.t.metrics.restored.Inc()
}

// pass carries a signal to its addressee, here or elsewhere, if they may get to know each other, and tells whether it is on its way. The addressee hears of the
// sender first.
func (s *stream) pass(from, to wire.ViewerID, payload []byte, now time.Time) bool {
	if !s.keeper.acquaintances.introduce(from, to, now) {
		s.t.privacy.unacquainted.Inc()
		return false
	}
	if s.keeper.swarm.Introduce(from) {
		s.flush(now)
	}
	if v := s.viewers[to]; v != nil {
		return s.deliver(v, from, payload)
	}
	g := s.keeper.homes[to]
	if g == nil {
		return false // a ghost
	}
	s.tellGuest(g, trunk.Word{Kind: trunk.Deliver, Body: trunk.AppendSignal(nil, from, to, payload)})
	return true
}

// deliver gives a viewer here what it may see of a signal, and tells whether there was any, and room for it.
func (s *stream) deliver(v *viewer, from wire.ViewerID, payload []byte) bool {
	if payload = s.t.privacy.arriving(v, payload); payload == nil {
		return false
	}
	if !v.relay(wire.Signal{Type: wire.TypeSignalled, Peer: from, Payload: payload}) {
		return false
	}
	s.t.metrics.signals.Inc()
	return true
}

// flush tells all who must be told something, here and elsewhere.
func (s *stream) flush(now time.Time) {
	if s.keeper == nil || s.over || s.tie != nil && s.tie.firm { // who is answered by another's keeper is told nothing by ours
		return
	}
	for _, n := range s.keeper.swarm.Flush(s.t.millis(now)) {
		b := n.Append(nil)
		k := kindOf(b)
		var elsewhere map[*guest][]wire.ViewerID
		for _, id := range n.To {
			if s.inCell(id) {
				s.viewers[id].push(k, b)
			} else if g := s.keeper.homes[id]; g != nil {
				if elsewhere == nil {
					elsewhere = map[*guest][]wire.ViewerID{}
				}
				elsewhere[g] = append(elsewhere[g], id)
			}
		}
		for g, to := range elsewhere { // in no order: each has a session of its own
			body := trunk.AppendNotice(nil, s.keeper.swarm.CellOf(to[0]), to, b)
			s.tellGuest(g, trunk.Word{Kind: trunk.Notice, Body: body})
		}
	}
}
