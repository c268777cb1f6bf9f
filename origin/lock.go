//go:build unix

package origin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrInUse means that another origin works with the data directory: both would number the same streams.
var ErrInUse = errors.New("origin: the data directory is in use by another shoal; stop that or choose another with -data DIR")

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
	f, err := hold(filepath.Join(dir, lockFile), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("%w: %s", ErrInUse, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("origin: data: %w", err)
	}
	return f.Close, nil
}

// hold makes a file and locks it until the file is closed.
func hold(name string, how int) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(err, f.Close())
		}
	}
}
