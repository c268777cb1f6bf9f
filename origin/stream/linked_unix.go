//go:build unix

package stream

import (
	"io/fs"
	"syscall"
)

// linked tells whether an open file is still in a folder.
func linked(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return !ok || s.Nlink > 0
}
