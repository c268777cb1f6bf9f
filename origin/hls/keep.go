package hls

import (
	"io"
	"slices"
	"time"
)

// What is kept, and where. A segment is in memory, or stored, or both; what is neither is a gap. Segments beyond InMemory
// have no parts: bytes, records and hashes leave memory together.

// Stored says that a complete segment can be read from there from now on; its bytes may leave memory.
func (w *Window) Stored(msn uint64, at io.ReaderAt, offset, size int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i, ok := w.index(msn)
	if !ok || w.segments[i].Gap {
		return // it came too late, and it has been said that the segment is missing
	}
	s := *w.segments[i]
	s.Place = Place{At: at, Offset: offset, Size: size}
	w.replace(i, &s)
	w.lighten()
	w.refresh()
}

// Lost says that stored segments below an MSN are no longer where they were. They leave the playlist if that stays long
// enough, and are gaps in it otherwise.
func (w *Window) Lost(before uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.segments = slices.Clone(w.segments)
	for i, s := range w.segments {
		if s.MSN >= before {
			break
		}
		if s.Place.At == nil {
			continue
		}
		lost := *s
		lost.Place = Place{}
		if lost.Parts == nil {
			lost.Gap, lost.text = true, &text{}
		}
		w.segments[i] = &lost
	}
	for listed := w.listed(); len(listed) > 0 && listed[0].Gap && listed[0].MSN < before; listed = listed[1:] {
		if w.length-listed[0].Duration < w.shortest() {
			break
		}
		w.unlist(listed[0].MSN + 1)
	}
	w.forget()
	w.refresh()
}

// replace puts a segment in another's place. Views keep the other.
func (w *Window) replace(i int, s *Segment) {
	w.segments = slices.Clone(w.segments)
	w.segments[i] = s
}

// lighten takes the bytes of segments beyond InMemory from memory.
func (w *Window) lighten() {
	if w.config.InMemory == 0 {
		return
	}
	for i := len(w.segments) - 1 - w.config.inMemory(); i >= 0 && w.segments[i].Parts != nil; i-- {
		s := *w.segments[i]
		s.Parts, s.text = nil, &text{}
		s.Gap = s.Gap || s.Place.At == nil
		w.replace(i, &s)
	}
}

// unlist takes the segments before first from the playlist. Each stays fetchable for its availability duration: its own and
// that of the longest playlist that it stood in, counted from when it appeared there, or, after an end, from now (6.2.2).
func (w *Window) unlist(first uint64) {
	listed := w.listed()
	now := time.Now()
	for _, s := range listed {
		s.longest = max(s.longest, w.length)
	}
	for _, s := range listed {
		if s.MSN >= first {
			break
		}
		s.until = s.appeared.Add(s.Duration + s.longest)
		if w.ended {
			s.until = now.Add(s.Duration + s.longest)
		}
		w.length -= s.Duration
	}
	w.first = max(w.first, first)
}

// forget drops segments that need not be fetchable any more, and those that a broadcaster faster than time leaves behind:
// never more are kept than are listed, and four.
func (w *Window) forget() {
	now := time.Now()
	i, _ := w.index(w.first)
	drop := max(0, i-w.config.Listed-4)
	for drop < i && !now.Before(w.segments[drop].until) {
		drop++
	}
	if drop == 0 {
		return
	}
	w.segments = slices.Clone(w.segments[drop:])
	var oldest *Init
	for _, s := range w.segments {
		if oldest = s.Init; oldest != nil {
			break
		}
	}
	if oldest == nil && w.open != nil {
		oldest = w.open.Init
	}
	for oldest != nil && len(w.inits) > 0 && w.inits[0].Number < oldest.Number {
		w.inits = w.inits[1:]
	}
}
