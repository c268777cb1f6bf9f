package archive

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"strconv"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
)

// Source is a rendition of a live stream.
type Source struct {
	Stream    string
	Epoch     uint32
	Rendition int
	Window    *hls.Window
	// Describe tells what a multivariant playlist says of it; nil: nothing. It is asked when a file begins.
	Describe func() hls.Variant
}

const (
	tryAgain = time.Second     // a disk that failed
	drain    = 5 * time.Second // that the last segment, or a disk, is waited for when a session is over
)

// recorder follows one window. It belongs to one goroutine.
type recorder struct {
	// static
	archive *Archive
	shelf   *shelf
	source  Source

	begun     bool
	next      uint64 // number of the segment that is copied next ...
	part      int    // ... and of its part
	recording *recording
	file      *file
	entry     *entry
	retry     time.Time // not before; zero: the disk works
}

// Record writes what a window gets to disk, until ctx is done and the segment that is open then is complete and on disk. One recorder of a rendition is at
// work at a time, another waits for it.
func (a *Archive) Record(ctx context.Context, source Source) {
	r := &recorder{archive: a, shelf: a.shelf(source.Stream), source: source}
	place := r.shelf.slot(source.Rendition)
	place.taken <- struct{}{} // the one before ends soon after its session; a session that is over already is recorded too
	defer func() { <-place.taken }()
	r.shelf.mu.Lock()
	place.window, place.epoch = source.Window, source.Epoch
	r.shelf.mu.Unlock()
	r.next = r.shelf.next(source.Epoch, source.Rendition)
	r.follow(ctx)
	r.close()
	a.stop(r, nil)
}

func (r *recorder) follow(ctx context.Context) {
	done, over := ctx.Done(), false
	var late <-chan time.Time
	again := time.NewTicker(tryAgain)
	defer again.Stop()
	for {
		v, changed := r.source.Window.View()
		r.take(v)
		if over && v.Open == nil && r.retry.IsZero() {
			return
		}
		var tick <-chan time.Time
		if !r.retry.IsZero() {
			tick = again.C
		}
		select {
		case <-changed:
		case <-tick:
		case <-done:
			timer := time.NewTimer(drain)
			defer timer.Stop()
			done, over, late = nil, true, timer.C
		case <-late:
			return
		}
	}
}

// take copies what is new in a view, unless the disk failed a moment ago.
func (r *recorder) take(v *hls.View) {
	now := time.Now()
	if now.Before(r.retry) {
		return
	}
	err := r.copy(v)
	if err == nil {
		r.retry = time.Time{}
	} else {
		r.retry = now.Add(tryAgain)
		if full(err) {
			r.archive.disk.ran()
		}
	}
	r.archive.stop(r, err)
}

func (r *recorder) copy(v *hls.View) error {
	for _, s := range v.Segments {
		if err := r.segment(s, true); err != nil {
			return err
		}
	}
	if v.Open != nil {
		return r.segment(v.Open, false)
	}
	return nil
}

// segment copies what is new of a segment.
func (r *recorder) segment(s *hls.Segment, complete bool) error {
	if s.MSN < r.next {
		return nil
	}
	if s.MSN > r.next {
		if r.begun {
			r.lose(s.MSN - r.next)
		}
		r.skipTo(s.MSN)
	}
	r.begun = true
	if s.Gap || s.Init == nil { // as it was live
		if s.Parts == nil && complete {
			r.lose(1) // it has left memory
		}
		r.skipTo(s.MSN + 1)
		return nil
	}
	for r.part < len(s.Parts) {
		p := &s.Parts[r.part]
		switch {
		case p.Gap: // what lacks a part is not whole
			r.skipTo(s.MSN + 1)
			return nil
		case len(p.Bytes) == 0:
			r.lose(1)
			r.skipTo(s.MSN + 1)
			return nil
		default:
			if err := r.write(s, p); errors.Is(err, ErrPart) {
				r.archive.log.Error("a part is not as recordings need it", "stream", r.source.Stream, "msn", s.MSN, "error", err)
				r.lose(1)
				r.skipTo(s.MSN + 1)
				return nil
			} else if err != nil {
				return err
			}
		}
		r.part++
	}
	if !complete {
		return nil
	}
	if r.file == nil || r.file.open.Duration == 0 { // a gap
		r.skipTo(s.MSN + 1)
		return nil
	}
	return r.finish(s)
}

// write puts a part into the file, or into a new one where a run of segments begins.
func (r *recorder) write(s *hls.Segment, p *hls.Part) error {
	if err := r.archive.disk.room(time.Now()); err != nil {
		return err
	}
	if r.file != nil && r.file.open.Duration == 0 && r.turns(s, p) {
		r.close()
	}
	if r.file == nil {
		return r.begin(s, p)
	}
	if r.file.open.Duration == 0 {
		r.file.begin(s)
	}
	before := r.file.size
	err := r.file.write(p)
	r.count(r.file.size - before)
	return err
}

// turns tells whether a segment begins a new file.
func (r *recorder) turns(s *hls.Segment, p *hls.Part) bool {
	return s.Break || s.Init.Number != r.file.head.Init || r.shelf.at(r.source.Epoch, s, p.Independent) != r.recording ||
		s.MSN != r.file.head.First && r.shelf.turnsAt(r.recording, s, p.Independent)
}

// begin makes a file that begins with a part, and remembers it.
func (r *recorder) begin(s *hls.Segment, p *hls.Part) error {
	tracks, err := tracksOf(s.Init.Bytes)
	if err != nil {
		return errors.Join(ErrPart, err)
	}
	begins, err := earliest(tracks, p.Bytes)
	if err != nil {
		return errors.Join(ErrPart, err)
	}
	head := Head{
		Epoch: r.source.Epoch, Init: s.Init.Number, Size: int64(len(s.Init.Bytes)), First: s.MSN, Date: s.Date, Break: s.Break,
		Discontinuity: s.Discontinuity,
	}
	if r.source.Describe != nil {
		v := r.source.Describe()
		head.Codecs, head.Width, head.Height, head.FrameRate = v.Codecs, v.Width, v.Height, v.FrameRate
	}
	if math.IsNaN(head.FrameRate) || math.IsInf(head.FrameRate, 0) {
		head.FrameRate = 0
	}
	rec := r.shelf.at(r.source.Epoch, s, p.Independent)
	head.Bases = bases(tracks, r.shelf.zero(rec, r.source.Rendition, s, p.Independent, begins))
	if !head.valid() {
		return ErrPart
	}
	f, err := create(filepath.Join(rec.dir, "v"+strconv.Itoa(r.source.Rendition)), head, s.Init.Bytes)
	if err != nil {
		return err
	}
	f.begin(s)
	if err := f.write(p); err != nil {
		f.remove()
		return err
	}
	r.count(f.size)
	x := &Index{Head: head}
	r.file, r.recording, r.entry = f, rec, newEntry(f.path, r.source.Rendition, x)
	r.entry.index = x
	r.shelf.mu.Lock()
	rec.add(r.entry)
	r.shelf.mu.Unlock()
	return nil
}

// finish completes a segment on disk: from now on it can be read from there.
func (r *recorder) finish(s *hls.Segment) error {
	done, err := r.file.finish()
	if err != nil {
		return err
	}
	r.note(done)
	r.archive.metrics.segments.WithLabelValues(r.source.Stream).Inc()
	if r.archive.config.DVR > 0 {
		r.source.Window.Stored(s.MSN, newStored(r.file.path+mediaSuffix, r.file.head.Bases, &done), done.At, done.Size)
	}
	r.next, r.part = s.MSN+1, 0
	return nil
}

// note remembers a segment that is on disk.
func (r *recorder) note(s Segment) {
	r.shelf.mu.Lock()
	defer r.shelf.mu.Unlock()
	r.entry.index.Segments = append(r.entry.index.Segments, s)
	r.entry.next, r.entry.end, r.entry.size = s.MSN+1, s.End(), s.At+s.Size
	r.recording.written = time.Now()
	if s.End().After(r.recording.end) {
		r.recording.end = s.End()
	}
}

// skipTo leaves segments out: what comes begins a new file.
func (r *recorder) skipTo(msn uint64) {
	if r.file != nil {
		if r.file.open.Duration > 0 {
			r.file.drop()
		}
		r.close()
	}
	r.next, r.part = msn, 0
}

// close ends the file. An open segment in it is complete as it is.
func (r *recorder) close() {
	if r.file == nil {
		return
	}
	last := r.file.open
	if err := r.file.close(); err != nil {
		r.archive.log.Error("a recording was not closed; it is looked through at the next start", "file", r.file.path+mediaSuffix, "error", err)
	}
	if last.Duration > 0 {
		last.Size = r.file.size - last.At
		r.note(last)
	}
	r.shelf.mu.Lock()
	r.entry.index = nil
	if r.entry.next == r.entry.first { // nothing in it
		r.recording.remove(r.entry)
		r.file.remove()
	}
	r.shelf.mu.Unlock()
	r.file, r.entry = nil, nil
}

func (r *recorder) lose(n uint64) {
	r.archive.metrics.lost.WithLabelValues(r.source.Stream).Add(float64(n))
}

func (r *recorder) count(n int64) {
	r.archive.metrics.bytes.WithLabelValues(r.source.Stream).Add(float64(n))
}
