package hls

import (
	"errors"
	"io"
)

// Media is what a name stands for.
type Media struct {
	Slices [][]byte // its bytes as they are held in memory
	Place  Place    // or where they can be read
	Pieces string   // of a part or an init segment
}

// There tells whether there is anything.
func (m Media) There() bool { return m.Slices != nil || m.Place.At != nil }

// open returns the bytes to be read. Of what is stored the first is read at once: it may be lost.
func (m Media) open() (io.ReadSeeker, error) {
	if m.Slices != nil {
		return newChain(m.Slices), nil
	}
	if m.Place.At == nil {
		return nil, errors.New("not yet made, or no longer kept")
	}
	body := io.NewSectionReader(m.Place.At, m.Place.Offset, m.Place.Size)
	if _, err := body.ReadAt(make([]byte, 1), 0); err != nil {
		return nil, errors.New("it was stored, and cannot be read")
	}
	return body, nil
}

// Find returns what a name stands for. May come tells whether it can still appear.
func (w *Window) Find(n Name) (m Media, mayCome bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.find(n)
}

// find is Find for who holds mu.
func (w *Window) find(n Name) (m Media, mayCome bool) {
	if n.Kind == KindInit {
		for _, i := range w.inits {
			if i.Number == n.Number {
				return Media{Slices: [][]byte{i.Bytes}, Pieces: i.Pieces}, false
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
		return s.part(n.Part), s == w.open && n.Part == len(s.Parts)
	}
	if s == w.open || s.Gap {
		return Media{}, false
	}
	if s.Parts == nil {
		return Media{Place: s.Place}, false
	}
	for _, p := range s.Parts {
		m.Slices = append(m.Slices, p.Bytes)
	}
	return m, false
}

func (s *Segment) part(n int) Media {
	if n >= len(s.Parts) || s.Parts[n].Gap {
		return Media{}
	}
	return Media{Slices: [][]byte{s.Parts[n].Bytes}, Pieces: s.Parts[n].Pieces}
}
