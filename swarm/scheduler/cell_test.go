package scheduler

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// TestOldDelta: what brings the roster to a version that it has, or had, changes nothing.
func TestOldDelta(t *testing.T) {
	s := meshed(500, 500, 500)
	left := []wire.ViewerID{s.roster[0].ID}
	for _, c := range []struct {
		version uint32
		members int
	}{{0, 2}, {1, 2}, {2, 1}} {
		s.TrackerMessage(0, wire.Delta{Version: c.version, Left: left}.Append(nil))
		if len(s.roster) != c.members {
			t.Errorf("version %d: %d others", c.version, len(s.roster))
		}
	}
}

// TestSignalIsBounded: what the tracker would not take is not sent to it.
func TestSignalIsBounded(t *testing.T) {
	for _, more := range []int{0, 1} {
		s := meshed(500, 500)
		s.Actions()
		s.OutSignal(0, s.links[0].peer, make([]byte, wire.MaxSignal+more))
		if sent := len(s.Actions()); sent != 1-more {
			t.Errorf("%d bytes too many: %d messages", more, sent)
		}
	}
}
