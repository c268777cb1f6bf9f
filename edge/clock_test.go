package edge

import (
	"fmt"
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

// TestReadersClockIsSet: whoever sets the machine's clock, who reads slowest is still who has read for longest.
func TestReadersClockIsSet(t *testing.T) {
	const day = 86_400
	for _, by := range []int64{-day, 0, day} {
		c := newCache(100_000)
		all := &readers{cache: c, clock: clock{time.Now()}, all: map[*reading]struct{}{}}
		began := time.Now()
		var objects []*object
		for i, after := range []time.Duration{0, time.Minute} { // set in between
			now := began.Add(after)
			if i > 0 {
				now = set(t, now, by)
			}
			o := newObject(target{kind: media, path: fmt.Sprint("/", i)}, fmt.Sprint("/", i))
			close(o.done)
			c.put(o, 10_000, now)
			o.landed = now
			r := &reading{of: all}
			r.begin(o, now)
			all.add(r)
			c.forget(o)
			objects = append(objects, o)
		}
		list := all.lingering(set(t, began.Add(2*time.Minute), by))
		if len(list) != 2 || list[0].object != objects[0] {
			t.Errorf("set by %d s, who has begun last is taken to be slowest, of %d", by, len(list))
		}
	}
}
