package whip

import "time"

const (
	maxSkew  = 3 * time.Second       // a sender report that says more is not believed
	frame    = 20 * time.Millisecond // about how long what came last takes
	slewStep = 2 * time.Millisecond  // a frame; moves picture to sound without a jump
)

// clock turns one track's RTP timestamps into time since the session began.
type clock struct {
	rate int64

	started bool
	last    uint32
	ticks   int64         // unwrapped, 0 at the first packet
	offset  time.Duration // of the first packet
	least   time.Duration // that the offset may be: the end of what another source sent

	reported bool
	ntp      time.Time // the sender's clock ...
	at       int64     // ... at these ticks
}

// time returns the time of a timestamp that came since after the session began.
func (c *clock) time(timestamp uint32, since time.Duration) time.Duration {
	if !c.started {
		c.started, c.last, c.offset = true, timestamp, max(since, c.least)
	}
	c.ticks += int64(int32(timestamp - c.last))
	c.last = timestamp
	return c.when(c.ticks)
}

// when returns the time of unwrapped ticks.
func (c *clock) when(ticks int64) time.Duration { return c.offset + c.span(ticks) }

func (c *clock) span(ticks int64) time.Duration {
	return time.Duration(ticks/c.rate)*time.Second + time.Duration(ticks%c.rate)*time.Second/time.Duration(c.rate)
}

// anew returns a clock for another source in the place of c's: it goes on behind c.
func (c *clock) anew() clock {
	n := clock{rate: c.rate, least: c.least}
	if c.started {
		n.least = c.when(c.ticks) + frame
	}
	return n
}

// report notes a sender report.
func (c *clock) report(ntp uint64, timestamp uint32) {
	if !c.started || ntp == 0 {
		return
	}
	seconds, part := int64(ntp>>32), int64(ntp&0xffffffff)
	c.ntp = time.Unix(seconds-2208988800, part*int64(time.Second)>>32)
	c.at = c.ticks + int64(int32(timestamp-c.last))
	c.reported = true
}

// follow moves c one step towards where its sender reports and leader's say it should be.
func (c *clock) follow(leader *clock) {
	if !c.reported || !leader.reported {
		return
	}
	want := leader.when(leader.at) + c.ntp.Sub(leader.ntp) - c.span(c.at)
	switch d := want - c.offset; {
	case d > maxSkew || d < -maxSkew:
	case d > slewStep:
		c.offset += slewStep
	case d < -slewStep:
		c.offset -= slewStep
	default:
		c.offset = want
	}
}

// behind returns how many ticks c counts more than leader for the same moment, by the reports of both. Their rates are equal.
func (c *clock) behind(leader *clock) (ticks int64, known bool) {
	if !c.reported || !leader.reported {
		return 0, false
	}
	d := c.ntp.Sub(leader.ntp)
	if d > time.Hour || d < -time.Hour {
		return 0, false
	}
	return c.at - leader.at - int64(d)*c.rate/int64(time.Second), true
}
