package edge

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of what waits to be written.
const (
	maxQueue      = 256 // objects
	queueShare    = 16  // of the memory for media, one in so many bytes is for what waits
	leastToLive   = time.Minute
	newSuffix     = ".new" // of files that are not whole yet
	diskSeparator = "~"    // stands for the slashes of a path; no name has it
)

// disk is the tier below memory, for windows of hours: media that memory has no more room for goes into files, one each,
// and comes back from there as from an origin. A file's name is the media's path, so the index is the folder itself. What
// was not asked for longest goes first. An error of the disk turns the tier off, for good: serving goes on without. A nil disk is none.
type disk struct {
	// static
	dir   string
	limit int64
	log   *slog.Logger
	tally *tally
	queue chan *object
	most  int64 // bytes that may wait

	// guarded by mu
	mu     sync.Mutex
	off    bool
	files  map[string]*list.Element // by name
	seats  *list.List               // of *stored, the newest in front
	bytes  int64                    // of all files
	queued int64                    // bytes that wait
}

// stored is one file.
type stored struct {
	name string
	size int64
}

// openDisk takes the files that a folder has, but for those that were not whole.
func openDisk(dir string, limit, memory int64, log *slog.Logger, t *tally) (*disk, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("edge: -disk %s cannot be made: %w", dir, err)
	}
	d := &disk{dir: dir, limit: limit, log: log, tally: t, queue: make(chan *object, maxQueue), most: memory / queueShare,
		files: make(map[string]*list.Element), seats: list.New()}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("edge: -disk %s cannot be read: %w", dir, err)
	}
	type aged struct {
		stored
		at time.Time
	}
	var found []aged
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if strings.HasSuffix(entry.Name(), newSuffix) {
			os.Remove(filepath.Join(dir, entry.Name()))
		} else if t, ok := targetOf(entry.Name()); ok && t.kind == media {
			found = append(found, aged{stored{entry.Name(), info.Size()}, info.ModTime()})
		}
	}
	slices.SortFunc(found, func(a, b aged) int { return a.at.Compare(b.at) })
	for _, f := range found {
		d.seat(f.stored)
	}
	d.evict(0)
	return d, nil
}

func fileOf(t target) string { return strings.ReplaceAll(t.path[len("/live/"):], "/", diskSeparator) }

func targetOf(name string) (target, bool) {
	t, err := parseLive("/live/" + strings.ReplaceAll(name, diskSeparator, "/"))
	return t, err == nil
}

// keep has an object written that memory has no room for. It never waits: what finds no room in the queue is dropped.
func (d *disk) keep(o *object) {
	if d == nil || o.target.kind != media || time.Until(o.expires) < leastToLive {
		return
	}
	size := int64(len(o.body)) // it is done: nobody writes it
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off || size == 0 || d.files[fileOf(o.target)] != nil {
		return
	}
	if d.queued > 0 && d.queued+size > d.most {
		d.tally.diskDropped.WithLabelValues("queue").Inc()
		return
	}
	select {
	case d.queue <- o:
		d.queued += size
	default:
		d.tally.diskDropped.WithLabelValues("queue").Inc()
	}
}

// run writes what is to be kept until ctx ends.
func (d *disk) run(ctx context.Context) {
	for {
		select {
		case o := <-d.queue:
			d.store(o)
		case <-ctx.Done():
			return
		}
	}
}

// store writes one object: under another name first, so that a file is whole or not there.
func (d *disk) store(o *object) {
	size := int64(len(o.body))
	defer func() {
		d.mu.Lock()
		d.queued -= size
		d.mu.Unlock()
	}()
	name := fileOf(o.target)
	need := storedSize(o)
	d.mu.Lock()
	useless := d.off || d.files[name] != nil || need > d.limit
	if !useless {
		d.evict(need)
	}
	useless = useless || d.off
	d.mu.Unlock()
	if useless {
		return
	}
	path := filepath.Join(d.dir, name)
	err := writeObject(path+newSuffix, o)
	if err == nil {
		err = os.Rename(path+newSuffix, path)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		os.Remove(path + newSuffix)
		d.fail(err)
		return
	}
	d.seat(stored{name, need})
	d.tally.diskWrites.Inc()
}

// seat notes a file. The caller holds mu.
func (d *disk) seat(f stored) {
	d.files[f.name] = d.seats.PushFront(&f)
	d.bytes += f.size
	d.tally.diskBytes.Set(float64(d.bytes))
}

// evict removes files until there is room for more bytes. The caller holds mu.
func (d *disk) evict(more int64) {
	for d.bytes+more > d.limit {
		last := d.seats.Back()
		if last == nil {
			return
		}
		name := last.Value.(*stored).name
		d.unseat(name)
		if err := os.Remove(filepath.Join(d.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			d.fail(err) // or the bound would not hold
			return
		}
	}
}

// unseat forgets a file. The caller holds mu.
func (d *disk) unseat(name string) {
	if seat := d.files[name]; seat != nil {
		d.bytes -= seat.Value.(*stored).size
		d.seats.Remove(seat)
		delete(d.files, name)
		d.tally.diskBytes.Set(float64(d.bytes))
	}
}

// fail turns the tier off. The caller holds mu.
func (d *disk) fail(err error) {
	if d.off {
		return
	}
	d.off = true
	d.tally.diskOff.Set(1)
	d.log.Error("edge: the disk tier is off until the edge starts anew; serving goes on without it: make room or mend the disk",
		"dir", d.dir, "error", err)
}

// open returns the file of a target, nil if there is none.
func (d *disk) open(t target) *os.File {
	if d == nil || t.kind != media {
		return nil
	}
	name := fileOf(t)
	d.mu.Lock()
	defer d.mu.Unlock()
	seat := d.files[name]
	if seat == nil || d.off {
		return nil
	}
	file, err := os.Open(filepath.Join(d.dir, name))
	if err == nil {
		d.seats.MoveToFront(seat)
		return file
	}
	d.unseat(name)
	if !errors.Is(err, fs.ErrNotExist) { // somebody has tidied up: so be it
		d.fail(err)
	}
	return nil
}

// lose removes a file that is not what was written.
func (d *disk) lose(t target, err error) {
	name := fileOf(t)
	d.tally.diskDropped.WithLabelValues("corrupt").Inc()
	d.log.Warn("edge: a file of the disk tier is not what was written; it is removed", "file", filepath.Join(d.dir, name), "error", err)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unseat(name)
	if err := os.Remove(filepath.Join(d.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.fail(err)
	}
}

// fill fills a flight's object from its file, if it has one. Each slice is checked before it is shown. It tells whether
// the object is done; if not, the flight goes on with an origin from the byte that was reached.
func (d *disk) fill(f *flight) bool {
	file := d.open(f.o.target)
	if file == nil {
		return false
	}
	defer file.Close()
	err := f.read(file)
	switch {
	case err == nil:
		d.tally.diskReads.Inc()
	case errors.Is(err, errRoom):
		f.cache.giveBack(f.o)
	default:
		d.lose(f.o.target, err)
		if f.good == 0 {
			f.cache.giveBack(f.o)
		}
	}
	return err == nil
}
