package archive

import (
	"context"
	"errors"
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
	drain    = 5 * time.Second // that the last segment, or a disk, is waited for when a session is over; a disk not when the process ends too
)

// recorder follows one window. It belongs to one goroutine.
type recorder struct {
	// static
	archive *Archive
	shelf   *shelf
	source  Source

	begun bool
	next  uint64    // number of the segment that is copied next ...
	part  int       // ... and of its part
	run   *run      // nil: what comes begins one
	retry time.Time // not before; zero: the disk works
	wrote bool      // a part of the newest view
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
	r.miss()
	r.close()
	a.over(r)
}

func (r *recorder) follow(ctx context.Context) {
	done, ending, over := ctx.Done(), r.archive.ending.Done(), false
	var late <-chan time.Time
	again := time.NewTicker(tryAgain)
	defer again.Stop()
	for {
		v, changed := r.source.Window.View()
		r.take(v)
		if over && v.Open == nil && (r.retry.IsZero() || ending == nil) {
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
		case <-ending: // a disk that failed is tried with each view that is left, and not waited for
			ending = nil
		case <-late:
			return
		}
	}
}

// take copies what is new in a view, unless the disk failed a moment ago and may be tried again.
func (r *recorder) take(v *hls.View) {
	now := time.Now()
	if now.Before(r.retry) && r.archive.ending.Err() == nil {
		return
	}
	r.wrote = false
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
			r.wrote = true
		}
		r.part++
	}
	if !complete {
		return nil
	}
	if r.run == nil || !r.run.open() { // a gap
		r.skipTo(s.MSN + 1)
		return nil
	}
	return r.finish(s)
}

// write puts a part into the file, or into a new one where a run of segments begins.
func (r *recorder) write(s *hls.Segment, p *hls.Part) (err error) {
	if err := r.archive.disk.room(time.Now()); err != nil {
		return err
	}
	if r.run != nil && !r.run.open() && r.run.over(s, p) {
		r.close()
	}
	if r.run == nil {
		if r.run, err = begin(r.shelf, &r.source, s, p); err == nil {
			r.count(r.run.file.size)
		}
		return err
	}
	n, err := r.run.write(s, p)
	r.count(n)
	return err
}

// finish completes a segment on disk: from now on it can be read from there.
func (r *recorder) finish(s *hls.Segment) error {
	done, err := r.run.finish()
	if err != nil {
		return err
	}
	r.archive.metrics.segments.WithLabelValues(r.source.Stream).Inc()
	if r.archive.config.DVR > 0 {
		r.source.Window.Stored(s.MSN, r.run.stored(&done), done.At, done.Size)
	}
	r.next, r.part = s.MSN+1, 0
	return nil
}

// skipTo leaves segments out: what comes begins a new file.
func (r *recorder) skipTo(msn uint64) {
	if r.run != nil {
		r.run.drop()
		r.close()
	}
	r.next, r.part = msn, 0
}

// close ends the run. An open segment in it is complete as it is.
func (r *recorder) close() {
	if r.run == nil {
		return
	}
	if err := r.run.close(); err != nil {
		r.archive.log.Error("a recording was not closed; it is looked through at the next start", "file", r.run.file.path+mediaSuffix, "error", err)
	}
	r.run = nil
}

// miss counts what is in memory where the disk did not take it and the process ends. Else who comes back in time may have it written yet.
func (r *recorder) miss() {
	if r.retry.IsZero() || r.archive.ending.Err() == nil {
		return
	}
	v, _ := r.source.Window.View()
	for _, s := range v.Segments {
		if s.MSN >= r.next && !s.Gap {
			r.lose(1)
		}
	}
}

func (r *recorder) lose(n uint64) {
	r.archive.metrics.lost.WithLabelValues(r.source.Stream).Add(float64(n))
}

func (r *recorder) count(n int64) {
	r.archive.metrics.bytes.WithLabelValues(r.source.Stream).Add(float64(n))
}
