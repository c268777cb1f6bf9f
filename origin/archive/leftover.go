package archive

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// goneSuffix, in place of indexSuffix, names the index of a file that is being deleted: whoever finds it goes on with that.
const goneSuffix = ".gone"

// indexes returns the indexes in a recording's folder, without their suffix, once what processes that were killed left there is gone.
func indexes(dir string) (paths []string) {
	for _, path := range in(dir, "v*/s*"+goneSuffix) {
		_ = erase(strings.TrimSuffix(path, goneSuffix)) // the next start tries again
	}
	for _, path := range in(dir, "v*/s*"+indexSuffix) {
		if path = strings.TrimSuffix(path, indexSuffix); !stillborn(path) {
			paths = append(paths, path)
		}
	}
	return paths
}

// in returns the files of a folder that a pattern names, whatever is in the folder's own name.
func in(dir, pattern string) (paths []string) {
	names, _ := fs.Glob(os.DirFS(dir), pattern) // the patterns are good
	for _, name := range names {
		paths = append(paths, filepath.Join(dir, name))
	}
	return paths
}

// stillborn tells whether an index is that of a file which was never made, and takes it away then: it names no segment.
func stillborn(path string) bool {
	if _, err := os.Stat(path + mediaSuffix); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	b, err := os.ReadFile(path + indexSuffix)
	if err != nil || bytes.Count(b, []byte("\n")) > 1 {
		return false
	}
	_ = os.Remove(path + indexSuffix)
	return true
}

// erase deletes a file and all that is beside it, in an order in which it can be gone on with, and folders that are empty then.
func erase(path string) error {
	if err := os.Rename(path+indexSuffix, path+goneSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, suffix := range []string{mediaSuffix, mediaSuffix + UploadedSuffix, mediaSuffix + PendingSuffix, goneSuffix} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	_ = os.Remove(filepath.Dir(path)) // they go with their last file
	leaveNothing(filepath.Dir(filepath.Dir(path)))
	return nil
}

// leaveNothing deletes a recording's folder when no rendition's is in it any more, with those that are empty: a process was killed when it
// had made one, or before it took it away.
func leaveNothing(dir string) {
	left := false
	for _, path := range in(dir, "v*") {
		info, err := os.Lstat(path)
		left = left || err == nil && (!info.IsDir() || os.Remove(path) != nil)
	}
	if !left {
		_ = os.Remove(filepath.Join(dir, listedMark)) // mostly there is none
		_ = os.Remove(dir)
	}
}
