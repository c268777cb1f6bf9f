package origin

import (
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/shoal-live/shoal/lockfile"
)

// temporary are the files that a process writes before it gives them their name, as patterns in the data directory. One that is killed
// leaves them behind.
var temporary = []string{
	".ready-*",
	"streams/*/.new-*",
	"recordings/*/*/.new-*",
	"recordings/*/*/v*/.new-*",
}

const temporaryKeys = ".publish-keys-*" // also of shoal key

// clockStep is how far a file's time may lie before the moment it was made: file systems go by a clock with coarse steps, of
// up to two seconds.
const clockStep = 2 * time.Second

// sweep removes what processes that were killed left in the data directory, and returns how many files that were. What is younger than this
// process is its own. The caller holds the directory's lock.
func sweep(dir string, began time.Time) (removed int) {
	for _, pattern := range temporary {
		removed += sweepAll(dir, pattern, began)
	}
	if held, err := lockfile.Wait(filepath.Join(dir, keysLock)); err == nil { // nobody writes keys now
		removed += sweepAll(dir, temporaryKeys, began)
		_ = held.Close()
	}
	return removed
}

func sweepAll(dir, pattern string, before time.Time) (removed int) {
	names, _ := fs.Glob(os.DirFS(dir), pattern) // the patterns are good
	for _, name := range names {
		name = filepath.Join(dir, name)
		info, err := os.Lstat(name)
		if err != nil || !info.Mode().IsRegular() || !info.ModTime().Before(before.Add(-clockStep)) {
			continue
		}
		if os.Remove(name) == nil { // else the next start tries
			removed++
		}
	}
	return removed
}
