package scheduler

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// TestWatchNext: which part is taken to come next, and whether parts are taken to be missing. A part is "MSN.part", and
// "MSN.part!" where its record says that it is the last of its segment.
func TestWatchNext(t *testing.T) {
	for _, tc := range []struct {
		name, parts string
		next        string
		gap         bool
	}{
		{"the first", "3.0", "3.1", false},
		{"guessed: as many parts as before", "3.0 3.1 3.2 4.0 4.1 4.2", "5.0", false},
		{"guessed: not enough yet", "3.0 3.1 3.2 4.0 4.1", "4.2", false},
		{"guessed: the first segment seen", "3.4 3.5 4.0", "4.1", false},
		{"guessed: a shorter segment", "3.0 3.1 3.2 4.0 4.1 5.0", "5.1", true},
		{"guessed: a longer segment", "3.0 3.1 3.2 4.0 4.1 4.2 4.3", "4.4", true},
		{"told", "3.0 3.1 3.2!", "4.0", false},
		{"told: the first segment seen", "3.5! 4.0", "4.1", false},
		{"told: a shorter segment", "3.0 3.1 3.2! 4.0 4.1! 5.0", "5.1", false},
		{"told: a longer segment", "3.0 3.1 3.2! 4.0 4.1 4.2 4.3", "4.4", false},
		{"told: as many parts as before", "3.0 3.1! 4.0 4.1", "4.2", false},
		{"told: one part", "3.0! 4.0! 5.0!", "6.0", false},
		{"told, but once not", "3.0 3.1! 4.0 4.1 5.0", "5.1", true},
		{"told: one is missing", "3.0 3.1! 4.1", "4.2", true},
		{"told: a segment is missing", "3.0 3.1! 5.0", "5.1", true},
		{"told: for the first time, and one is missing", "3.0 4.1!", "5.0", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var w watch
			var newest wire.ChunkID
			for _, p := range strings.Fields(tc.parts) {
				r := wire.Record{ID: wire.ChunkID{Epoch: 1}}
				p, r.Last = strings.CutSuffix(p, "!")
				if _, err := fmt.Sscanf(p, "%d.%d", &r.ID.MSN, &r.ID.Part); err != nil {
					t.Fatal(err)
				}
				w.saw(Second, newest, &r, false)
				newest = r.ID
			}
			next := w.next(newest)
			if got := fmt.Sprintf("%d.%d", next.MSN, next.Part); got != tc.next || (w.gap > 0) != tc.gap {
				t.Errorf("next is %s, gap is %v; want %s, %v", got, w.gap > 0, tc.next, tc.gap)
			}
		})
	}
}

// TestGapIsNotForgotten: what lies between two parts is asked for until an answer has come that was asked for since.
func TestGapIsNotForgotten(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers []bool // of the reloads, in turn; the first is under way when the gap comes to be known, and is of before
		reloads int    // within a second, that one included
	}{
		{"the answer is of before", []bool{true, true}, 2},
		{"that fails", []bool{false, true}, 2},
		{"the next fails", []bool{true, false, true}, 3},
	} {
		s := meshed(500, 500, 500)
		s.entry.Flags |= wire.Metered // others watch for it
		learn := func(now Time, part uint16) {
			r := record(wire.ChunkID{Epoch: 1, MSN: 10, Part: part}, 40_000)
			s.Learn(now, &r, 0)
		}
		learn(0, 0)
		s.watch.under = true
		learn(300*Millisecond, 2)
		reloads := 1
		s.Reloaded(310*Millisecond, c.answers[0])
		for now, part := 320*Millisecond, uint16(3); now < 1300*Millisecond; now += 10 * Millisecond {
			if now%(300*Millisecond) == 0 { // peers tell the others in time
				learn(now, part)
				part++
			}
			s.Tick(now)
			for _, a := range s.Actions() {
				if a.Kind == Reload && reloads < len(c.answers) {
					s.Reloaded(now+5*Millisecond, c.answers[reloads])
				}
				if a.Kind == Reload {
					reloads++
				}
			}
		}
		if s.watch.gap > 0 || reloads != c.reloads {
			t.Errorf("%s: %d reloads, want %d; the gap is known still: %v", c.name, reloads, c.reloads, s.watch.gap > 0)
		}
	}
}

// TestReloadAhead: who is likely to fetch what comes from the edge asks for it beside the playlist, and nobody else does.
func TestReloadAhead(t *testing.T) {
	for _, c := range []struct {
		name   string
		rank   int
		change func(s *Scheduler)
		count  int
	}{
		{"the owner", 0, func(*Scheduler) {}, 1},
		{"the next in rank", 1, func(*Scheduler) {}, 0},
		{"who is too far behind", 0, func(s *Scheduler) { s.uplink.free = 10 * Second }, 0},
		{"that is so in an overloaded cell", 0, func(s *Scheduler) { s.uplink.free, s.load.share = 10*Second, 1024 }, 1},
		{"in a cell that is fed", 0, func(s *Scheduler) {
			s.entry.Flags |= wire.Fed
			s.roster[0].Flags |= wire.Fed
			s.depth = 1
			s.countFed()
			s.changes++
		}, 0},
	} {
		s := meshed(500, 500)
		c.change(s)
		r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 40_000)
		for next := r.ID; ; r.ID.MSN++ {
			next.MSN, next.Part = r.ID.MSN, 1
			if rank, _ := s.rank(next); rank == c.rank {
				break
			}
		}
		s.Learn(0, &r, 0)
		s.Actions()
		reloads, count := 0, 0
		for now := Time(0); reloads == 0 && now < Second; now = s.Next() {
			s.Tick(now)
			for _, a := range s.Actions() {
				if a.Kind == Reload {
					reloads, count = reloads+1, a.Count
				}
			}
		}
		if reloads != 1 || count != c.count {
			t.Errorf("%s: %d reloads, asks for %d parts ahead, want %d", c.name, reloads, count, c.count)
		}
	}
}

// TestOtherRendition: who goes over to a rendition that is made a little later than the one before learns of its parts from peers at once,
// and knows who watches it.
func TestOtherRendition(t *testing.T) {
	s := meshed(500, 500, 500)
	learn := func(rendition uint8, part uint16) {
		r := record(wire.ChunkID{Epoch: 1, Rendition: rendition, MSN: 10, Part: part}, 40_000)
		s.Learn(0, &r, 0)
	}
	learn(0, 3)
	peer := s.links[0].peer
	s.links[0].rendition = 9
	s.Self(0, wire.MayUpload, 9, 0)
	learn(9, 0)
	s.Actions()
	r := record(wire.ChunkID{Epoch: 1, Rendition: 9, MSN: 10, Part: 1}, 40_000)
	b := wire.Frame{Type: wire.Announce, ID: r.ID}.Append(nil)
	s.Frame(0, peer, append(b, r.Append(nil)...), 0)
	if !slices.ContainsFunc(s.Actions(), func(a Action) bool { return a.Kind == TakeRecord }) {
		t.Error("the record of a peer was not taken")
	}
	if own, other := s.Watching(9), s.Watching(0); own != 1 || other != 1 {
		t.Errorf("%d watch it and %d the other; want 1 each", own, other)
	}
	s.LinkDown(0, peer)
	if n := s.Watching(9); n != 0 {
		t.Errorf("%d watch it, of whom none is linked", n)
	}
}

// TestLateIsNotLaterEachTime: whom peers do not tell reloads the playlist, and gets what it had when the part was born that was asked for. That
// takes longer than a part after the one before was learned, but the viewer falls behind by that twice, and not for each part; also where a round trip
// takes nearly as long as a part.
func TestLateIsNotLaterEachTime(t *testing.T) {
	const part = 300 * Millisecond
	for _, trip := range []Time{20 * Millisecond, 60 * Millisecond, 220 * Millisecond, 260 * Millisecond} {
		s := meshed(500, 500, 500)
		s.entry.Flags |= wire.Metered // others watch for it
		learned := uint16(0)
		learn := func(now Time) {
			r := record(wire.ChunkID{Epoch: 1, MSN: 10, Part: learned}, 40_000)
			r.Duration = uint32(part)
			s.Learn(now, &r, 0)
			learned++
		}
		learn(0)
		answer, reloads := Time(0), 0
		for now := Time(0); now < 120*part; now += Millisecond {
			if answer > 0 && now >= answer {
				answer = 0
				learn(now)
				s.Reloaded(now, true)
			}
			s.Tick(now)
			for _, a := range s.Actions() {
				if a.Kind == Reload {
					answer = max(now+trip/2, Time(learned)*part) + trip/2
					reloads++
				}
			}
			if late := now - Time(learned)*part; late > 4*part {
				t.Fatalf("%d ms away: after %d parts the next is not known %d ms after it was born", trip/Millisecond, learned, late/Millisecond)
			}
		}
		if reloads > 120 {
			t.Errorf("%d ms away: %d reloads for 120 parts", trip/Millisecond, reloads)
		}
	}
}

// TestBroughtNothing: a part of before that comes late is news all the same: the next reload does not wait as after one that brought nothing.
func TestBroughtNothing(t *testing.T) {
	s := meshed(500, 500, 500)
	s.watch = watch{at: Second, part: 300 * Millisecond, untold: true, under: true, asked: 1990 * Millisecond}
	r := record(wire.ChunkID{Epoch: 1, MSN: 10}, 40_000)
	s.Learn(2*Second, &r, 0)
	s.Reloaded(2*Second, true)
	if s.watch.failures > 0 || s.watch.retry > 0 {
		t.Errorf("%d failures, again at %d ms", s.watch.failures, s.watch.retry/Millisecond)
	}
}

// TestBorn: when a part that is learned a second after the one before, of 300 ms, is taken to have been born.
func TestBorn(t *testing.T) {
	for _, c := range []struct {
		name   string
		listed bool
		untold bool // the one before
		under  bool
		asked  Time
		want   Time
	}{
		{"a peer told", false, true, true, 1990 * Millisecond, 2 * Second},
		{"a playlist had it that nobody asked for", true, true, false, 1990 * Millisecond, 2 * Second},
		{"the answer came at once, for the first time", true, false, true, 1990 * Millisecond, 2 * Second},
		{"the answer came at once, again", true, true, true, 1990 * Millisecond, 1300 * Millisecond},
		{"the answer came soon, again", true, true, true, 1745 * Millisecond, 1300 * Millisecond},
		{"the answer was held", true, true, true, 1735 * Millisecond, 2 * Second},
	} {
		w := watch{at: Second, part: 300 * Millisecond, untold: c.untold, under: c.under, asked: c.asked, quickest: 35 * Millisecond}
		if got := w.born(2*Second, c.listed); got != c.want {
			t.Errorf("%s: born %d ms, want %d", c.name, got/Millisecond, c.want/Millisecond)
		}
	}
}
