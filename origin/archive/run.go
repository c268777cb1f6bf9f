package archive

import (
	"errors"
	"math"
	"path/filepath"
	"strconv"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
)

// run is a file that a recorder appends to, and what its shelf remembers of it. It belongs to the recorder's goroutine.
type run struct {
	// static
	shelf     *shelf
	recording *recording
	entry     *entry

	file *file
}

// begin makes a file that begins with a part, and remembers it. ErrPart means that no file can.
func begin(shelf *shelf, source *Source, s *hls.Segment, p *hls.Part) (*run, error) {
	tracks, err := tracksOf(s.Init.Bytes)
	if err != nil {
		return nil, errors.Join(ErrPart, err)
	}
	begins, err := earliest(tracks, p.Bytes)
	if err != nil {
		return nil, errors.Join(ErrPart, err)
	}
	head := Head{
		Epoch: source.Epoch, Init: s.Init.Number, Size: int64(len(s.Init.Bytes)), First: s.MSN, Date: s.Date, Break: s.Break,
		Discontinuity: s.Discontinuity,
	}
	if source.Describe != nil {
		v := source.Describe()
		head.Codecs, head.Width, head.Height, head.FrameRate = v.Codecs, v.Width, v.Height, v.FrameRate
	}
	if math.IsNaN(head.FrameRate) || math.IsInf(head.FrameRate, 0) {
		head.FrameRate = 0
	}
	rec := shelf.at(source.Epoch, s, p.Independent)
	head.Bases = bases(tracks, shelf.zero(rec, source.Rendition, s, p.Independent, begins))
	if !head.valid() {
		return nil, ErrPart
	}
	f, err := create(filepath.Join(rec.dir, "v"+strconv.Itoa(source.Rendition)), head, s.Init.Bytes)
	if err != nil {
		return nil, err
	}
	f.begin(s)
	if err := f.write(p); err != nil {
		f.remove()
		return nil, err
	}
	x := &Index{Head: head}
	e := newEntry(f.path, source.Rendition, x)
	e.index = x
	shelf.mu.Lock()
	rec.add(e)
	shelf.mu.Unlock()
	return &run{shelf: shelf, recording: rec, entry: e, file: f}, nil
}

// open tells whether a segment is begun and not complete.
func (r *run) open() bool { return r.file.open.Duration > 0 }

// over tells whether a segment begins a new file, and is no more of this run.
func (r *run) over(s *hls.Segment, p *hls.Part) bool {
	head := &r.file.head
	return s.Break || s.Init.Number != head.Init || r.shelf.at(head.Epoch, s, p.Independent) != r.recording ||
		s.MSN != head.First && r.shelf.turnsAt(r.recording, s, p.Independent)
}

// write appends a part of a segment, and tells how many bytes came to the file.
func (r *run) write(s *hls.Segment, p *hls.Part) (int64, error) {
	if !r.open() {
		r.file.begin(s)
	}
	before := r.file.size
	err := r.file.write(p)
	return r.file.size - before, err
}

// finish completes the open segment.
func (r *run) finish() (Segment, error) {
	done, err := r.file.finish()
	if err == nil {
		r.note(done)
	}
	return done, err
}

// note remembers a segment that is on disk.
func (r *run) note(s Segment) {
	r.shelf.mu.Lock()
	defer r.shelf.mu.Unlock()
	r.entry.index.Segments = append(r.entry.index.Segments, s)
	r.entry.next, r.entry.end, r.entry.size = s.MSN+1, s.End(), s.At+s.Size
	r.recording.written = time.Now()
	if s.End().After(r.recording.end) {
		r.recording.end = s.End()
	}
}

// stored returns where a segment of the run is read from.
func (r *run) stored(s *Segment) *stored {
	return newStored(r.file.path+mediaSuffix, r.file.head.Bases, s)
}

// drop takes the open segment back, if there is one.
func (r *run) drop() {
	if r.open() {
		r.file.drop()
	}
}

// close ends the file. An open segment in it is complete as it is; a file with nothing in it is no more.
func (r *run) close() error {
	last := r.file.open
	err := r.file.close()
	if last.Duration > 0 {
		last.Size = r.file.size - last.At
		r.note(last)
	}
	r.shelf.mu.Lock()
	defer r.shelf.mu.Unlock()
	r.entry.index = nil
	if r.entry.next == r.entry.first {
		r.recording.remove(r.entry)
		r.file.remove()
	}
	return err
}
