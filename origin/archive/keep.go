package archive

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"
)

// sweep is how often is looked for what is too old.
const sweep = 30 * time.Second

// Run deletes what has grown too old, forgets what somebody else took away, and looks how much room there is, until ctx is done. It waits for
// nobody who records; from then on nobody who records waits for a disk.
func (a *Archive) Run(ctx context.Context) {
	a.clean(time.Now())
	tick := time.NewTicker(sweep)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			a.clean(now)
		case <-ctx.Done():
			a.end()
			return
		}
	}
}

func (a *Archive) clean(now time.Time) {
	a.disk.measure(now)
	a.forgetMoved()
	life := a.config.life()
	if life == 0 {
		return
	}
	for _, name := range a.names() {
		s := a.shelf(name)
		for _, e := range s.older(now.Add(-life)) {
			if a.config.Upload && !s.stored(e) {
				continue
			}
			err := s.delete(e)
			a.texts.drop(e)
			if err != nil {
				a.log.Error("an old recording cannot be deleted", "error", err)
				continue
			}
			a.metrics.deleted.Inc()
		}
	}
}

// names returns the streams that there is something of.
func (a *Archive) names() (names []string) {
	dirs, _ := os.ReadDir(a.config.Dir) // none: nothing was recorded
	for _, d := range dirs {
		if d.IsDir() {
			names = append(names, d.Name())
		}
	}
	return names
}

// older returns the files that ended before a time.
func (s *shelf) older(than time.Time) (all []*entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.recordings {
		for _, e := range r.files {
			if e.index == nil && e.end.Before(than) {
				all = append(all, e)
			}
		}
	}
	return all
}

// delete takes a file away: from the window first, so that nobody is shown what is gone.
func (s *shelf) delete(e *entry) error {
	s.mu.Lock()
	if p := s.slots[e.rendition]; p != nil && p.window != nil && p.epoch == e.epoch {
		p.window.Lost(e.next)
	}
	for _, r := range s.recordings {
		r.remove(e)
	}
	s.recordings = slices.DeleteFunc(s.recordings, func(r *recording) bool { return len(r.files) == 0 && r.end.Before(e.end.Add(1)) })
	s.mu.Unlock()
	return erase(e.path)
}

// forgetMoved looks which files are not there any more.
func (a *Archive) forgetMoved() {
	a.mu.Lock()
	shelves := slices.Collect(maps.Values(a.shelves))
	a.mu.Unlock()
	for _, s := range shelves {
		s.mu.Lock()
		recordings := slices.Clone(s.recordings)
		s.mu.Unlock()
		for _, r := range recordings {
			s.mu.Lock()
			files := slices.Clone(r.files)
			s.mu.Unlock()
			for _, e := range files { // the disk may be slow, and recorders need the shelf
				if moved(e.path) {
					a.forget(s, r, e)
				}
			}
		}
	}
}

// moved tells whether a file, or its index, was taken away.
func moved(path string) bool {
	for _, suffix := range []string{mediaSuffix, indexSuffix} {
		if _, err := os.Stat(path + suffix); errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

// forget remembers a finished file no more, which is not there.
func (a *Archive) forget(s *shelf, r *recording, e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.index == nil {
		r.remove(e)
		a.texts.drop(e)
	}
}

func (r *recording) remove(e *entry) {
	r.files = slices.DeleteFunc(r.files, func(o *entry) bool { return o == e })
}
