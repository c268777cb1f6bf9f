package edge

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// How long the tier rests after an error. It doubles while the disk has not been well for as long as the longest.
const (
	fullRest   = 30 * time.Second // there may be room again at any time
	brokenRest = 2 * time.Minute  // somebody has to mend it
	mostRest   = 10 * time.Minute
)

// errFolder is why a folder is not written to that is not the one which was taken: a disk that is no longer mounted leaves one that is empty.
var errFolder = errors.New("the folder is not the one that this edge has begun with: mount its disk again, or start the edge anew")

// rest is what the tier does after an error: nothing for a while. Then one object is written, and if that succeeds all is as before: so a disk that fails now and
// then costs little more than it gives. What is on a full disk is read all the while.
type rest struct {
	until time.Time // zero: it does not rest
	last  time.Duration
	well  time.Time // when it ended last
	full  bool
	why   error // the last error
}

// on tells whether the tier rests.
func (r *rest) on() bool { return !r.until.IsZero() }

// over tells whether it may try again.
func (r *rest) over(now time.Time) bool { return !now.Before(r.until) }

// reads tells whether what is there may be read.
func (r *rest) reads() bool { return !r.on() || r.full }

// outOfRoom tells whether an error is that of a disk without room.
func outOfRoom(err error) bool {
	return slices.ContainsFunc(fullErrors, func(is error) bool { return errors.Is(err, is) })
}

// begin begins a rest after an error, unless there is one already.
func (r *rest) begin(err error, now time.Time) {
	full := outOfRoom(err)
	r.why = err
	if r.on() && !r.over(now) {
		r.full = r.full && full
		return
	}
	least := brokenRest
	if full {
		least = fullRest
	}
	if !r.on() && now.Sub(r.well) >= mostRest {
		r.last = 0
	}
	r.last = min(max(2*r.last, least), mostRest)
	r.until, r.full = now.Add(r.last), full
}

// end ends a rest: the disk is well.
func (r *rest) end(now time.Time) { r.until, r.well = time.Time{}, now }

// Rests tells why the edge does without its disk tier now, or nil. It is ready all the while. The error names the folder: it is for the operator.
func (e *Edge) Rests() error {
	if e.disk == nil {
		return nil
	}
	e.disk.mu.Lock()
	defer e.disk.mu.Unlock()
	if r := &e.disk.rest; r.on() {
		return fmt.Errorf("edge: the disk tier in %s rests, and is tried again from %s on: %w", e.disk.dir, r.until.UTC().Format(time.RFC3339), r.why)
	}
	return nil
}

// fail has the tier rest.
func (d *disk) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	again, until := d.rest.on(), d.rest.until
	switch d.rest.begin(err, time.Now()); {
	case d.rest.until.Equal(until): // it is said already
		return
	case again:
		d.log.Warn("edge: the disk tier goes on resting", "dir", d.dir, "error", err, "again", d.rest.last)
		return
	}
	d.tally.diskOff.Set(1)
	d.log.Error("edge: the disk tier rests, and is tried again by itself; serving goes on without it: make room or mend the disk",
		"dir", d.dir, "error", err, "again", d.rest.last)
}

// recover ends the rest.
func (d *disk) recover() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.rest.on() {
		return
	}
	d.rest.end(time.Now())
	d.tally.diskOff.Set(0)
	d.log.Info("edge: the disk tier is in use again", "dir", d.dir)
}

// tries tells whether an object may be written: the tier does not rest, or has rested, and its folder is as it was.
func (d *disk) tries() bool {
	d.mu.Lock()
	rests, over, full := d.rest.on(), d.rest.over(time.Now()), d.rest.full
	d.mu.Unlock()
	if !rests {
		return true
	}
	if !over {
		return false
	}
	err, old := d.same(), []string(nil)
	if err == nil && !full {
		old, err = d.scan() // what could not be removed counts, and what is gone does not
	}
	if err != nil {
		d.fail(err)
		return false
	}
	return d.remove(old...)
}

// same tells whether the folder is still the one that this edge has taken.
func (d *disk) same() error {
	taken, err := d.held.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(filepath.Join(d.dir, diskLock))
	if err != nil {
		return errors.Join(errFolder, err)
	}
	if !os.SameFile(taken, there) {
		return errFolder
	}
	return nil
}
