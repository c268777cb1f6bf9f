package tracker

import "testing"

// TestWhatAFullQueueDrops: each message that is dropped is told, so that it is counted, and has a name in the metrics.
func TestWhatAFullQueueDrops(t *testing.T) {
	for k := welcome; k <= closing; k++ {
		var q queue
		for len(q.waiting) < maxQueued {
			q.add(outgoing{kind: signal})
		}
		dropped := q.add(outgoing{kind: k})
		kept := len(q.waiting) > maxQueued
		if kept == dropped || dropped != (droppedNames[k] != "") {
			t.Errorf("kind %d: kept %v, told that it was dropped: %v, and its name is %q", k, kept, dropped, droppedNames[k])
		}
	}
}
