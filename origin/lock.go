package origin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/shoal-live/shoal/lockfile"
)

// ErrInUse means that another origin works with the data directory: both would number the same streams.
var ErrInUse = errors.New("is in use by another shoal; stop that, or choose another with -data")

const lockFile = "lock"

// Used tells whether an origin has ever worked with a data directory.
func Used(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, lockFile))
	return err == nil
}

// lock makes the data directory, takes it for this process alone, and returns what gives it back. It ends with the
// process, however that ends.
func lock(dir string) (release func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("origin: data: %w", err)
	}
	f, err := lockfile.Try(filepath.Join(dir, lockFile))
	if errors.Is(err, lockfile.ErrHeld) {
		return nil, fmt.Errorf("origin: the data directory %s %w", dir, ErrInUse)
	}
	if err != nil {
		return nil, fmt.Errorf("origin: data: %w", err)
	}
	return f.Close, nil
}
