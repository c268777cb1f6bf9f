package hls

import (
	"slices"
	"sync"
	"time"
)

// Config says how a rendition is listed. All fields but InMemory and Plain are needed.
type Config struct {
	Epoch      uint32
	Target     time.Duration // EXT-X-TARGETDURATION, whole seconds
	PartTarget time.Duration // PART-TARGET
	Listed     int           // complete segments in the playlist; thousands are possible
	InMemory   int           // complete segments whose bytes stay in memory; 0: all that must be fetchable
	PartsFor   int           // complete segments whose parts are listed
	Plain      bool          // no parts in the playlist: plain HLS
}

// inMemory returns how many complete segments keep their bytes in memory, at least those whose parts can be asked for: for
// three target durations after they are listed no more (6.2.2).
func (c *Config) inMemory() int { return max(c.InMemory, c.PartsFor+4) }

// Window is the fetchable end of one rendition. It is safe for concurrent use.
type Window struct {
	config Config

	mu       sync.Mutex
	segments []*Segment    // complete, oldest first, those that are listed without a hole; views share it: no element is written twice
	first    uint64        // MSN of the first that is listed
	length   time.Duration // of those that are listed
	open     *Segment
	lost     []*Segment // the newest of an earlier process, listed with the first that is complete
	next     uint64     // MSN of the open segment, or of the next to be opened
	inits    []*Init
	ended    bool
	view     *View
	frames   frames
	changed  chan struct{} // closed at the next change
	awaited  awaited
}

// NewWindow returns a window whose next segment will have number next. Past are complete segments of an earlier process,
// oldest first, each with its Place.
func NewWindow(config Config, next uint64, past []*Segment) *Window {
	w := &Window{config: config, next: next}
	if n := len(past); n > 0 {
		w.next = past[0].MSN
	}
	w.first = w.next
	for _, s := range past {
		if s.MSN < w.next || s.MSN >= next {
			continue
		}
		w.bridge(s.MSN, s)
		old := *s
		old.Parts, old.Gap = nil, s.Gap || s.Place.At == nil
		w.know(old.Init)
		w.count(&old)
		w.append(&old)
	}
	w.bridge(next, nil)
	w.refresh()
	return w
}

// Epoch returns that of the media's addresses.
func (w *Window) Epoch() uint32 { return w.config.Epoch }

// Open begins the next segment. Its number is s.MSN, which must not be lower than any before. After an End what was is listed
// no more, and stays fetchable: who begins shortly behind the live edge must not begin in it.
func (w *Window) Open(s Segment) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bridge(s.MSN, &s)
	if w.ended {
		w.unlist(s.MSN)
	}
	w.count(&s)
	s.growth = &growth{}
	w.open, w.next, w.ended = &s, s.MSN, false
	w.know(s.Init)
}

// Lose says which segments before the next an earlier process listed last, of which nothing is stored. They are listed as gaps
// as soon as there is one to play behind them: their numbers are those that players look for, and tell them where on their time line what
// follows belongs. Where they see none that they know, they guess, by how long segments are: hls.js 1.7.4 by the mean of those
// listed, and it loads nothing until the guess has caught up with what it played.
func (w *Window) Lose(lost []*Segment, init *Init) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(lost); len(w.segments) > 0 || n == 0 || lost[n-1].MSN+1 != w.next {
		return
	}
	w.lost = nil
	for _, s := range lost {
		gap := *s
		gap.Init, gap.Gap = init, true
		w.lost = append(w.lost, &gap)
	}
}

// ListFrom takes what is below an MSN out of the playlist; it stays fetchable.
func (w *Window) ListFrom(msn uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if msn > w.first {
		w.unlist(msn)
		w.refresh()
	}
}

// Add appends a part to the open segment and, if it is final, completes the segment.
func (w *Window) Add(p Part, final bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(p.Bytes) > 0 || p.Gap {
		w.open.Gap = w.open.Gap || p.Gap // what lacks a part is not whole
		w.open.Parts = append(w.open.Parts, p)
		w.open.Duration += p.Duration
	}
	if final {
		s := w.open
		w.open, s.growth = nil, nil
		if len(w.lost) > 0 && len(w.segments) == 0 {
			w.first = w.lost[0].MSN
			for _, gap := range w.lost {
				w.count(gap)
				w.append(gap)
			}
		}
		w.lost = nil
		w.append(s)
		w.lighten()
	}
	w.forget()
	w.refresh()
}

// End marks the stream as over; Open revives it.
func (w *Window) End() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	w.ended = true
	w.refresh()
}

// Release forgets all media.
func (w *Window) Release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.segments) == 0 && len(w.inits) == 0 {
		return
	}
	w.segments, w.inits = nil, nil
	w.first, w.length = w.next, 0
	w.refresh()
}

// append adds a complete segment, and takes from the list what has no place there any more.
func (w *Window) append(s *Segment) {
	s.text, s.appeared = &text{}, time.Now()
	w.segments = append(w.segments, s)
	w.next = s.MSN + 1
	if s.MSN >= w.first {
		w.length += s.Duration
	}
	for l := w.listed(); len(l) > w.config.Listed && w.length-l[0].Duration >= w.shortest(); l = l[1:] {
		w.unlist(l[0].MSN + 1)
	}
}

// mostLost is how many segments in a row can have been lost between two processes: the open one, and those that were not yet
// on disk.
const mostLost = 3

// count tells how many discontinuities stand before a segment: as many as its number says, so that those of a lost segment
// still count. Where nothing is listed before it, the others were removed.
func (w *Window) count(s *Segment) {
	s.splits = 0
	if s.Break {
		s.splits = 1
	}
	if n := len(w.segments); n > 0 && w.segments[n-1].MSN >= w.first && s.Discontinuity > w.segments[n-1].Discontinuity+s.splits {
		s.splits = s.Discontinuity - w.segments[n-1].Discontinuity
	}
}

// bridge makes numbers that were used and lost gaps, up to before msn: numbers in a playlist have no holes. Where it is too
// many of them, or none before msn is listed, the list begins anew. Then is the segment that follows, nil if it is not known yet.
func (w *Window) bridge(msn uint64, then *Segment) {
	if msn > w.next && (len(w.segments) == 0 || w.first >= msn || msn-w.next > mostLost) {
		w.unlist(msn)
		w.next = msn
	}
	long := w.config.Target
	if then != nil && !then.Break && w.next < msn {
		last := w.segments[len(w.segments)-1]
		missing := then.Date.Sub(last.Date.Add(last.Duration)) / time.Duration(msn-w.next)
		long = min(long, max(missing, time.Millisecond))
	}
	for w.next < msn {
		last := w.segments[len(w.segments)-1]
		w.append(&Segment{
			MSN: w.next, Init: last.Init, Discontinuity: last.Discontinuity, Date: last.Date.Add(last.Duration),
			Duration: long, Gap: true,
		})
	}
}

func (w *Window) know(i *Init) {
	if n := len(w.inits); i != nil && (n == 0 || w.inits[n-1] != i) {
		w.inits = append(w.inits, i)
	}
}

// shortest is how long the playlist stays, whatever is removed (6.2.2).
func (w *Window) shortest() time.Duration { return 3 * w.config.Target }

// listed returns the complete segments that are in the playlist.
func (w *Window) listed() []*Segment {
	i, _ := w.index(w.first)
	return w.segments[i:]
}

// index returns where the complete segment with a number is, or would be.
func (w *Window) index(msn uint64) (int, bool) {
	return slices.BinarySearchFunc(w.segments, msn, func(s *Segment, msn uint64) int {
		switch {
		case s.MSN < msn:
			return -1
		case s.MSN > msn:
			return 1
		}
		return 0
	})
}

// segment returns the segment with a number, or nil.
func (w *Window) segment(msn uint64) *Segment {
	if w.open != nil && w.open.MSN == msn {
		return w.open
	}
	if i, ok := w.index(msn); ok {
		return w.segments[i]
	}
	return nil
}

// refresh makes the new view and wakes all who wait. The caller holds mu.
func (w *Window) refresh() {
	v := &View{config: &w.config, frames: &w.frames, Segments: w.listed(), Next: w.next, Ended: w.ended}
	v.Segments = v.Segments[:len(v.Segments):len(v.Segments)]
	if w.open != nil {
		open := *w.open
		v.Open = &open
	}
	w.view = v
	if w.changed != nil {
		close(w.changed)
	}
	w.changed = make(chan struct{})
	w.awaited.end()
}

// View returns the window as it is now, and a channel that is closed when it changes.
func (w *Window) View() (*View, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.view, w.changed
}
