package tracker

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestNewcomers: who comes into a cell is a newcomer for a while, also who was outside of all of them, and who has left again.
//
// Clause: viewer-counts
func TestNewcomers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		newcomers := func() int {
			synctest.Wait()
			return w.tracker.Streams()[0].Newcomers
		}
		w.join("demo")
		time.Sleep(lately / 2 * time.Second)
		w.join("demo").conn.Close()
		if got := newcomers(); got != 2 {
			t.Errorf("%d newcomers, want both", got)
		}
		time.Sleep((lately/2 + 1) * time.Second)
		if got := newcomers(); got != 1 {
			t.Errorf("%d newcomers, want the second", got)
		}
		time.Sleep(lately * time.Second)
		if got := newcomers(); got != 0 {
			t.Errorf("%d newcomers after a while", got)
		}
		c := w.tracker.ControlOf("demo")
		for _, c.P2P = range []bool{false, true} {
			if err := w.tracker.SetControl("demo", c); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if got := newcomers(); got != 1 {
			t.Errorf("%d newcomers, want the one who was outside", got)
		}
	})
}
