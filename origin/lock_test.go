//go:build unix

package origin

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	release, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock(dir); !errors.Is(err, ErrInUse) || !strings.HasSuffix(err.Error(), "the data directory "+dir+" is in use by another shoal; stop that, or choose another with -data") {
		t.Errorf("a second time: %v, want %v", err, ErrInUse)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if release, err = lock(dir); err != nil {
		t.Errorf("after it was given back: %v", err)
	} else if err := release(); err != nil {
		t.Fatal(err)
	}

	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := lock(file); err == nil {
		t.Error("a file was taken for a directory")
	}
}
