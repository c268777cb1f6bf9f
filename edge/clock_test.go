package edge

import (
	"log/slog"
	"testing"
	"time"
	"unsafe"
)

// set returns a time as it would be told had the machine's clock been set by so many seconds meanwhile.
func set(t *testing.T, now time.Time, seconds int64) time.Time {
	t.Helper()
	then := now
	wall := (*uint64)(unsafe.Pointer(&then)) // of the package time's: a bit, seconds, and 30 bits of nanoseconds
	*wall += uint64(seconds) << 30
	if then.Unix() != now.Unix()+seconds || then.Sub(now) != 0 {
		t.Fatalf("%v, set by %d s, is %v", now, seconds, then)
	}
	return then
}

// TestClockIsSet: whoever sets the machine's clock, by a day to either side, an upstream that is quiet is seen to be, and one that is not is not.
func TestClockIsSet(t *testing.T) {
	const day = 86_400
	for _, by := range []int64{-day, 0, day} {
		u := newUpstream("http://a.test", false, 0, slog.New(slog.DiscardHandler))
		u.answered()
		w := &wait{clock: u.clock}
		u.add(w)
		w.begin()
		began := time.Now()
		at := func(d time.Duration) time.Time { return set(t, began.Add(d), by) }
		for d, want := range map[time.Duration]bool{0: false, quietTime - 100*time.Millisecond: false, quietTime: true, time.Minute: true} {
			if got := u.quiet(at(d)); got != want {
				t.Errorf("set by %d s, after %v: quiet is %v", by, d, got)
			}
		}
		u.remove(w)
		for d, want := range map[time.Duration]bool{idleInterval - time.Second: false, idleInterval: true} {
			u.probed = time.Time{}
			if got := u.due(at(d), false, true); got != want {
				t.Errorf("set by %d s, after %v: it is probed %v", by, d, got)
			}
			u.probing = false
		}
		if u.heard.Load() >= u.clock.at(at(time.Second)) {
			t.Errorf("set by %d s, it was heard of later than a second later", by)
		}
	}
}
