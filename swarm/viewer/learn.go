package viewer

import (
	"crypto/ed25519"
	"time"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/wire"
)

const (
	never = scheduler.Time(1) << 62

	defaultHold = time.Second // where the playlist does not tell

	// How far behind live to play, in hundredths of PART-HOLD-BACK, which is the least that a server allows. The same as in
	// the browser; see player/src/attach.ts.
	holdBackPercent = 150

	silenceParts = 3                            // without news for so many parts
	silenceMost  = 1500 * scheduler.Millisecond // and for no longer, the playlist is asked for whatever the scheduler says
)

// reloading is what the session knows of the playlist's follower. Used with P2P only.
type reloading struct {
	under bool           // it is at work by itself, or was asked
	owed  bool           // the scheduler waits for Reloaded
	news  scheduler.Time // when a record or an answer last came
	part  scheduler.Time // how long a part is
}

// learn takes what a playlist brought.
func (s *session) learn(now scheduler.Time, u update) {
	s.reloads.under = !u.waits
	if u.ok {
		s.reloads.news = now
	}
	s.refused.Add(uint64(u.misplaced))
	if len(u.parts) > 0 {
		s.learnParts(now, u.media)
	}
	if u.waits && s.reloads.owed {
		s.reloads.owed = false
		s.owe(func(now scheduler.Time) { s.core.Reloaded(now, u.ok) })
	}
	if u.ended {
		s.owe(func(scheduler.Time) { s.cancel(errEnded) })
	}
}

// learnParts takes the parts of a playlist that are not known.
func (s *session) learnParts(now scheduler.Time, m media) {
	hold := m.holdBack
	if hold == 0 {
		hold = defaultHold
	}
	s.holdBack = scheduler.Time(hold.Microseconds()) * holdBackPercent / 100
	s.pattern, _ = patternOf(&m)
	var age scheduler.Time
	for i := range m.parts {
		age += m.parts[i].length()
	}
	clock := now - scheduler.Time(time.Now().UnixMicro())
	for i := range m.parts {
		p := &m.parts[i]
		age -= p.length()
		after := age
		if s.isNew(p) {
			s.owe(func(now scheduler.Time) { s.learnPart(now, p, after, clock) })
		}
	}
	s.owe(func(now scheduler.Time) {
		s.feed.settle(now)
		s.extend(now)
		s.keepBack(now)
		s.head.Begin(now)
		s.play(now)
		s.replayParked()
	})
}

// isNew tells whether something true and not known stands in the playlist.
func (s *session) isNew(p *part) bool {
	switch id := p.record.ID; {
	case id.Kind == wire.Init:
		if _, known := s.inits[p.url]; known {
			return false
		}
	case s.feed.old(id):
		return false
	case s.feed.waits(id):
		return true // verified when a peer told of it
	}
	return s.isTrue(&p.record)
}

// isTrue checks a record's signature.
func (s *session) isTrue(r *wire.Record) bool {
	if ed25519.Verify(s.key, r.SignedBytes(), r.Signature[:]) {
		return true
	}
	s.refused.Add(1)
	return false
}

func (s *session) learnPart(now scheduler.Time, p *part, age, clock scheduler.Time) {
	h := s.core.Learn(now, &p.record, age)
	if h == 0 {
		return
	}
	s.keepRecord(h, &p.record, p.url)
	if p.record.ID.Kind == wire.Init {
		s.inits[p.url] = h
		return
	}
	e := entryOf(h, &p.record)
	e.item.Init = s.inits[p.init]
	switch {
	case !p.at.IsZero():
		e.item.Captured = clock + scheduler.Time(p.at.UnixMicro())
	case s.feed.begun:
		e.item.Captured = s.feed.until
	default:
		e.item.Captured = now
	}
	s.feed.list(e)
}

// takeRecord takes a record that a peer told of.
func (s *session) takeRecord(a scheduler.Action) {
	peer := a.Peer
	r, err := wire.ParseRecord(a.Bytes)
	ok := err == nil && s.isTrue(&r)
	s.owe(func(now scheduler.Time) {
		h := s.core.RecordTaken(now, peer, &r, ok)
		if h == 0 {
			return
		}
		s.reloads.news = now
		s.keepRecord(h, &r, s.pattern.url(r.ID))
		if r.ID.Kind == wire.Part {
			s.feed.tell(now, entryOf(h, &r))
			s.extend(now)
			s.play(now)
		}
		s.replayParked()
		if s.store.chunks[h].url == "" { // only the playlist tells where it is
			s.reload(false)
		}
	})
}

// keepRecord makes room for a chunk. A playlist's word on where it is counts more than a pattern's.
func (s *session) keepRecord(h scheduler.Chunk, r *wire.Record, url string) {
	if c := s.store.chunks[h]; c == nil {
		s.store.add(h, *r, url)
	} else if url != "" {
		c.url = url
	}
	if r.ID.Kind == wire.Part {
		s.reloads.part = scheduler.Time(r.Duration)
	}
}

// keepBack has the playhead play as far behind live as the playlist, the scheduler and the cushion want.
func (s *session) keepBack(now scheduler.Time) {
	if s.holdBack > 0 {
		s.head.SetHoldBack(now, s.holdBack+s.core.HoldBack()+s.cushion.more)
	}
}

// extend gives the playhead what is in order.
func (s *session) extend(now scheduler.Time) {
	for _, it := range s.feed.take() {
		s.head.Add(now, it)
	}
}

// reload has the playlist loaded once, when it has what is wanted; asked: the scheduler wants to hear of
// it. One at a time.
func (s *session) reload(asked bool) {
	r := &s.reloads
	r.owed = r.owed || asked
	if r.under || s.follower.asks == nil {
		return
	}
	r.under = true
	s.follower.member.Store(s.socket != nil && s.p2p() == "on") // links alone are told to no tracker
	s.follower.asks <- s.feed.wanted()                          // never waits: it is read before the follower waits again
}

// silence returns when the playlist is loaded without having been asked for, unless there are news: P2P must not be worse
// than none.
func (s *session) silence() scheduler.Time {
	if s.follower.asks == nil || s.reloads.under {
		return never
	}
	wait := silenceParts * s.reloads.part
	if wait == 0 || wait > silenceMost {
		wait = silenceMost
	}
	return min(s.reloads.news+wait, s.feed.due())
}

// tendReloads loads the playlist where there is a gap, or silence.
func (s *session) tendReloads(now scheduler.Time) {
	gap := s.feed.gap(now)
	s.extend(now)
	if gap || now >= s.silence() {
		s.reload(false)
	}
}

func entryOf(h scheduler.Chunk, r *wire.Record) entry {
	e := entry{id: r.ID, discontinuity: r.Discontinuity, last: r.Last}
	e.item.Chunk, e.item.Duration, e.item.Independent = h, scheduler.Time(r.Duration), r.Independent
	return e
}
