package hls

import (
	"io"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/shoal-live/shoal/origin/hls/strict"
)

// life is a window and all that must be true of it. Each step does one thing that can happen to a window; after each the
// playlist is read by two parsers and held against the one before.
type life struct {
	t      *rapid.T
	config Config
	w      *Window
	disk   *disk

	next  uint64    // MSN of the open segment, or of the next
	parts []Part    // of the open segment; nil: none is open
	clock time.Time // of the media
	wrote time.Time // the newest part
	disc  uint64
	split bool
	init  *Init
	bytes map[uint64][]byte    // of complete segments
	gone  map[uint64]time.Time // of those that were listed: when they may go
	seen  map[uint64]time.Time // complete segments: when they appeared

	happened map[string]int // in all lives, so that none of it is never tried

	before *strict.Playlist // nil: nothing can be said of the next by the one before
	delta  *strict.Playlist // what a player knows that asks for deltas
	ended  bool
}

// disk stands for a file of the archive.
type disk struct {
	at  map[uint64]int64
	had map[uint64]bool
}

// file returns one segment's bytes at its offset, and nothing elsewhere.
type file struct {
	offset int64
	bytes  []byte
}

func (f file) ReadAt(p []byte, off int64) (int, error) {
	if off < f.offset || off >= f.offset+int64(len(f.bytes)) {
		return 0, io.EOF
	}
	n := copy(p, f.bytes[off-f.offset:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func newLife(t *rapid.T, happened map[string]int) *life {
	l := &life{
		happened: happened,
		t:        t, disk: &disk{map[uint64]int64{}, map[uint64]bool{}}, bytes: map[uint64][]byte{}, gone: map[uint64]time.Time{}, seen: map[uint64]time.Time{},
		config: Config{
			Epoch: 77, Target: 2 * time.Second, PartTarget: 334 * time.Millisecond, PartsFor: 3,
			Listed: rapid.SampledFrom([]int{6, 10, 30}).Draw(t, "listed"), Plain: rapid.IntRange(0, 4).Draw(t, "plain") == 0,
		},
	}
	if l.config.Listed == 30 {
		l.config.InMemory = 8
	}
	l.next = uint64(rapid.SampledFrom([]int{0, 0, 500}).Draw(t, "next"))
	l.newInit()
	l.w = NewWindow(l.config, l.next, nil)
	return l
}

func (l *life) newInit() {
	n := uint64(0)
	if l.init != nil {
		n = l.init.Number + 1
	}
	name := Name{Kind: KindInit, Number: n}.String()
	l.init = &Init{Number: n, Bytes: []byte(name), Record: record(name)}
}

// part adds a part, or a gap in its place.
func (l *life) part(gap, final bool, pace float64) {
	if l.parts == nil {
		if l.split && l.clock.Before(time.Now()) || l.clock.IsZero() {
			l.clock = time.Now()
		}
		s := Segment{MSN: l.next, Init: l.init, Break: l.split, Discontinuity: l.disc, Date: l.clock, Gap: gap && final}
		l.w.Open(s)
		l.split, l.ended = false, false
		l.parts = []Part{}
	}
	name := Name{Kind: KindPart, Number: l.next, Part: len(l.parts)}.String()
	p := Part{Duration: 333 * time.Millisecond, Independent: len(l.parts) == 0, Bytes: []byte("<" + name + ">"), Record: record(name), Gap: gap}
	if final {
		p.Duration = time.Duration(rapid.IntRange(20, 333).Draw(l.t, "ms")) * time.Millisecond
	}
	if gap {
		p.Bytes, p.Record = nil, ""
	}
	time.Sleep(time.Duration(float64(p.Duration) * pace))
	l.parts = append(l.parts, p)
	l.clock = l.clock.Add(p.Duration)
	l.w.Add(p, final)
	l.wrote = time.Now()
	if final {
		l.complete()
	}
}

func (l *life) complete() {
	lost := false
	var all []byte
	for _, p := range l.parts {
		lost = lost || p.Gap
		all = append(all, p.Bytes...)
	}
	if !lost {
		l.bytes[l.next] = all
	}
	l.seen[l.next] = time.Now()
	l.next++
	l.parts = nil
}

// segment writes a whole segment.
func (l *life) segment(gap bool, pace float64) {
	for n := rapid.IntRange(3, 7).Draw(l.t, "parts"); n > 0; n-- {
		l.part(gap, n == 1 || len(l.parts) == 6, pace)
		if l.parts == nil {
			break
		}
	}
}

func (l *life) discontinuity() {
	if !l.split {
		l.split = true
		l.disc++
	}
	if rapid.Bool().Draw(l.t, "parameters") {
		l.newInit()
	}
}

func (l *life) store() {
	for _, msn := range slices.Sorted(maps.Keys(l.bytes)) {
		if l.disk.had[msn] {
			continue
		}
		l.disk.had[msn] = true
		l.happened["stored"]++
		l.disk.at[msn] = int64(msn) * 100
		l.w.Stored(msn, file{int64(msn) * 100, l.bytes[msn]}, int64(msn)*100, int64(len(l.bytes[msn])))
	}
}

func (l *life) lose() {
	v, _ := l.w.View()
	if len(v.Segments) == 0 {
		return
	}
	before := v.Segments[0].MSN + uint64(rapid.IntRange(0, 4).Draw(l.t, "lost"))
	l.w.Lost(before)
	for msn := range l.disk.at {
		if msn < before {
			delete(l.disk.at, msn)
			l.happened["lost"]++
			delete(l.gone, msn)
		}
	}
}

// restart begins a window anew from what is on disk, as after a crash.
func (l *life) restart() {
	v, _ := l.w.View()
	var past []*Segment
	for _, s := range v.Segments {
		if at, is := l.disk.at[s.MSN]; is {
			past = append(past, &Segment{
				MSN: s.MSN, Init: s.Init, Break: s.Break, Discontinuity: s.Discontinuity, Date: s.Date, Duration: s.Duration,
				Place: Place{file{at, l.bytes[s.MSN]}, at, int64(len(l.bytes[s.MSN]))},
			})
		}
	}
	if l.parts != nil {
		l.next++ // its number is used
		l.parts = nil
	}
	l.w = NewWindow(l.config, l.next, past)
	l.happened["restart"] += len(past)
	maps.DeleteFunc(l.bytes, func(msn uint64, _ []byte) bool { return !l.disk.had[msn] })
	l.before, l.delta, l.ended = nil, nil, false
	l.discontinuity()
	maps.DeleteFunc(l.gone, func(uint64, time.Time) bool { return true }) // what only memory had is gone
}

func (l *life) end() {
	if l.parts != nil {
		l.w.Add(Part{}, true)
		l.complete()
	}
	l.w.End()
	l.happened["end"]++
	l.ended = true
	l.discontinuity()
}

// TestLives leads windows through long random lives: parts, gaps, discontinuities, ends, restarts, media that is stored
// early, late or never, or lost again.
//
// Clause: hls-target, hls-msn, hls-window, hls-removed, hls-discontinuity, hls-discontinuity-sequence, hls-gap, hls-part-durations, hls-past-last-part
func TestLives(t *testing.T) {
	wanted := []string{"delta", "gap", "end", "restart", "stored", "lost", "removed"}
	happened := map[string]int{}
	all := func() bool {
		return !slices.ContainsFunc(wanted, func(what string) bool { return happened[what] == 0 })
	}
	for round := 0; round < 10 && !all() && !t.Failed(); round++ { // chance may leave something out of a hundred lives
		lives(t, happened)
	}

	for _, what := range wanted {
		if happened[what] == 0 {
			t.Errorf("in no life there was: %s", what)
		}
	}
}

// lives leads a hundred of them.
func lives(t *testing.T, happened map[string]int) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(struct{ *testing.T }{t}, func(t *rapid.T) { // in the bubble there is no deadline to be asked for
			l := newLife(t, happened)
			for range rapid.IntRange(20, 90).Draw(t, "steps") {
				pace := rapid.SampledFrom([]float64{1, 1, 1, 1.2, 0.1}).Draw(t, "pace")
				switch rapid.IntRange(0, 20).Draw(t, "what") {
				default:
					l.segment(false, pace)
				case 0, 1, 2, 3:
					l.part(false, len(l.parts) == 6, pace)
				case 4:
					l.part(true, len(l.parts) == 6, pace)
				case 5:
					if l.parts == nil {
						l.segment(true, pace)
					}
				case 6:
					if l.parts == nil {
						l.discontinuity()
					}
				case 7:
					if rapid.IntRange(0, 3).Draw(t, "over") == 0 && len(l.seen) > 0 {
						l.end()
					}
				case 8, 9, 10, 11:
					l.store()
				case 12:
					l.lose()
				case 13:
					if rapid.IntRange(0, 3).Draw(t, "crash") == 0 {
						l.restart()
					}
				case 14:
					time.Sleep(time.Duration(rapid.IntRange(1, 20).Draw(t, "s")) * time.Second)
				}
				l.check()
			}
		})
	})
}
