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
	all := r.files
	if end := slices.IndexFunc(all, func(e *entry) bool { return e.rendition != all[0].rendition }); end > 0 {
		all = all[:end]
	}
	if e := all[len(all)/3]; e.pictured {
		return &Still{a, e.path}
	}
	return nil
}

// Frame returns media that begin with the picture, behind their init segment; nil where they cannot be read.
func (s *Still) Frame() [][]byte {
	x, err := s.archive.index(s.path)
	if err != nil || len(x.Segments) == 0 {
		return nil
	}
	m := &x.Segments[len(x.Segments)/3]
	if i := slices.IndexFunc(x.Segments, func(s Segment) bool { return s.Independent && s.MSN >= m.MSN }); i >= 0 {
		m = &x.Segments[i]
	}
	read := func(at, size int64) []byte {
		b, err := io.ReadAll(io.NewSectionReader(&stored{path: s.path + mediaSuffix, bases: x.Bases, at: at, size: size}, at, min(size, mostOfStill)))
		if err != nil {
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
