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
	"sync"
	"time"

	"github.com/shoal-live/shoal/lockfile"
)

// Bounds of what waits to be written.
const (
	maxQueue      = 256 // objects
	queueShare    = 16  // of the memory for media, one in so many bytes is for what waits
	leastToLive   = time.Minute
	newSuffix     = ".new" // of files that are not whole yet
	diskSeparator = "~"    // stands for the slashes of a path; no name has it
	diskLock      = "lock" // the file that says whose the folder is
)

// ErrInUse means that another edge works with a folder: each would remove what the other writes.
var ErrInUse = errors.New("is in use by another edge; stop that, or give this one a folder of its own")

// disk is the tier below memory, for windows of hours: media that memory has no more room for goes into files, one each,
// and comes back from there as from an origin. A file's name is the media's path, so the index is the folder itself. What
// was not asked for longest goes first. After an error of the disk the tier rests: serving goes on without. Nothing is done
// with files under mu: the cache asks under its own lock what is kept, and a slow disk must not hold it. A nil disk is none.
type disk struct {
	// static
	dir   string
	limit int64
	log   *slog.Logger
	tally *tally
	queue chan *object
	most  int64    // bytes that may wait
	held  *os.File // the folder is this edge's alone until it is closed

	// guarded by mu
	mu   sync.Mutex
	rest rest
	index
	queued int64 // bytes that wait
}

// openDisk takes a folder for this edge alone, until run ends or the process does, with the files that it has, but for those that were not whole.
func openDisk(dir string, limit, memory int64, log *slog.Logger, t *tally) (*disk, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("edge: -disk %s cannot be made: %w", dir, err)
	}
	d := &disk{dir: dir, limit: limit, log: log, tally: t, queue: make(chan *object, maxQueue), most: memory / queueShare}
	var err error
	switch d.held, err = lockfile.Try(filepath.Join(dir, diskLock)); {
	case errors.Is(err, lockfile.ErrHeld):
		return nil, fmt.Errorf("edge: -disk %s %w", dir, ErrInUse)
	case err != nil:
		return nil, fmt.Errorf("edge: -disk %s cannot be taken: %w", dir, err)
	}
	old, err := d.scan()
	if err != nil {
		d.held.Close()
		return nil, fmt.Errorf("edge: -disk %s cannot be read: %w", dir, err)
	}
	d.remove(old...)
	return d, nil
}

// keep has an object written that memory has no room for, and to end a rest also what is there already: there may be nothing else. It never waits: what finds
// no room in the queue is dropped.
func (d *disk) keep(o *object) {
	if d == nil || o.target.kind != media || time.Until(o.expires) < leastToLive {
		return
	}
	size := int64(len(o.body)) // it is done: nobody writes it
	d.mu.Lock()
	defer d.mu.Unlock()
	resting := d.rest.on()
	trial := resting && d.queued == 0 && d.rest.over(time.Now()) // one is enough to see whether the disk is well again
	switch {
	case size == 0 || d.files[fileOf(o.target)] != nil && !trial:
		return
	case resting && !trial:
		d.dropped("rest")
		return
	}
	if d.queued > 0 && d.queued+size > d.most {
		d.dropped("queue")
		return
	}
	select {
	case d.queue <- o:
		d.queued += size
	default:
		d.dropped("queue")
	}
}

// dropped counts an object that the tier did not take, or lost.
func (d *disk) dropped(reason string) { d.tally.diskDropped.WithLabelValues(reason).Inc() }

// run writes what is to be kept until ctx ends. Then the folder is anybody's.
func (d *disk) run(ctx context.Context) {
	defer d.held.Close()
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
	if !d.tries() {
		d.dropped("rest")
		return
	}
	d.mu.Lock()
	useless := d.files[name] != nil && !d.rest.on() || need > d.limit
	var old []string
	if !useless {
		old = d.evict(need)
	}
	d.mu.Unlock()
	if useless {
		return
	}
	if !d.remove(old...) {
		d.dropped("rest")
		return
	}
	path := filepath.Join(d.dir, name)
	err := writeObject(path+newSuffix, o)
	if err == nil {
		err = os.Rename(path+newSuffix, path)
	}
	if err != nil {
		os.Remove(path + newSuffix)
		d.fail(err)
		d.dropped("rest")
		return
	}
	d.mu.Lock()
	d.seat(stored{name, need})
	d.mu.Unlock()
	d.tally.diskWrites.Inc()
	d.recover()
}

// seat notes a file. The caller holds mu.
func (d *disk) seat(f stored) {
	d.index.seat(f)
	d.tally.diskBytes.Set(float64(d.bytes))
}

// evict forgets files until there is room for more bytes, and returns which are to be removed. The caller holds mu.
func (d *disk) evict(more int64) (names []string) {
	for d.bytes+more > d.limit {
		last := d.seats.Back()
		if last == nil {
			break
		}
		names = append(names, last.Value.(*stored).name)
		d.unseat(last)
	}
	return names
}

// remove removes files. It tells whether they are gone: else the bound would not hold, and the tier rests.
func (d *disk) remove(names ...string) bool {
	for _, name := range names {
		if err := os.Remove(filepath.Join(d.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			d.fail(err)
			return false
		}
	}
	return true
}

// unseat forgets a file. The caller holds mu.
func (d *disk) unseat(seat *list.Element) {
	d.index.unseat(seat)
	d.tally.diskBytes.Set(float64(d.bytes))
}

// seatOf returns where a target's file stands, nil if there is none.
func (d *disk) seatOf(t target) *list.Element {
	if d == nil || t.kind != media {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	seat := d.files[fileOf(t)]
	if seat == nil || !d.rest.reads() {
		return nil
	}
	d.seats.MoveToFront(seat)
	return seat
}

// open opens a file.
func (d *disk) open(seat *list.Element) *os.File {
	file, err := os.Open(filepath.Join(d.dir, seat.Value.(*stored).name))
	if err == nil {
		return file
	}
	d.mu.Lock()
	d.unseat(seat)
	d.mu.Unlock()
	if !errors.Is(err, fs.ErrNotExist) { // else somebody has tidied up, or it had to go just now: so be it
		d.fail(err)
	}
	return nil
}

// lose removes a file that is not what was written.
func (d *disk) lose(seat *list.Element, err error) {
	name := seat.Value.(*stored).name
	d.dropped("corrupt")
	d.log.Warn("edge: a file of the disk tier is not what was written; it is removed", "file", filepath.Join(d.dir, name), "error", err)
	d.remove(name) // before it is forgotten, or it might be another by then
	d.mu.Lock()
	d.unseat(seat)
	d.mu.Unlock()
}

// fill fills a flight's object from its file, if it has one. Each slice is checked before it is shown. It tells whether
// the object is done; if not, the flight goes on with an origin from the byte that was reached.
func (d *disk) fill(f *flight) bool {
	seat := d.seatOf(f.o.target)
	if seat == nil {
		return false
	}
	file := d.open(seat)
	if file == nil {
		return false
	}
	defer file.Close()
	err := f.read(file)
	switch {
	case err == nil:
		d.tally.diskReads.Inc()
	case errors.Is(err, errRoom): // the file is as it should be
	default:
		d.lose(seat, err)
		if f.good == 0 {
			f.cache.giveBack(f.o)
		}
	}
	return err == nil
}
