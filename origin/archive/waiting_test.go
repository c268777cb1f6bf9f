package archive

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestWaitingIsBounded: however many files wait to be uploaded, no more of them are thought about at a time than is asked for, the oldest
// first; all are counted.
//
// Clause: s3
func TestWaitingIsBounded(t *testing.T) {
	dir := t.TempDir()
	for i := range 5 {
		first, date := uint64(10*i), time.Date(2026, 5, 1, 20, i, 0, 0, time.UTC)
		x := &Index{
			Head:     Head{Epoch: 7, Size: 100, First: first, Date: date, Bases: []Base{{Track: 1}}},
			Segments: []Segment{{MSN: first, At: 100, Size: 900, Duration: time.Minute, Date: date}},
			Closed:   true,
		}
		path := filepath.Join(dir, "show", "20260501T200000Z", "v0", fmt.Sprintf("s%d", first))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		for suffix, b := range map[string][]byte{mediaSuffix: make([]byte, 1000), indexSuffix: x.Append(nil)} {
			if err := os.WriteFile(path+suffix, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	a := newArchive(t, Config{Dir: dir, Keep: true, Upload: true})
	for uploaded := range 5 {
		list, files, bytes := a.Waiting(2, func(string) bool { return false })
		if len(list) != min(2, 5-uploaded) || files != 5-uploaded || bytes != int64(1000*files) {
			t.Fatalf("after %d uploads: %d of %d files, %d bytes", uploaded, len(list), files, bytes)
		}
		for i, f := range list {
			if want := fmt.Sprintf("show/20260501T200000Z/v0/s%d.mp4", 10*(uploaded+i)); f.Key != want {
				t.Errorf("after %d uploads: %s waits, want %s", uploaded, f.Key, want)
			}
		}
		if err := a.Uploaded(list[0], []byte("{}\n")); err != nil {
			t.Fatal(err)
		}
	}
}
