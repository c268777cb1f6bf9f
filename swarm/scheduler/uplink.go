package scheduler

import "github.com/shoal-live/shoal/swarm/wire"

// What an uplink may be taken for, in units of 10 kbit/s.
const (
	leastUplink = 10
	mostUplink  = 10000
)

// standing is how many bytes must wait for the uplink, at both ends of a time, for it to have been busy all the time.
const standing = 6 << 10

// uplink is what is known of one's own way out: how fast it is, and how far behind. Its speed is seen whenever more waits
// than it can send at once: then what left in a time is what it can do. When nothing waits it is at least as fast as what
// left.
type uplink struct {
	free Time // when all that was handed out will have left, if the speed is what it is taken for

	handed   int64 // bytes handed out so far
	at       Time  // of the last reading
	handedAt int64
	waiting  int   // bytes that waited then
	speed    int64 // bytes a second, as measured; 0: not yet
	busy     int   // readings that found it busy
}

// handOut notes that bytes go on their way.
func (u *uplink) handOut(now Time, bytes, weight int) {
	u.handed += int64(bytes)
	u.free = max(u.free, now) + airtime(bytes, max(weight, 1)*9/8) // a little faster than it is taken for, so that more shows
}

// read takes how many bytes wait now, and tells whether the speed was learned anew.
func (u *uplink) read(now Time, waiting int) bool {
	took := now - u.at
	if took < 20*Millisecond {
		return false
	}
	left := u.handed - u.handedAt + int64(u.waiting-waiting)
	busy := u.waiting >= standing && waiting >= standing && took < Second
	u.at, u.handedAt, u.waiting = now, u.handed, waiting
	if left <= 0 {
		return false
	}
	speed := left * int64(Second) / int64(took)
	switch {
	case busy:
		u.busy++
		if u.speed == 0 {
			u.speed = speed
		} else {
			u.speed += (speed - u.speed) / 8
		}
	case u.speed > 0 && speed > u.speed:
		u.speed = speed
	default:
		return false
	}
	return u.busy >= 4
}

// Backlog tells how many bytes wait to be sent, over all links. The host calls it before each Tick.
func (s *Scheduler) Backlog(now Time, bytes int) {
	s.begin(now)
	if s.uplink.read(s.now, bytes) {
		s.speed = int(max(leastUplink, min(s.uplink.speed*8/10_000, mostUplink)))
	}
	// What waits is the truth of how far behind the uplink is; what it was reckoned to be is not.
	s.uplink.free = s.now + airtime(bytes, s.speed)
	s.lend()
}

// tellBusy tells those who plan for the others, and are not sent pieces, how far behind the uplink is.
func (s *Scheduler) tellBusy() {
	if s.now-s.busyTold < busyPause || s.backlogTime() < busyPause/2 && !s.busy {
		return
	}
	s.busy, s.busyTold = s.backlogTime() >= busyPause/2, s.now
	f := s.frameOf(wire.Busy, s.newest)
	for _, l := range s.links {
		if l.up && l.role == ofCell && l.shed {
			s.queue.add(Action{Kind: Send, Peer: l.peer, Bytes: s.queue.encode(f, nil)})
		}
	}
}

// lendPause is how long what the cell is told stays: each change of it changes who owns what, and takes a moment to be known.
const lendPause = Second

const busyPause = 100 * Millisecond

// lend sets what the cell is told of the uplink: what is left of it beside what is passed on between those who have no link.
func (s *Scheduler) lend() {
	if took := s.now - s.lentAt; took >= Second {
		now := int(int64(s.forwarded) * 100 * 8 / int64(took)) // bits a microsecond are Mbit/s
		s.forwarding += (now - s.forwarding) / 4
		s.forwarded, s.lentAt = 0, s.now
	}
	w := max(leastUplink, s.speed-s.forwarding)
	if most := int(s.config.Cap); most > 0 {
		w = min(w, most)
	}
	was := int(s.self.Weight)
	if d := w - was; (8*d > was || -8*d > was) && s.now-s.lent >= lendPause || 3*w < was {
		s.self.Weight, s.lent = uint16(w), s.now
	}
}

// Weight returns the uplink that is lent to the cell, in units of 10 kbit/s.
func (s *Scheduler) Weight() uint16 { return s.self.Weight }
