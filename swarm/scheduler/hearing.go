package scheduler

import "github.com/shoal-live/shoal/swarm/wire"

// hearing is what is noted of the frames of one peer, to tell it how long they were under way: by its clock and ours, so
// only the differences count, against the quickest of late.
type hearing struct {
	any      bool
	newest   uint16 // its stamp
	at       Time   // when that came
	waited   Time   // how much longer than the quickest it was under way
	quickest uint16 // passage, in milliseconds of two clocks
	lately   uint16 // the same, since turned
	turned   Time
}

// spell is after how long the quickest passage is forgotten: clocks drift, and ways change.
const spell = 15 * Second

// together is how far apart frames may come that were sent in the same millisecond.
const together = 20 * Millisecond

// stampOf is a time as frames carry it.
func stampOf(t Time) uint16 { return uint16(t / Millisecond) }

// hear takes a frame's stamp. Frames that were parked come late a second time, and are not counted.
func (h *hearing) hear(now Time, st wire.Stamp) bool {
	if back := int16(st.Sent - h.newest); h.any && (back < 0 && now-h.at < spell || back == 0 && now-h.at > together) {
		return false
	}
	passage := stampOf(now) - st.Sent
	switch {
	case !h.any:
		h.any, h.quickest, h.lately, h.turned = true, passage, passage, now
	case now-h.turned > spell:
		h.quickest, h.lately, h.turned = h.lately, passage, now
	}
	h.quickest = earlier(h.quickest, passage)
	h.lately = earlier(h.lately, passage)
	h.newest, h.at, h.waited = st.Sent, now, Time(passage-h.quickest)*Millisecond
	return true
}

// Waiting returns by how much longer than the quickest of late what peers send is under way, that of the middle one of those who watch the same and were heard
// in the last seconds. Where many wait, it is not for one peer's uplink: it is the viewer's own downlink that is full. Who is silent says nothing: a cell that
// waits for a slow edge is.
func (s *Scheduler) Waiting() (middle Time) {
	for _, l := range s.links {
		if !s.hears(l) {
			continue
		}
		less, heard := 0, 0
		for _, o := range s.links {
			if s.hears(o) {
				heard++
				if o.hearing.waited < l.hearing.waited {
					less++
				}
			}
		}
		if less <= (heard-1)/2 {
			middle = max(middle, l.hearing.waited)
		}
	}
	return middle
}

// hears tells whether a peer watches the same, and was heard in the last seconds.
func (s *Scheduler) hears(l *link) bool {
	return l.up && l.role == ofCell && l.rendition == s.self.Rendition && l.hearing.any && s.now-l.hearing.at < 3*Second
}

func earlier(a, b uint16) uint16 {
	if int16(b-a) < 0 {
		return b
	}
	return a
}

// stamp returns what a frame to the peer says of all this.
func (h *hearing) stamp(now Time) wire.Stamp {
	st := wire.Stamp{Sent: stampOf(now), Heard: h.newest, Waited: wire.WaitedUnknown}
	if h.any && now-h.at < Second {
		st.Waited = uint8(min(h.waited/(wire.WaitedUnit*Millisecond), wire.WaitedLongest))
	}
	return st
}

// answered is how long a peer's frames must wait for it to be told so, and answerAfter how soon, where there is nothing
// else to be said to it.
const answered = 60 * Millisecond
const answerAfter = 200 * Millisecond

// heed takes the stamp of a peer's frame: how long it was under way, and how long ours were.
func (s *Scheduler) heed(l *link, f wire.Frame) {
	s.hearHeld(l, f)
	if !l.hearing.hear(s.now, f.Stamp) {
		return
	}
	l.free = s.now + Time(f.Backlog)*Millisecond
	s.echo(l, f.Stamp)
	if f.Type.Bulk() && l.hearing.waited >= answered && s.now-l.spoke >= answerAfter {
		l.spoke = s.now
		s.queue.add(Action{Kind: Send, Peer: l.peer, Bytes: s.queue.encode(s.frameOf(wire.Busy, s.newest), nil)})
	}
}

// stamp puts into all frames that are about to be sent what is the same for all.
func (s *Scheduler) stamp() {
	for _, a := range s.queue.actions {
		if a.Kind != Send && a.Kind != SendHashes && a.Kind != SendPieces {
			continue
		}
		if l := s.link(a.Peer); l != nil {
			l.spoke = s.now
			st := l.hearing.stamp(s.now)
			st.Held = s.heldBefore(l, a.Bytes)
			st.Put(a.Bytes)
		}
		if a.Kind == Send {
			s.handOut(len(a.Bytes))
		}
	}
}
