package scheduler

import "testing"

// TestHopeless: who is too far behind passes nothing on, as it would come too late and make all that follows late.
func TestHopeless(t *testing.T) {
	for _, behind := range []Time{hopeless - Millisecond, hopeless + Millisecond} {
		s, c := giver(t)
		s.uplink.free = s.now + behind
		s.spread(c, 0, 1, nil)
		if waits := s.outbox.bytes > 0; waits != (behind < hopeless) {
			t.Errorf("%d ms behind: something waits to be sent: %v", behind/Millisecond, waits)
		}
	}
}
