//go:build linux

package main

import "time"

// An uplink is what a port may send: its packets leave one after another at a rate, and those that would wait for longer
// than the queue is are dropped.
type uplink struct {
	rate  int64         // bits a second; 0: no limit
	queue time.Duration // what may wait, in time of that rate
	free  time.Time     // when all that was admitted will have left

	waited  int64         // packets that found others before them
	longest time.Duration // that one waited
}

// admit returns when a packet of so many bytes will have left, or false if it finds the queue full.
func (u *uplink) admit(now time.Time, size int) (time.Time, bool) {
	if u.rate == 0 {
		return now, true
	}
	start := now
	if u.free.After(now) {
		start = u.free
	}
	wait := start.Sub(now)
	if wait > u.queue {
		return time.Time{}, false
	}
	if wait > 0 {
		u.waited++
		u.longest = max(u.longest, wait)
	}
	u.free = start.Add(time.Duration(int64(size) * 8 * int64(time.Second) / u.rate))
	return u.free, true
}
