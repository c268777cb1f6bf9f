package archive

import (
	"io"
	"slices"
)

// mostOfStill is how much of a segment is read for its first picture: more than a part, which has all of that.
const mostOfStill = 4 << 20 // bytes

// Still is where the picture of a finished recording is. A recording often begins with nothing to see, so it is not its first.
type Still struct {
	archive *Archive
	path    string
}

// Still returns that of a recording, nil where there is no such one, or it has no picture.
func (a *Archive) Still(name, id string) *Still {
	if !a.config.Keep || !ID(id) || !a.has(name) {
		return nil
	}
	s := a.shelf(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range s.recordings {
		if r.id == id && len(r.files) > 0 && s.finished(i) {
			return r.still(a)
		}
	}
	return nil
}

// still is chosen from the lowest rendition, which is the source. The caller holds shelf.mu.
func (r *recording) still(a *Archive) *Still {
	var pictured []*entry
	for _, e := range r.files {
		if e.pictured && e.rendition == r.files[0].rendition {
			pictured = append(pictured, e)
		}
	}
	if len(pictured) == 0 {
		return nil
	}
	return &Still{a, pictured[len(pictured)/3].path}
}

// Frame returns media that begin with the picture, behind their init segment; nil where they cannot be read.
func (s *Still) Frame() [][]byte {
	x, err := s.archive.index(s.path)
	if err != nil || len(x.Segments) == 0 {
		return nil
	}
	m := independent(x.Segments, len(x.Segments)/3)
	read := func(at, size int64) []byte {
		b := make([]byte, min(size, mostOfStill))
		if _, err := io.ReadFull(io.NewSectionReader(&stored{path: s.path + mediaSuffix, bases: x.Bases, at: at, size: size}, at, size), b); err != nil {
			return nil // deleted in this moment
		}
		return b
	}
	init, media := read(0, x.Size), read(m.At, m.Size)
	if init == nil || media == nil {
		return nil
	}
	return [][]byte{init, media}
}

// independent returns the first segment from some place on that begins with a key frame, or the last one before.
func independent(all []Segment, from int) *Segment {
	begins := func(m Segment) bool { return m.Independent }
	if i := slices.IndexFunc(all[from:], begins); i >= 0 {
		return &all[from+i]
	}
	for i := from; i > 0; i-- {
		if begins(all[i]) {
			return &all[i]
		}
	}
	return &all[0]
}
