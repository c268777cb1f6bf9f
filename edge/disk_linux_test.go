package edge

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// TestHangingDisk: a disk that does not come back from opening a file holds who waits for that file, and nobody else.
func TestHangingDisk(t *testing.T) {
	dir := t.TempDir()
	e := newEdge(t, Config{Transport: library(), MemoryBytes: 512 << 10, Disk: dir})
	stuck := filepath.Join(dir, "demo~v0~1~s1.m4s")
	if err := syscall.Mkfifo(stuck, 0o600); err != nil { // to open it waits for who writes
		t.Skip(err)
	}
	e.disk.mu.Lock()
	e.disk.seat(stored{filepath.Base(stuck), 100})
	e.disk.mu.Unlock()
	waited := make(chan int)
	go func() { waited <- get(e, segment(1)).Code }()
	for e.cache.look(segment(1)) == nil {
		runtime.Gosched()
	}
	others := make(chan struct{})
	go func() {
		for i := range 20 { // more than memory has room for: what is kept on disk is asked
			get(e, segment(2+i))
		}
		close(others)
	}()
	select {
	case <-others:
	case <-time.After(10 * time.Second):
		t.Error("all wait for the disk")
	}
	writer, err := os.OpenFile(stuck, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	writer.Close()
	if code := <-waited; code != http.StatusOK { // from the origin then
		t.Errorf("who waited for the disk: %d", code)
	}
	<-others
	e.flights.Wait()
}
