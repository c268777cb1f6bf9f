package scheduler

import "github.com/shoal-live/shoal/swarm/wire"

// Overload. When the uplinks of a cell do not suffice for all its members, all would be late together. So members are shed:
// served by the edge, one copy each, while they go on passing pieces to the others. The strongest are shed first: they
// then own the chunks in turn, so that the owner's copy comes from one who has it in any case, and what they pass
// on they need not be sent. Everyone finds the same number from the same roster, and sets only its own flag.
const (
	mostUse     = 139         // of a hundred of all that members tell of their uplinks, which leaves out what they forward, and an eighth
	leastUse    = 30          // after many rescues
	overhead    = 102         // of a hundred: headers, hashes, words
	loadEvery   = Second      // how often it is looked at
	shedAfter   = 1 * Second  // of overload
	returnAfter = 10 * Second // of room
	fewRescues  = 4           // of late that are taken for bad luck
	calmAfter   = 3 * Second  // without many rescues use is believed in a little more, each second
	settleTime  = 10 * Second
	roomNeeded  = 2 // hundredths of use: the room that must be there beyond what is needed
)

// load is what is known of whether the cell's uplinks suffice.
type load struct {
	rate     int  // the stream's, in units of 10 kbit/s, smoothed
	use      int  // of a hundred of the uplinks that are reckoned with
	rescues  int  // chunks of the live edge that only the edge could bring in time, since looked
	rescued  Time // when the last was
	at       Time // when it was last looked at
	overFrom Time // since when one should be shed; 0: one should not
	roomFrom Time // since when one need not be; 0: one must
}

// media takes the size of a new part.
func (s *Scheduler) media(r *wire.Record) {
	if r.Duration == 0 {
		return
	}
	rate := int(uint64(r.Size) * 8 * 100 / uint64(r.Duration)) // bits a microsecond are Mbit/s
	if s.load.rate == 0 {
		s.load.rate = rate
	} else {
		s.load.rate += (rate - s.load.rate) / 16
	}
}

// tendLoad sheds oneself when that is due, or comes back.
func (s *Scheduler) tendLoad() {
	o := &s.load
	if s.now-o.at < loadEvery || o.rate == 0 || !s.joined {
		return
	}
	o.at = s.now
	if o.use == 0 || s.fedFrom() { // what comes from another cell is late without fault of this one's uplinks
		o.use, o.rescues = mostUse, 0
	}
	switch {
	case o.rescues > fewRescues:
		o.use = max(leastUse, o.use-4)
		o.rescued, o.rescues = s.now, 0
	case s.now-o.rescued > calmAfter:
		o.use = min(mostUse, o.use+1)
	}
	o.rescues -= (o.rescues + 2) / 3
	if s.shedNeeded(o.use) {
		o.roomFrom = 0
		if o.overFrom == 0 {
			o.overFrom = s.now
		}
		if s.now-o.overFrom >= shedAfter {
			s.self.Flags |= wire.Shed
		}
		return
	}
	o.overFrom = 0
	switch {
	case s.self.Flags&wire.Shed == 0:
	case s.shedNeeded(o.use - roomNeeded):
		o.roomFrom = 0
	case o.roomFrom == 0:
		o.roomFrom = s.now
	case s.now-o.roomFrom >= returnAfter:
		s.self.Flags &^= wire.Shed
		s.shedAt = s.now
		o.roomFrom = 0
	}
}

// settled tells whether one has been in the cell long enough for its troubles to be the cell's.
func (s *Scheduler) settled() bool {
	return s.self.Flags&wire.Ready != 0 && s.now-s.readyAt > settleTime
}

// shedNeeded tells whether oneself is among those to shed, if so much of the uplinks can be used.
func (s *Scheduler) shedNeeded(use int) bool {
	if !s.entry.Elects() {
		return false
	}
	party, before, sum := 1, 0, int(s.entry.Weight)
	own := s.entry.Flags & wire.Shed
	for i := range s.roster {
		m := &s.roster[i].Member
		if m.Rendition != s.entry.Rendition {
			continue
		}
		party++
		if !m.Elects() {
			continue
		}
		sum += int(m.Weight)
		stronger := m.Weight > s.entry.Weight || m.Weight == s.entry.Weight && m.ID < s.entry.ID
		if its := m.Flags & wire.Shed; its > own || its == own && stronger { // who is shed stays so before others are
			before++
		}
	}
	carried := sum * use / overhead / s.load.rate // members for whom the uplinks suffice
	shed := party - carried
	return shed > 1 && before < shed // one fetches from the edge in any case
}
