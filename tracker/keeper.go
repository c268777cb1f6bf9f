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
	silentAfter = 1500 * time.Millisecond // a keeper that says nothing for so long, or hears nothing, is taken to be gone
	cutOffAfter = 1200 * time.Millisecond // and so soon when the store does not work either: two beats, and a little
	askEvery    = time.Second             // for a census, of one guest
)

// keeper is the cells of a stream, where this tracker keeps them: its own viewers in them, and those of its guests. All
// of it is guarded by the stream's mu.
type keeper struct {
	swarm  *cell.Swarm
	homes  map[wire.ViewerID]home      // viewers elsewhere
	guests map[string]*guest           // by name
	ghosts map[wire.ViewerID]time.Time // restored then, and seen by nobody yet
	back   int                         // of those who were to be ghosts, so many have joined again
	since  time.Time                   // it keeps
	former string                      // who kept them before; empty: nobody, or not known
	known  int                         // trackers that had viewers when it began to keep, itself included; 0: not known
	parted int64                       // when nothing more was heard of who kept before, in milliseconds of the tracker's time

	holders       holders
	acquaintances acquaintances
}

// home is where a viewer is that is not here.
type home struct {
	at     *guest
	joined int64 // there, in milliseconds of the tracker's time
	told   int64 // likewise, in those of the guest's: as its seat said
}

func (t *Tracker) newKeeper(c Control, now time.Time) *keeper {
	swarm := cell.New(t.cells(c))
	return &keeper{
		swarm: swarm, since: now, parted: t.millis(now),
		holders: newHolders(t.config.ViewersPerToken), acquaintances: newAcquaintances(swarm, t.leastAcquainted(c)),
		homes: map[wire.ViewerID]home{}, guests: map[string]*guest{}, ghosts: map[wire.ViewerID]time.Time{},
	}
}

// enter puts a viewer into a cell, or, when it is in one already, has it told anew all that it should know. It returns
// where the viewer was before, at no guest if it was nowhere else.
func (k *keeper) enter(h home, m wire.Member, at cell.Place, mate wire.ViewerID, now time.Time) (before home) {
	if before = k.rehome(m.ID, h); before.at != nil {
		before.at.moved++
	}
	if _, ghost := k.ghosts[m.ID]; ghost && h.joined > k.parted {
		k.back++
	}
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

// rehome notes where a viewer is, with no guest for here.
func (k *keeper) rehome(id wire.ViewerID, h home) (before home) {
	before = k.homes[id]
	if h.at != nil {
		k.homes[id] = h
	} else {
		delete(k.homes, id)
	}
	if before.at == h.at {
		return home{}
	}
	if before.at != nil {
		before.at.viewers--
	}
	if h.at != nil {
		h.at.viewers++
	}
	return before
}

// leave takes out a viewer, unless it is somewhere else by now.
func (k *keeper) leave(at *guest, id wire.ViewerID, now time.Time) {
	if k.homes[id].at != at {
		return
	}
	k.rehome(id, home{})
	k.holders.give(id)
	delete(k.ghosts, id)
	k.acquaintances.left(k.swarm.Origin(id), now)
	k.swarm.Leave(id)
}

// dismiss takes out a guest with all its viewers.
func (k *keeper) dismiss(g *guest, now time.Time) {
	delete(k.guests, g.name)
	for _, id := range sortedIDs(k.homes) {
		if k.homes[id].at == g {
			k.leave(g, id, now)
		}
	}
}

// unknown returns the cells in which a guest has no viewers.
func (k *keeper) unknown(g *guest) []wire.Roster {
	return slices.DeleteFunc(k.swarm.Rosters(), func(r wire.Roster) bool {
		return slices.ContainsFunc(r.Members, func(m wire.Member) bool { return k.homes[m.ID].at == g })
	})
}

func sortedIDs[T any](m map[wire.ViewerID]T) []wire.ViewerID { return slices.Sorted(maps.Keys(m)) }

// summary returns how the swarm does as a whole.
func (k *keeper) summary() trunk.Summary {
	return trunk.Summary{
		Trackers: uint32(1 + len(k.guests)), Viewers: uint32(k.swarm.Viewers()), Cells: uint32(k.swarm.Cells()), Roots: uint32(k.swarm.Roots()),
	}
}

// --- the stream's side of it ---

// pass carries a signal to its addressee, here or elsewhere, if they may get to know each other, and tells whether it is on its
// way. The addressee hears of the sender first. Public: this tracker knows that everybody may see all of it.
func (s *stream) pass(from, to wire.ViewerID, payload []byte, public bool, now time.Time) bool {
	if !s.keeper.acquaintances.introduce(from, to, now) {
		s.t.privacy.unacquainted.Inc()
		return false
	}
	if s.keeper.swarm.Introduce(from) {
		s.flush(now)
	}
	if v := s.viewers[to]; v != nil {
		return s.deliver(v, from, payload, public)
	}
	g := s.keeper.homes[to].at
	if g == nil {
		return false // a ghost
	}
	s.tellGuest(g, trunk.Word{Kind: trunk.Deliver, Body: trunk.AppendSignal(nil, from, to, payload)})
	return true
}

// deliver gives a viewer here what it may see of a signal, and tells whether there was any, and room for it.
func (s *stream) deliver(v *viewer, from wire.ViewerID, payload []byte, public bool) bool {
	if !public {
		if payload = s.t.privacy.arriving(v, payload); payload == nil {
			return false
		}
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
			} else if g := s.keeper.homes[id].at; g != nil {
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
