//go:build linux

package main

import "time"

// A line is one way of a port, out of it or into it: packets leave it one after another at a rate, and those that would wait for longer than the
// queue is are dropped.
type line struct {
	rate  int64         // bits a second; 0: no limit
	queue time.Duration // what may wait, in time of that rate
	free  time.Time     // when all that was admitted will have left

	waited  int64         // packets that found others before them
	longest time.Duration // that one waited
}

// admit returns when a packet of so many bytes will have left, or false if it finds the queue full.
func (l *line) admit(now time.Time, size int) (time.Time, bool) {
	if l.rate == 0 {
		return now, true
	}
	start := now
	if l.free.After(now) {
		start = l.free
	}
	wait := start.Sub(now)
	if wait > l.queue {
		return time.Time{}, false
	}
	if wait > 0 {
		l.waited++
		l.longest = max(l.longest, wait)
	}
	l.free = start.Add(time.Duration(int64(size) * 8 * int64(time.Second) / l.rate))
	return l.free, true
}
