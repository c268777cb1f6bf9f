package scheduler

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// TestOff: the operator takes a viewer out of the swarm; a viewer that leaves by itself, to rest, was taken out by nobody.
func TestOff(t *testing.T) {
	s := cellOf(500, 500)[0]
	s.Leave(1)
	if s.Off() {
		t.Error("off, said who left by itself")
	}
	s.TrackerUp(2)
	s.TrackerMessage(3, wire.Control{Flags: wire.Off}.Append(nil))
	if !s.Off() {
		t.Error("not off, though the tracker said so")
	}
	s.Leave(4)
	if !s.Off() {
		t.Error("leaving turned the swarm on")
	}
	s.TrackerMessage(5, wire.Roster{Version: 1, Members: []wire.Member{{ID: s.self.ID}}}.Append(nil))
	if s.Off() {
		t.Error("off still, in a cell")
	}
}

// TestLent: within no ten seconds more is sent than may be lent of the uplink, whatever is wanted: pieces that are pulled, chunks that are owned and
// passed on, and all that is said beside them.
func TestLent(t *testing.T) {
	const most, seconds = 50, 40 // units of 10 kbit/s
	s := meshed(500, 500, 500, 500)
	s.Self(0, wire.MayUpload, 0, most)
	sent := make([]int, 100*seconds) // bytes in each hundredth of a second
	now := Time(1)
	gather := func() {
		for _, a := range s.Actions() {
			c := s.chunk(a.Chunk)
			switch a.Kind {
			case Send:
				sent[now/(10*Millisecond)] += len(a.Bytes)
			case SendHashes:
				sent[now/(10*Millisecond)] += wire.FrameHeaderSize + 32*c.pieces
			case SendPieces:
				from, to := c.record.PieceBounds(a.First, a.Count)
				sent[now/(10*Millisecond)] += wire.FrameHeaderSize + to - from
			case Fetch:
				s.Fetched(now, a.Chunk, a.First, a.Count, true)
			}
		}
	}
	for part := range uint64(3 * seconds) {
		r := record(wire.ChunkID{Epoch: 1, MSN: 10 + part/6, Part: uint16(part % 6)}, 80_000) // 1.9 Mbit/s
		h := s.Learn(now, &r, 0)
		s.Held(now, h)
		for _, l := range s.links { // each wants all of it
			f := wire.Frame{Type: wire.Want, Flags: wire.FlagWantHashes, ID: r.ID}
			s.Frame(now, l.peer, append(f.Append(nil), 255, 255), 0)
		}
		for end := now + Second/3; now < end && now < seconds*Second; now += 5 * Millisecond {
			s.Backlog(now, 0)
			s.Tick(now)
			gather()
		}
	}
	worst, all := 0, 0
	for from := range len(sent) - 1000 {
		sum := 0
		for _, bytes := range sent[from : from+1000] {
			sum += bytes
		}
		worst = max(worst, sum)
	}
	for _, bytes := range sent {
		all += bytes
	}
	lent := most * 10_000 / 8 // bytes a second
	t.Logf("%d bytes a second at most in ten, %d in the mean, of %d", worst/10, all/seconds, lent)
	if worst > 10*lent*105/100 {
		t.Errorf("%d bytes within 10 s, of %d that are lent", worst, 10*lent)
	}
	if all < seconds*lent*8/10 {
		t.Errorf("%d bytes in %d s: the bound was not reached", all, seconds)
	}
}
