package scheduler

import "github.com/shoal-live/shoal/swarm/wire"

// A member watches the playlist for the cell when it is likely to own what comes next: it holds a blocking reload at the
// edge, and tells the others of the record. They wait for that, and ask the edge themselves only when it is late.
const (
	secondWatch = 115 // hundredths of a part after the newest was learned: when the next in rank begins to watch
	othersWatch = 130 // when all others do, each
	watchSpread = 18  // up to so much later, so that they do not all come at once
	heldPart    = 75  // a Reload that took so much longer than the quickest one was held until the part was born

	gapPatience = 100 * Millisecond // for parts that lie between two that are learned
)

// watch is what is known of how the playlist goes on.
type watch struct {
	at       Time   // when the newest part was born, as far as that is known
	learned  Time   // when it was learned
	untold   bool   // an answer had it that was not held: nobody told of it in time
	part     Time   // how long it is
	under    bool   // a Reload is under way
	asked    Time   // since when
	quickest Time   // that a Reload which brought something took: about a round trip
	retry    Time   // not before
	failures int    // in a row
	parts    uint16 // how many parts the segment before had
	last     bool   // the newest part is the last of its segment
	tells    bool   // a record told so of its part: then it is not guessed
	gap      Time   // when to ask for what lies between two parts that are learned; 0: nothing does

	missing wire.ChunkID // the first part that lies there, while something does
}

// saw notes a new newest part, which comes after old; listed: a playlist had it, and no peer told of it.
func (w *watch) saw(now Time, old wire.ChunkID, r *wire.Record, listed bool) {
	id, next := r.ID, w.next(old)
	w.at, w.learned, w.failures, w.retry = w.born(now, listed), now, 0, 0
	w.last, w.tells = r.Last, w.tells || r.Last
	if old.Epoch != id.Epoch {
		w.parts, w.gap = 0, 0
		return
	}
	if id != next && !(id.Part == 0 && id.MSN == old.MSN+1 && w.parts == 0 && !w.tells) {
		if w.gap == 0 {
			w.missing = next
		}
		w.gap = now + gapPatience
	}
	if id.MSN > old.MSN {
		w.parts = old.Part + 1
	}
}

// born returns when a part that is learned now was born, as far as that can be known. What a Reload had at once was there before it was asked for, and
// the answer may be of that moment: caches keep it. So whom nobody tells, part after part, is not later each time: they come one after the other. Where a round
// trip takes longer than a part there is no keeping up with such answers, with peers or without.
func (w *watch) born(now Time, listed bool) Time {
	before := w.untold
	w.untold = listed && w.under && now-w.asked-w.quickest < w.part*heldPart/100
	if w.untold && before {
		return min(now, w.at+w.part)
	}
	return now
}

// next returns the ID of the part that most likely follows id, the newest: by the number of parts that the segment before
// had, where records do not tell which is the last.
func (w *watch) next(id wire.ChunkID) wire.ChunkID {
	if id.Part++; w.last || !w.tells && id.Part == w.parts {
		id.MSN++
		id.Part = 0
	}
	return id
}

// missing tells whether a part may lie in the gap. Who had several from the edge at once may tell of the newest first.
func (s *Scheduler) missing(id wire.ChunkID) bool {
	return s.watch.gap > 0 && id.Compare(s.watch.missing) >= 0 && id.MSN+parkAhead >= s.newest.MSN
}

// watchDue returns when the playlist has to be asked of the edge, should nobody tell sooner what follows.
func (s *Scheduler) watchDue() Time {
	w := &s.watch
	if w.under || s.newest == (wire.ChunkID{}) {
		return s.now + Second
	}
	if w.gap > 0 {
		return max(w.gap, w.retry)
	}
	if !s.joined || s.alone() {
		return max(w.at, w.retry)
	}
	part := w.part
	if s.nextRank.of != s.changes || s.nextID != s.newest {
		id := w.next(s.newest)
		rank, electable := s.rank(id)
		s.nextID, s.nextRank = s.newest, ranking{s.changes, rank, electable}
	}
	wait := part * othersWatch / 100
	switch r := s.nextRank; {
	case r.rank == 0 && !s.fedFrom():
		wait = 0
	case r.rank == 1 && !s.fedFrom():
		wait = part * secondWatch / 100
	default:
		wait += part * Time(wire.Mix(uint64(s.self.ID)^s.newest.Hash())%watchSpread) / 100
	}
	return max(w.at+wait, w.retry)
}

// tendWatch asks for the playlist when that is due.
func (s *Scheduler) tendWatch() {
	if s.newest != (wire.ChunkID{}) && !s.watch.under && s.now >= s.watchDue() {
		a := Action{Kind: Reload}
		if r := s.nextRank; s.joined && r.of == s.changes && s.nextID == s.newest && r.rank == 0 && !s.fedFrom() && !s.leaves() {
			a.Count = 1
		}
		s.watch.under, s.watch.asked = true, s.now
		s.queue.add(a)
	}
}

// Reloaded tells the outcome of a Reload, after what it brought was learned. What lies in a gap is asked for until an answer comes that was
// asked for when the gap was known: one of before may be older than what is missing.
func (s *Scheduler) Reloaded(now Time, ok bool) {
	s.begin(now)
	w := &s.watch
	if !w.under {
		return
	}
	w.under = false
	if took := s.now - w.asked; ok && (w.quickest == 0 || took < w.quickest) {
		w.quickest = took
	}
	if !ok || w.gap == 0 && s.now-w.learned > 50*Millisecond { // it brought nothing
		w.failures++
		w.retry = s.now + min(100*Millisecond<<min(w.failures-1, 5), 2*Second)
	}
	switch {
	case w.gap == 0:
	case !ok:
		w.gap = max(w.gap, w.retry) // whatever news come meanwhile
	case w.asked >= w.gap-gapPatience:
		w.gap = 0
	}
	s.tendWatch()
}
