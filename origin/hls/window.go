package hls

import (
	"io"
	"sync"
	"time"
)

// Config says how a rendition is listed. All fields are needed.
type Config struct {
	Epoch      uint32
	Target     time.Duration // EXT-X-TARGETDURATION, whole seconds
	PartTarget time.Duration // PART-TARGET
	Listed     int           // complete segments in the playlist; thousands are possible
	InMemory   int           // complete segments whose bytes stay in memory; 0: as many as must stay fetchable
	PartsFor   int           // complete segments whose parts are listed
	Plain      bool          // no parts in the playlist: plain HLS
}

// Window is the fetchable end of one rendition. It is safe for concurrent use.
type Window struct {
	config Config

	mu       sync.Mutex
	segments []*Segment // complete, oldest first
	open     *Segment
	next     uint64 // MSN of the open segment, or of the next to be opened
	first    uint64 // MSN of the first that may be listed
	inits    []*Init
	ended    bool
	view     *View
	changed  chan struct{} // closed at the next change
}

// NewWindow returns a window whose next segment will have number next. Past are complete segments of an earlier process,
// oldest first, each with its Place.
func NewWindow(config Config, next uint64, past []*Segment) *Window {
	w := &Window{config: config, next: next}
	w.refresh()
	return w
}

// Open begins the next segment. Its number is s.MSN, which must not be lower than any before. After an End what was is listed
// no more, and stays fetchable: who begins shortly behind the live edge must not begin in it.
func (w *Window) Open(s Segment) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		w.first = s.MSN
	}
	w.open, w.next, w.ended = &s, s.MSN, false
	if n := len(w.inits); n == 0 || w.inits[n-1] != s.Init {
		w.inits = append(w.inits, s.Init)
	}
}

// Add appends a part to the open segment and, if it is final, completes the segment.
func (w *Window) Add(p Part, final bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(p.Bytes) > 0 || p.Gap {
		w.open.Gap = w.open.Gap || p.Gap
		w.open.Parts = append(w.open.Parts, p)
		w.open.Duration += p.Duration
	}
	if final {
		w.segments = append(w.segments, w.open)
		w.open = nil
		w.next++
		w.forget(max(w.config.InMemory, 2*w.config.Listed+4))
	}
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

// Stored says that a complete segment can be read from there from now on; its bytes may leave memory.
func (w *Window) Stored(msn uint64, at io.ReaderAt, offset, size int64) {}

// Lost says that stored segments below an MSN are no longer where they were.
func (w *Window) Lost(before uint64) {}

// Release forgets all media.
func (w *Window) Release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.segments) == 0 && len(w.inits) == 0 {
		return
	}
	w.forget(0)
	w.inits = nil
	w.refresh()
}

func (w *Window) forget(keep int) {
	drop := max(0, len(w.segments)-keep)
	w.segments = append([]*Segment(nil), w.segments[drop:]...)
	if len(w.segments) == 0 {
		return
	}
	for len(w.inits) > 0 && w.inits[0].Number < w.segments[0].Init.Number {
		w.inits = w.inits[1:]
	}
}

// refresh makes the new view and wakes all who wait. The caller holds mu.
func (w *Window) refresh() {
	v := &View{config: &w.config, Next: w.next, Ended: w.ended}
	v.Segments = w.segments[max(0, len(w.segments)-w.config.Listed):]
	for len(v.Segments) > 0 && v.Segments[0].MSN < w.first {
		v.Segments = v.Segments[1:]
	}
	if w.open != nil {
		open := *w.open
		v.Open = &open
	}
	w.view = v
	if w.changed != nil {
		close(w.changed)
	}
	w.changed = make(chan struct{})
}

// View returns the window as it is now, and a channel that is closed when it changes.
func (w *Window) View() (*View, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.view, w.changed
}

// Media is what a name stands for.
type Media struct {
	Slices [][]byte // its bytes as they are held; nil: it is not there
	Pieces string   // of a part or an init segment
}

// Find returns what a name stands for. May come tells whether it can still appear.
func (w *Window) Find(n Name) (m Media, mayCome bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n.Kind == KindInit {
		for _, i := range w.inits {
			if i.Number == n.Number {
				return Media{[][]byte{i.Bytes}, i.Pieces}, false
			}
		}
		return Media{}, false
	}
	s := w.segment(n.Number)
	if s == nil {
		// Only the part hinted at is worth waiting for.
		return Media{}, n.Kind == KindPart && n.Number == w.next && n.Part == 0 && !w.ended
	}
	if n.Kind == KindPart {
		if n.Part < len(s.Parts) {
			p := &s.Parts[n.Part]
			return Media{[][]byte{p.Bytes}, p.Pieces}, false
		}
		return Media{}, s == w.open && n.Part == len(s.Parts)
	}
	if s == w.open {
		return Media{}, false
	}
	for _, p := range s.Parts {
		m.Slices = append(m.Slices, p.Bytes)
	}
	return m, false
}

func (w *Window) segment(msn uint64) *Segment {
	if w.open != nil && w.open.MSN == msn {
		return w.open
	}
	for i := len(w.segments) - 1; i >= 0; i-- {
		if w.segments[i].MSN == msn {
			return w.segments[i]
		}
	}
	return nil
}
