package scheduler

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// FuzzOutside hands bytes from outside to a Scheduler with a link, of each role, and two chunks, one of them held: it
// must not panic, and must not ask the host to send to, or take from, a peer that it has closed.
func FuzzOutside(f *testing.F) {
	r := record(wire.ChunkID{Epoch: 1, MSN: 10, Part: 1}, 40000)
	for _, t := range []wire.FrameType{wire.Have, wire.Fetching, wire.Failed, wire.Want, wire.Deny, wire.Forward, wire.Busy, wire.Hashes, wire.Pieces} {
		f.Add(wire.Frame{Type: t, ID: r.ID}.Append(nil), 512, false)
	}
	held := record(wire.ChunkID{Epoch: 1, MSN: 10}, 40000)
	next := record(wire.ChunkID{Epoch: 1, MSN: 10, Part: 2}, 40000)
	f.Add(next.Append(wire.Frame{Type: wire.Announce, Flags: wire.FlagFetching, ID: next.ID}.Append(nil)), 0, false)
	f.Add(append(wire.Frame{Type: wire.Relay, Index: 3, ID: r.ID}.Append(nil), 0, 5), 0, false)
	for what := range wire.ForwardDrop + 1 {
		f.Add(append(wire.Frame{Type: wire.Forward, Index: what}.Append(nil), 0, 0, 0, 0, 0, 0, 0, 9), 0, false)
	}
	f.Add(wire.Frame{Type: wire.Pieces, Flags: wire.FlagOnward, Index: 2, ID: r.ID}.Append(nil), 2560, false)
	f.Add(append(wire.Frame{Type: wire.Relay, Flags: wire.FlagErrand, ID: held.ID}.Append(nil), 0, 1, 0, 0, 0, 0, 0, 0, 0, 9), 0, false)
	f.Add(append(wire.Frame{Type: wire.Want, Flags: wire.FlagAhead, ID: held.ID}.Append(nil), 0xff, 0xff), 0, false)
	f.Add(wire.Bridges{Bridges: []wire.Bridge{{Role: wire.Feeder, Member: wire.Member{ID: 9}}}}.Append(nil), 0, true)
	f.Add(wire.Roster{Version: 4, Members: []wire.Member{{ID: 9}}}.Append(nil), 0, true)
	f.Add(wire.Delta{Version: 4, Left: []wire.ViewerID{7}}.Append(nil), 0, true)
	f.Add(wire.Signal{Type: wire.TypeSignalled, Peer: 3, Payload: []byte{1}}.Append(nil), 0, true)
	f.Add(wire.Control{Flags: wire.Off, Most: 3}.Append(nil), 0, true)
	f.Add(wire.Control{Most: 1}.Append(nil), 0, true)
	f.Fuzz(func(t *testing.T, b []byte, payload int, tracker bool) {
		for _, what := range [...]role{ofCell, feeder, follower} {
			s := cellOf(500, 500, 500)[0]
			s.open(&s.roster[0], false)
			s.LinkUp(0, 1)
			s.link(1).role = what
			h := s.Learn(0, &r, 0)
			s.HashesTaken(0, 0, h, true)
			s.open(&s.roster[1], false)
			s.LinkUp(0, 2)
			s.link(1).forwards = s.link(2).slot
			s.Held(0, s.Learn(0, &held, 0))
			s.Actions()
			if tracker {
				s.TrackerMessage(1, b)
			} else {
				s.Frame(1, 1, b, payload)
			}
			closed := map[Peer]bool{}
			for _, a := range append([]Action(nil), s.Actions()...) {
				if closed[a.Peer] && a.Peer != 0 {
					t.Errorf("%s after the link was closed", describe(a))
				}
				switch a.Kind {
				case Disconnect:
					closed[a.Peer] = true
				case TakePieces:
					s.PiecesTaken(1, a.Peer, a.Chunk, a.First, a.Count, true)
					s.Actions()
				}
			}
			s.Tick(Second)
		}
	})
}
