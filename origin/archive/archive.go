package archive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Config says what is kept and for how long.
type Config struct {
	// Dir holds a folder per stream. Needed.
	Dir string
	// DVR is how far back viewers can seek while a stream is live. Default 0: as far as memory reaches.
	DVR time.Duration
	// Keep says that recordings stay when the stream is over.
	Keep bool
	// KeepFor is how long they stay. Default 0: until somebody deletes them.
	KeepFor time.Duration
	// Upload says that recordings leave for elsewhere: no file is deleted before Uploaded was called for it, and Listed for its recording.
	Upload bool
	// Reserve is how many bytes of the disk stay free. Default 1 GiB.
	Reserve int64
	// FileDuration is how long one file lasts, about. Default an hour, or an eighth of DVR where recordings are not kept.
	FileDuration time.Duration
	// Grace is how long a broadcaster may be away before what comes is another recording. Default one minute.
	Grace time.Duration
	// Longest is how long a recording lasts before another begins. Default 24 hours.
	Longest time.Duration
	// Registry takes the metrics; nil: nobody does.
	Registry prometheus.Registerer
	// Log takes events a person may act on. Default slog.Default().
	Log *slog.Logger
}

// ErrConfig is that there can be no Archive of a Config.
var ErrConfig = errors.New("archive: configuration")

func (c *Config) validate() error {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Reserve == 0 {
		c.Reserve = 1 << 30
	}
	if c.Grace == 0 {
		c.Grace = time.Minute
	}
	if c.Longest == 0 {
		c.Longest = 24 * time.Hour
	}
	if c.FileDuration == 0 {
		c.FileDuration = time.Hour
		if !c.Keep {
			c.FileDuration = max(c.DVR/8, time.Minute)
		}
	}
	switch {
	case c.Dir == "":
		return fmt.Errorf("%w: no folder", ErrConfig)
	case c.DVR < 0 || c.KeepFor < 0 || c.Reserve < 0 || c.FileDuration < 0 || c.Grace < 0 || c.Longest < 0:
		return fmt.Errorf("%w: a negative duration or size", ErrConfig)
	case !c.Keep && c.DVR == 0:
		return fmt.Errorf("%w: neither recordings nor a DVR window are wanted", ErrConfig)
	case c.KeepFor > 0 && c.KeepFor < c.DVR:
		return fmt.Errorf("%w: recordings are kept for %v, and the DVR window is %v of them", ErrConfig, c.KeepFor, c.DVR)
	}
	return nil
}

// life is how long after its end a file stays; 0: for ever.
func (c *Config) life() time.Duration {
	if c.Keep {
		return c.KeepFor
	}
	return c.DVR + time.Minute
}

// Archive is all that is on disk of an origin's streams. It is safe for concurrent use.
type Archive struct {
	// static
	config  Config
	metrics *metrics
	log     *slog.Logger
	disk    disk
	texts   *texts
	ending  context.Context // ends with Run: the process does
	end     context.CancelFunc

	mu      sync.Mutex
	shelves map[string]*shelf
	stopped map[*recorder]error
	told    bool     // the log says that recording has stopped, and not yet that it goes on
	cache   []cached // of parsed indexes that segments were found in, the newest last
}

// New returns the archive in config.Dir. Nothing is read yet.
func New(config Config) (*Archive, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	m, err := newMetrics(config.Registry)
	if err != nil {
		return nil, fmt.Errorf("archive: metrics: %w", err)
	}
	a := &Archive{
		config: config, metrics: m, log: config.Log, disk: disk{dir: config.Dir, reserve: config.Reserve, free: m.free},
		texts: newTexts(textsKept), shelves: map[string]*shelf{}, stopped: map[*recorder]error{},
	}
	a.ending, a.end = context.WithCancel(context.Background())
	return a, nil
}

// Stopped tells why recordings do not grow now, or nil: mostly ErrFull.
func (a *Archive) Stopped() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, err := range a.stopped {
		return err
	}
	return nil
}

// StoppedOf tells why a stream cannot be written to disk now, or nil.
func (a *Archive) StoppedOf(stream string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for r, err := range a.stopped {
		if r.source.Stream == stream {
			return err
		}
	}
	return nil
}

// stop notes that a recorder cannot write, or with a nil error that it can again. What all recorders suffer from is said once.
func (a *Archive) stop(r *recorder, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, was := a.stopped[r]
	switch {
	case err != nil && !was:
		reason, advice := reasonError, "see what is wrong with the folder or its disk"
		if full(err) {
			reason, advice = reasonFull, "delete something, or give recordings a disk of their own"
			if !errors.Is(err, ErrFull) { // the system says so
				err = fmt.Errorf("%w: %w", ErrFull, err)
			}
		}
		a.metrics.stops.WithLabelValues(reason).Inc()
		if !a.told {
			a.told = true
			a.log.Error("recording has stopped; live streams go on. It goes on by itself when the disk takes it", "do", advice, "dir", a.config.Dir, "error", err)
		}
		a.stopped[r] = err
	case err == nil && (was || r.wrote):
		delete(a.stopped, r)
		if a.told && len(a.stopped) == 0 {
			a.told = false
			a.log.Info("recording goes on", "dir", a.config.Dir)
		}
	}
	a.metrics.stopped.Set(float64(len(a.stopped)))
}

// over forgets a recorder, which has written all that it ever will, or could not.
func (a *Archive) over(r *recorder) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.stopped, r)
	a.metrics.stopped.Set(float64(len(a.stopped)))
}

// shelf returns what there is of a stream, read from disk at the first call.
func (a *Archive) shelf(name string) *shelf {
	a.mu.Lock()
	s := a.shelves[name]
	if s == nil {
		s = newShelf(name, filepath.Join(a.config.Dir, name), &a.config)
		a.shelves[name] = s
	}
	a.mu.Unlock()
	s.read.Do(func() { s.load(a.log) })
	return s
}

// has tells whether there is something of a stream, without making room for one that nobody has heard of.
func (a *Archive) has(name string) bool {
	a.mu.Lock()
	known := a.shelves[name] != nil
	a.mu.Unlock()
	if known {
		return true
	}
	_, err := os.Stat(filepath.Join(a.config.Dir, name))
	return err == nil
}

// cached is a parsed index of a closed file.
type cached struct {
	path  string
	index *Index
}

const cachedIndexes = 16 // of 300 KB each, with an hour of segments

// index returns the index of a file.
func (a *Archive) index(path string) (*Index, error) {
	a.mu.Lock()
	for i, c := range a.cache {
		if c.path == path {
			a.cache = append(append(a.cache[:i:i], a.cache[i+1:]...), c)
			a.mu.Unlock()
			return c.index, nil
		}
	}
	a.mu.Unlock()
	x, err := load(path)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cache = append(a.cache[max(0, len(a.cache)-cachedIndexes+1):len(a.cache):len(a.cache)], cached{path, x})
	return x, nil
}
