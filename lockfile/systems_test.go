package lockfile

import (
	"go/build"
	"testing"
)

// TestSystems: the package is for every system, by flock where there is one.
func TestSystems(t *testing.T) {
	for system, flock := range map[string]bool{"linux": true, "darwin": true, "freebsd": true, "openbsd": true, "netbsd": true, "dragonfly": true, "illumos": true,
		"solaris": false, "aix": false, "windows": false, "plan9": false, "js": false, "wasip1": false} {
		at := build.Default
		at.GOOS = system
		for file, want := range map[string]bool{"lockfile_flock.go": flock, "lockfile_other.go": !flock, "lockfile.go": true} {
			if is, err := at.MatchFile(".", file); is != want || err != nil {
				t.Errorf("%s on %s: %v, %v", file, system, is, err)
			}
		}
	}
}
