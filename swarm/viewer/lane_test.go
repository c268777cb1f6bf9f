package viewer

import (
	"bytes"
	"testing"
	"testing/synctest"
)

// TestLane: what is put in before it is open waits; then everything is done once and in order, by one at a time; what is too much is refused; and
// nobody is there while there is nothing to do, or once it has ended.
func TestLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(3)
		for i := range 5 {
			if room := l.put([]byte{byte(i)}); room != (i < 3) {
				t.Errorf("put %d: room %v", i, room)
			}
		}
		var done []byte
		gate := make(chan struct{})
		l.open(func(b []byte) {
			<-gate
			done = append(done, b...)
		})
		synctest.Wait()
		if !l.put([]byte{9}) {
			t.Error("one is under way, so there is room for another")
		}
		close(gate)
		synctest.Wait()
		if !bytes.Equal(done, []byte{0, 1, 2, 9}) {
			t.Errorf("done: %v", done)
		}
		if l.busy {
			t.Error("somebody is there, with nothing to do")
		}
		l.put([]byte{10})
		l.end()
		if l.put([]byte{11}) {
			t.Error("it has ended, and takes more")
		}
	})
}

// TestLaneEnds: it waits for what is being done, and drops the rest.
func TestLaneEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(8)
		gate, did := make(chan struct{}), 0
		l.open(func([]byte) { <-gate; did++ })
		l.put(nil)
		l.put(nil)
		synctest.Wait()
		ended := make(chan struct{})
		go func() { defer close(ended); l.end() }()
		synctest.Wait()
		select {
		case <-ended:
			t.Error("ended while something was being done")
		default:
		}
		close(gate)
		<-ended
		if did != 1 {
			t.Errorf("did %d, want 1: the one that was under way", did)
		}
	})
}
