//go:build unix

package archive

import (
	"os"

	"golang.org/x/sys/unix"
)

// freeBytes tells how much room there is for who is not root.
func freeBytes(dir string) (int64, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
