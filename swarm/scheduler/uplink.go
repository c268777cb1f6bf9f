package scheduler

import (
	"math/bits"

	"github.com/shoal-live/shoal/swarm/wire"
)

// What an uplink may be taken for, in units of 10 kbit/s.
const (
	leastUplink  = 10
	mostUplink   = 10000
	mostBelieved = 3000 // of what a peer says of its own: who says more may be no better
)

// How the uplink's queue is read off what peers say of our frames; see echo.
const (
	seenQueue  = 20 * Millisecond // waiting for less than this may have other causes
	longQueue  = 60 * Millisecond // waiting for this has none
	leastSent  = 16 << 10         // bytes by which a speed is measured
	leastTook  = 100 * Millisecond
	supposed   = 100 * Millisecond  // of sending, that what the uplink was taken for before counts as
	remembered = 1600 * Millisecond // of sending
	raise      = 512                // a part of its speed, by which it may be faster than seen where nothing waits
	firstRaise = 16                 // the same until it was measured
	trusted    = 4                  // measurements
	lately     = Second             // what peers told for longer counts no more
	waitedUnit = wire.WaitedUnit * Millisecond
	reckoned   = 7 // of eight bits that an uplink was seen to carry: what is handed out too soon makes all late
	planned    = 7 // of eight bits of that, that others are told of: plans are never quite right
)

// uplink is what is known of one's own way out: how fast it is, and how far behind. Hosts do not see it: what they
// handed to the network waits there. But each peer says how long our frames were under way; see hearing.
type uplink struct {
	free   Time      // when all that was handed out will have left, if the speed is what it is taken for
	handed int64     // bytes handed out so far
	speed  int64     // bytes a second, as measured; 0: not yet
	taken  int       // measurements
	sent   int64     // bytes that left while it was busy, of late
	during Time      // in how long
	busy   departure // from which is measured
	until  Time      // when what is known to have waited had left
	idle   departure // the same where nothing waits
	echoes echoes
	marks  [256]mark
}

// echoes is what each peer told last of our frames, by the number of its link's slot.
type echoes struct {
	told   [maxLinks]Time  // when the frame was sent; 0: it told of none
	waited [maxLinks]uint8 // how long it was under way more than the quickest, in units of wire.WaitedUnit
}

// mark is how much had been handed out at the end of a time.
type mark struct {
	slot   int64
	handed int64
}

const markLength = 2 * Millisecond

// handOut notes that bytes go on their way.
func (u *uplink) handOut(now Time, bytes, weight int) {
	u.handed += int64(bytes)
	u.free = max(u.free, now) + airtime(bytes, max(weight, 1))
	slot := int64(now / markLength)
	u.marks[slot%int64(len(u.marks))] = mark{slot, u.handed}
}

// handedBy returns how much had been handed out at a time, and false if that is forgotten.
func (u *uplink) handedBy(at, now Time) (int64, bool) {
	last := int64(at / markLength)
	for slot := last; slot > last-64 && slot > int64(now/markLength)-int64(len(u.marks)); slot-- {
		if m := u.marks[((slot%int64(len(u.marks)))+int64(len(u.marks)))%int64(len(u.marks))]; m.slot == slot {
			return m.handed, true
		}
	}
	return 0, false
}

// usual returns how long frames wait, as peers told lately, one voice each: what one receiver is late for, or says, is not the
// uplink's.
func (s *Scheduler) usual() Time {
	var voices [wire.WaitedUnknown]uint8 // for each wait
	e, all := &s.uplink.echoes, 0
	for slots := s.slots; slots != 0; slots &= slots - 1 {
		number := bits.TrailingZeros64(slots)
		if told := e.told[number]; told > 0 && s.now-told < lately {
			voices[e.waited[number]]++
			all++
		}
	}
	median := 0
	for below := int(voices[0]); below <= all/2; below += int(voices[median]) {
		median++
	}
	return Time(median) * waitedUnit
}

// departure is a frame of ours of which a peer told: all that was handed out up to then had left at that time.
type departure struct {
	sent   Time
	waited Time
	handed int64
}

// left is when the frame left.
func (d departure) left() Time { return d.sent + d.waited }

// measure learns from a frame of which a peer told. From the first that waited until the last that was sent while one before
// still waited, whoever they were sent to, the uplink was busy: then what left in between is what it can do. Speeds are not averaged, but bytes
// and times are: links take turns, so that what one frame waited is only nearly the queue, and what is too much in one
// measurement is too little in the next.
func (u *uplink) measure(d departure, usual Time) {
	switch d.waited = min(d.waited, usual+seenQueue); {
	case d.waited >= seenQueue && usual >= seenQueue:
		if d.sent > u.until {
			u.busy = d
		}
		u.until = max(u.until, d.left())
		u.idle = d
		u.carried(d)
	case d.sent > u.until && d.sent-u.idle.sent >= leastTook:
		u.pass(d)
	}
	u.speed = max(u.speed, leastUplink*10_000/reckoned)
}

// carried measures by what left since another frame did, once that is enough. Less than half of what it is taken for may be all
// that there was to send, unless much waits.
func (u *uplink) carried(d departure) {
	bytes, took := d.handed-u.busy.handed, d.left()-u.busy.left()
	if bytes < leastSent || took < leastTook {
		return
	}
	u.busy = d
	if d.waited < longQueue && 2*bytes*int64(Second) < u.speed*int64(took) {
		return
	}
	if u.during == 0 {
		u.suppose(supposed)
	}
	u.sent, u.during = u.sent+bytes, u.during+took
	u.speed = u.sent * int64(Second) / int64(u.during)
	if u.during > remembered {
		u.suppose(remembered)
	}
	u.taken++
}

// pass raises the speed a little where nothing waits and all left as fast as it was let.
func (u *uplink) pass(d departure) {
	bytes, took := d.handed-u.idle.handed, d.sent-u.idle.sent
	u.idle = d
	if took > 3*leastTook || bytes*8*int64(Second) <= u.speed*int64(took)*reckoned*7/8 {
		return
	}
	if u.taken == 0 {
		u.speed += u.speed / firstRaise
		return
	}
	u.speed += u.speed / raise
	u.suppose(u.during)
}

// suppose remembers the speed as what was seen for so long.
func (u *uplink) suppose(during Time) {
	u.sent, u.during = u.speed*int64(during)/int64(Second), during
}

// echo takes what a peer says of a frame of ours.
func (s *Scheduler) echo(l *link, st wire.Stamp) {
	if st.Waited == wire.WaitedUnknown {
		return
	}
	u := &s.uplink
	if u.speed == 0 {
		u.speed = int64(s.speed) * 10_000 / reckoned
	}
	sent := s.now - Time(stampOf(s.now)-st.Heard)*Millisecond
	handed, known := u.handedBy(sent, s.now)
	if !known || sent <= u.echoes.told[l.number] {
		return
	}
	d := departure{sent, Time(st.Waited) * waitedUnit, handed}
	u.echoes.told[l.number], u.echoes.waited[l.number] = sent, st.Waited
	usual := s.usual()
	u.measure(d, usual)
	if u.taken == 0 || u.taken >= trusted {
		s.speed = int(max(leastUplink, min(u.speed*reckoned/10_000, mostUplink)))
	}
	// A frame that hardly waited does not tell that nothing waits: it may have overtaken what goes over other links.
	since := airtime(int(u.handed-d.handed), s.pace())
	u.free = max(u.free, d.sent+min(d.waited, usual+seenQueue)+since)
}

// Backlog tells how many bytes wait to be sent, over all links, as far as the host sees them. It calls it before each Tick.
func (s *Scheduler) Backlog(now Time, bytes int) {
	s.begin(now)
	s.uplink.free = max(s.uplink.free, s.now+airtime(bytes, s.pace()))
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
		if l.up && l.role == ofCell && l.served > 0 && s.now-l.served < servedLately {
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
	w := max(leastUplink, s.speed*planned/8-s.forwarding)
	if most := s.most(); most > 0 {
		w = min(w, most)
	}
	was := int(s.self.Weight)
	if d := w - was; (8*d > was || -8*d > was) && s.now-s.lent >= lendPause || 3*w < was {
		s.self.Weight, s.lent = uint16(w), s.now
	}
}

// Weight returns the uplink that is lent to the cell, in units of 10 kbit/s.
func (s *Scheduler) Weight() uint16 { return s.self.Weight }

// believed is what is made of the weight that a peer tells of itself: at least 1, at most mostBelieved.
func believed(weight uint16) int { return max(1, min(int(weight), mostBelieved)) }
