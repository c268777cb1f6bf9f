package segmenter

import "time"

// least is how long a part must be that is not its segment's last, in hundredths of the part target.
const least = 85

// calm is how many segments after a frame that came too late for its part frames are taken to come at even times again.
const calm = 300

// maxEarly is how much earlier than it came a picture may be shown where one before it is missing: that one stood in its place.
const maxEarly = 150 * time.Millisecond

// fit moves a picture to where the open part has to end, where that would be too short without: one before it was lost, or it came a
// little late. Pictures that come so seldom that a part holds a whole number of them or is too short stay where they are, and the part
// is short: they would judder, each by a little else. So it is where fewer than six come a second, and at some rates up to 15.
func (s *Segmenter) fit(at time.Duration) time.Duration {
	end := s.part + s.config.Part
	if !s.lead || s.follows || at <= end || at-end > maxEarly || s.last >= end || s.last-s.part >= s.config.Part*least/100 {
		return at
	}
	if missing := at-s.came > s.frame*5/4; !missing && at-end > s.frame/8 {
		return at
	}
	return end
}

// full tells whether the open part, which is so long, ends before the next frame. Of the parts up to the
// segment's end the last is to be no crumb: it is listed right behind the one before it, and a player that is still busy with that
// one may pass it over, and stand still for the hole (hls.js 1.7.4 does where less than 0.2 s are missing).
func (s *Segmenter) full(long time.Duration) bool {
	end, over := s.ahead(), long+s.frame-s.config.Part
	if end == 0 || over > s.frame/4 { // a little more may yet be within it: frames tremble
		return over > 0
	}
	left, most := end-s.part, s.config.Part
	if s.tremble > 0 {
		most -= s.frame / 2
	} else {
		left -= s.frame / 4 // the end may come a little earlier than expected
	}
	n := (left + most - 1) / most
	return n > 1 && long+s.frame/2 >= left/n
}

// ahead returns where the open segment is expected to end, 0 where that is not known.
func (s *Segmenter) ahead() time.Duration {
	if s.follows {
		return s.bound
	}
	if !s.lead {
		return s.segment + s.wanted
	}
	next, interval := s.cadence.next(), s.cadence.interval()
	if interval == 0 {
		return 0
	}
	if early := s.segment + s.wanted - s.frame/2 - next; early > 0 {
		next += (early + interval - 1) / interval * interval
	}
	if next-s.segment >= s.config.Longest {
		return 0
	}
	return next
}

// Due returns how far behind the newest leading frame the one should be that ends the open part; false before there are two.
func (s *Segmenter) Due() (time.Duration, bool) {
	if !s.started || s.follows || s.frames < 2 && s.rate == 0 {
		return 0, false
	}
	end := s.ahead()
	at := s.last + s.frame
	for ; ; at += s.frame {
		long := at - s.part
		if end > 0 && at+s.frame/2 >= end || long >= s.config.Part*least/100 && s.full(long) {
			return at - s.last, true
		}
	}
}
