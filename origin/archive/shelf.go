package archive

import (
	"cmp"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
)

// shelf is what there is of one stream: its recordings, and for each rendition a place for one recorder.
type shelf struct {
	// static
	name   string
	dir    string
	config *Config
	read   sync.Once

	mu         sync.Mutex
	recordings []*recording // oldest first
	slots      map[int]*slot
}

// recording is one broadcast, with its interruptions.
type recording struct {
	// static
	id    string
	dir   string
	epoch uint32
	first uint64
	began time.Time

	// guarded by shelf.mu
	end     time.Time // of its media
	written time.Time // when something was last
	files   []*entry  // by rendition, then number
	turns   []turn    // of this process, oldest first
	listed  bool      // its playlists are marked as uploaded; false: look
}

// entry is what is remembered of a file.
type entry struct {
	// static
	path      string // without suffix
	rendition int
	epoch     uint32
	init      uint64
	written   time.Time // before this process
	pictured  bool      // it is not sound alone

	// guarded by shelf.mu
	first, next uint64 // its segments
	date, end   time.Time
	size        int64
	index       *Index // while it is appended to
	uploaded    bool   // is marked so; false: look
}

// slot is a rendition's.
type slot struct {
	taken chan struct{} // holds a token while a recorder is at work

	// guarded by shelf.mu; of the newest recorder
	window *hls.Window
	epoch  uint32
}

func newShelf(name, dir string, config *Config) *shelf {
	return &shelf{name: name, dir: dir, config: config, slots: map[int]*slot{}}
}

// idLayout names a recording by when it began.
const idLayout = "20060102T150405Z"

// load reads what is on disk. What cannot be read is said and left alone.
func (s *shelf) load(log *slog.Logger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids, _ := os.ReadDir(s.dir) // none: nothing was recorded
	for _, id := range ids {
		began, err := time.Parse(idLayout, id.Name())
		if err != nil {
			continue
		}
		r := &recording{id: id.Name(), dir: filepath.Join(s.dir, id.Name()), began: began}
		for _, path := range indexes(r.dir) {
			e, err := readEntry(path)
			if err != nil {
				log.Error("a recording cannot be read", "file", path+mediaSuffix, "error", err)
				continue
			}
			if e.next == e.first { // the process ended before its first segment had a part
				_ = erase(path)
				continue
			}
			r.add(e)
		}
		if len(r.files) == 0 {
			leaveNothing(r.dir)
			continue
		}
		s.recordings = append(s.recordings, r)
	}
	slices.SortFunc(s.recordings, func(a, b *recording) int { return a.began.Compare(b.began) })
}

// readEntry reads what an index says in its first and last lines; one that was not closed is mended.
func readEntry(path string) (*entry, error) {
	rendition, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(filepath.Dir(path)), "v"))
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path + mediaSuffix) // before it is mended, which is no broadcast
	if err != nil {
		return nil, err
	}
	x, err := skim(path)
	if x == nil || err != nil {
		if x, err = load(path); err != nil {
			return nil, err
		}
	}
	e := newEntry(path, rendition, x)
	e.written = info.ModTime()
	return e, nil
}

func newEntry(path string, rendition int, x *Index) *entry {
	e := &entry{
		path: path, rendition: rendition, epoch: x.Epoch, init: x.Init, first: x.First, next: x.First, date: x.Date,
		end: x.EndDate(), size: x.End(), pictured: x.Width > 0,
	}
	if n := len(x.Segments); n > 0 {
		e.next = x.Segments[n-1].MSN + 1
	}
	return e
}

func (r *recording) add(e *entry) {
	if len(r.files) == 0 || e.first < r.first {
		r.first = e.first
	}
	r.epoch = e.epoch
	r.files = append(r.files, e)
	slices.SortFunc(r.files, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.rendition, b.rendition), cmp.Compare(a.first, b.first))
	})
	if e.end.After(r.end) {
		r.end = e.end
	}
	if e.written.After(r.written) {
		r.written = e.written
	}
}

// at returns the recording that a segment belongs to: the newest, unless its broadcast was over or it has grown too long. Whichever
// rendition comes first begins a new one, and the others follow at the same number.
func (s *shelf) at(epoch uint32, m *hls.Segment, mayBegin bool) *recording {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.recordings) - 1; i >= 0; i-- {
		r := s.recordings[i]
		if r.epoch != epoch {
			break
		}
		if m.MSN < r.first {
			continue
		}
		newest := i == len(s.recordings)-1
		over := m.Date.Sub(r.end) > s.config.Grace && len(r.files) > 0 || mayBegin && m.Date.Sub(r.began) >= s.config.Longest
		if !newest || !over {
			return r
		}
		break
	}
	began := m.Date.UTC().Truncate(time.Second)
	for {
		id := began.Format(idLayout)
		if !slices.ContainsFunc(s.recordings, func(r *recording) bool { return r.id == id }) {
			r := &recording{id: id, dir: filepath.Join(s.dir, id), epoch: epoch, first: m.MSN, began: began, end: m.Date}
			s.recordings = append(s.recordings, r)
			return r
		}
		began = began.Add(time.Second)
	}
}

// next returns the number after the newest that is on disk of a rendition.
func (s *shelf) next(epoch uint32, rendition int) (msn uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.recordings {
		for _, e := range r.files {
			if e.epoch == epoch && e.rendition == rendition {
				msn = max(msn, e.next)
			}
		}
	}
	return msn
}

// find returns the file with a segment, or one that begins with an init segment, and its index while it is appended to.
func (s *shelf) find(epoch uint32, rendition int, n hls.Name) (path string, x *Index) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.recordings) - 1; i >= 0; i-- {
		for _, e := range s.recordings[i].files {
			if e.epoch != epoch || e.rendition != rendition {
				continue
			}
			if n.Kind == hls.KindInit && e.init == n.Number || n.Kind == hls.KindSegment && n.Number >= e.first && n.Number < e.next {
				if e.index != nil {
					grows := *e.index // what is there of its segments never changes
					return e.path, &grows
				}
				return e.path, nil
			}
		}
	}
	return "", nil
}

// slot returns a rendition's place for a recorder.
func (s *shelf) slot(rendition int) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.slots[rendition]
	if p == nil {
		p = &slot{taken: make(chan struct{}, 1)}
		s.slots[rendition] = p
	}
	return p
}
