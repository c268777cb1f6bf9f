package origin

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What a killed process left half written goes at the next start; what is anybody's else stays.
//
// Clause: restart
func TestSweep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data [1]")
	files := map[string]bool{ // whether it goes
		".ready-1":                                       true,
		".publish-keys-2":                                true,
		"publish-keys.json":                              false,
		"streams/demo/.new-3":                            true,
		"streams/demo/.new-young":                        false,
		"streams/demo/ed25519.key":                       false,
		"streams/.new-folder/x":                          false,
		"recordings/demo/20260501T200000Z/.new-4":        true,
		"recordings/demo/20260501T200000Z/v0/.new-5":     true,
		"recordings/demo/20260501T200000Z/v0/s12.mp4":    false,
		"recordings/demo/20260501T200000Z/v0/new-6":      false,
		"recordings/demo/20260501T200000Z/v0/.new-7/own": false,
	}
	old := time.Now().Add(-time.Hour)
	for name := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		content := "x"
		if name == "publish-keys.json" {
			content = "[]"
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		when := old
		if filepath.Base(name) == ".new-young" {
			when = time.Now().Add(time.Hour)
		}
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	_, stop := openAt(t, Config{Data: dir})
	stop()
	for name, goes := range files {
		if _, err := os.Lstat(filepath.Join(dir, name)); os.IsNotExist(err) != goes {
			t.Errorf("%s: gone %v", name, os.IsNotExist(err))
		}
	}
}
