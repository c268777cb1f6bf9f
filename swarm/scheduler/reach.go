package scheduler

import "github.com/shoal-live/shoal/swarm/wire"

// tellReach tells the cell with how many of it there are links, when that changed: it is so many copies that a piece takes
// of one's uplink.
func (s *Scheduler) tellReach() {
	reach := 0
	for _, l := range s.links {
		if l.up && l.role == ofCell {
			reach++
		}
	}
	if reach == s.reachTold || s.now-s.reachAt < reachPause {
		return
	}
	s.reachTold, s.reachAt = reach, s.now
	for _, l := range s.links {
		if l.up && l.role == ofCell {
			s.sendForward(l, wire.ForwardReach, wire.ViewerID(reach))
		}
	}
}

// reachPause is the least time from one such word to the next.
const reachPause = Second

// leastReach is the least part of the cell, of a hundred, that is believed.
const leastReach = 35

// reach returns with how much of the cell, of a hundred, l has links: all of it until it says so.
func (s *Scheduler) reach(l *link) int {
	if l.reach == 0 {
		return 100
	}
	return max(leastReach, min(100, 100*l.reach/max(1, len(s.roster))))
}

// usualReach is the mean of that.
func (s *Scheduler) usualReach() int {
	sum, n := 0, 0
	for _, l := range s.links {
		if l.up && l.role == ofCell {
			sum, n = sum+s.reach(l), n+1
		}
	}
	return sum / max(1, n)
}
