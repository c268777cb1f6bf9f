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
