package origin

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestReadyOnAFullDisk fills the disk of the data folder, and makes room again.
//
// Clause: readyz
func TestReadyOnAFullDisk(t *testing.T) {
	h := open(t)
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatalf("the disk that this test fills cannot be mounted: %v. Run it as root.", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	h.mu.Lock()
	h.config.Data = disk
	h.mu.Unlock()
	ready := func() error {
		h.mu.Lock()
		h.checked = time.Time{}
		h.mu.Unlock()
		return h.Ready()
	}
	if err := ready(); err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 2<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal("the disk is not full:", err)
	}
	if err := ready(); !errors.Is(err, syscall.ENOSPC) {
		t.Error("ready on a full disk:", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := ready(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(disk); err != nil || len(left) != 0 {
		t.Error("files are left:", left, err)
	}
}
