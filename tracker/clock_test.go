package tracker

import (
	"errors"
	"testing"
	"time"
	"unsafe"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// stepped returns a moment as it is read when somebody has set the wall clock in between. The monotonic reading, which no one sets, is
// as it was.
func stepped(t *testing.T, now time.Time, by time.Duration) time.Time {
	t.Helper()
	const seconds = 30 // how far the seconds stand in the first word of a time.Time that has both
	was := now
	word := (*uint64)(unsafe.Pointer(&now))
	*word = uint64(int64(*word) + int64(by/time.Second)<<seconds)
	if now.Sub(was) != 0 || now.Unix()-was.Unix() != int64(by/time.Second) {
		t.Fatalf("%v was to be stepped by %v, and is %v", was, by, now)
	}
	return now
}

// TestTheWallClockIsSet: neither is anybody taken to be dead for it, nor does anybody wait, nor has the store failed long ago.
func TestTheWallClockIsSet(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		w := newWorld(t, Config{})
		w.join("demo")
		now := time.Now()
		then := stepped(t, now, by)
		turn := func(now time.Time) (dead float64) {
			for range wheelSlots {
				w.tracker.wheel.turn(now)
			}
			return testutil.ToFloat64(w.tracker.metrics.dead)
		}
		if turn(then) != 0 {
			t.Errorf("%v: a viewer was taken to be dead", by)
		}
		if turn(then.Add(deadAfter+time.Second)) != 1 {
			t.Errorf("%v: a viewer that was not heard of is taken to be there", by)
		}

		ended, err := New(Config{})
		if err != nil {
			t.Fatal(err)
		}
		close(ended.done) // who would have to wait is told so
		v := &viewer{t: ended}
		if err := errors.Join(v.spend(now, 0), v.spend(then, 0), v.spend(now, 0)); err != nil {
			t.Errorf("%v: a viewer has to wait", by)
		}

		var o outage
		if o.since(now) < time.Hour || o.over(now) {
			t.Error("what has never failed is over")
		}
		o.fail(now)
		if d := o.since(then); d != 0 {
			t.Errorf("%v: a failure of just now was %v ago", by, d)
		}
		if !o.over(now.Add(failingFor + time.Millisecond)) {
			t.Error("a failure lasts for ever")
		}
	}
}
