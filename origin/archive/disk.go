package archive

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ErrFull says that the disk has no more room than is to stay free.
var ErrFull = errors.New("archive: the disk is full")

// full tells whether an error is of a disk, or a quota, that has no room.
func full(err error) bool {
	return errors.Is(err, ErrFull) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// lookEach is how long a look at the disk holds: recorders write several parts a second each.
const lookEach = 250 * time.Millisecond

// disk is the file system that recordings are on.
type disk struct {
	// static
	dir     string
	reserve int64
	free    prometheus.Gauge

	mu     sync.Mutex
	looked time.Time
	left   int64
	was    bool // full
}

// again is how much more than the reserve has to be free, at least, once the disk was full: so the room for a few parts does not
// make recorders start and stop.
const again = 8 << 20

// room tells whether a recorder may write.
func (d *disk) room(now time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.look(now); err != nil {
		return err
	}
	least := d.reserve
	if d.was {
		least += max(d.reserve/8, again)
	}
	if d.was = d.left < least; d.was {
		return fmt.Errorf("%w: %d MiB are free, %d MiB are to stay so", ErrFull, d.left>>20, d.reserve>>20)
	}
	return nil
}

// measure looks at the disk for the metric alone, which is to be true while nobody records too.
func (d *disk) measure(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_ = d.look(now) // whoever records says so
}

// look looks at the disk, unless that was just done. The caller holds mu.
func (d *disk) look(now time.Time) error {
	if now.Sub(d.looked) < lookEach {
		return nil
	}
	left, err := freeBytes(d.dir)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	d.looked, d.left = now, left
	d.free.Set(float64(left))
	return nil
}

// ran notes that a write found no room.
func (d *disk) ran() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.was, d.looked = true, time.Time{}
}
