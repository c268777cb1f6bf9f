package scheduler

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// TestUplinkIsMeasured lets an uplink of 2 Mbit/s that is taken for 5 send, and a peer tell how long each message waits.
func TestUplinkIsMeasured(t *testing.T) {
	const rate = 250_000 // bytes a second
	var u uplink
	var free Time // when the uplink is through
	u.speed = 625_000
	for now := Time(0); now < 5*Second; now += 20 * Millisecond {
		u.handOut(now, 6000, 500) // a fifth more than leaves
		free = max(free, now) + Time(6000*int64(Second)/rate)
		u.measure(departure{now, free - now, u.handed}, free-now)
		if free-now > 300*Millisecond {
			now += 400 * Millisecond // a pause
		}
	}
	if u.speed < rate*9/10 || u.speed > rate*11/10 || u.taken < trusted {
		t.Errorf("taken for %d bytes a second after %d measurements, is %d", u.speed, u.taken, rate)
	}
}

// TestIdleUplinkIsNotMeasured: as long as nothing waits, it is not known what the uplink could do.
func TestIdleUplinkIsNotMeasured(t *testing.T) {
	const supposed = 625_000
	u := uplink{speed: supposed}
	for now := Time(0); now < 5*Second; now += 50 * Millisecond {
		u.handOut(now, 8000, 500)
		u.measure(departure{now, 4 * Millisecond, u.handed}, 0)
	}
	if u.speed != supposed {
		t.Errorf("taken for %d bytes a second", u.speed)
	}
}

// TestLinksTakeTurns: where many links have frames to send, a frame to one that has none waiting overtakes all others. The
// uplink is taken neither for faster nor for free by that.
func TestLinksTakeTurns(t *testing.T) {
	const rate = 250_000
	u := uplink{speed: 200_000}
	var free Time
	for now := Time(0); now < 20*Second; now += 20 * Millisecond {
		u.handOut(now, 6000, 500)
		free = max(free, now) + Time(6000*int64(Second)/rate)
		waited := free - now
		if now/(20*Millisecond)%3 == 0 {
			waited /= 3
		}
		u.measure(departure{now, waited, u.handed}, free-now)
		if free-now > 300*Millisecond {
			now += 400 * Millisecond
		}
	}
	if u.speed < rate*9/10 || u.speed > rate*11/10 {
		t.Errorf("taken for %d bytes a second, is %d", u.speed, rate)
	}
}

// TestOneLateReceiver: a peer that is slow to take what comes, or says so, does not make the uplink look busy.
func TestOneLateReceiver(t *testing.T) {
	s := cellOf(500, 500, 500, 500)[0]
	for i := range s.roster {
		l := s.linkTo(s.roster[i].ID)
		if l == nil {
			l = s.open(&s.roster[i], false)
		}
		s.uplink.echoes.told[l.number], s.uplink.echoes.waited[l.number] = Millisecond, 2
	}
	s.uplink.echoes.waited[s.links[1].number] = wire.WaitedLongest
	if got := s.usual(); got != 4*Millisecond {
		t.Errorf("frames are taken to wait for %d us", got)
	}
}
