package archive

import (
	"os"
	"path/filepath"
	"testing"
)

// However much waits to be stored elsewhere, an uploader is told of no more than it asks for, and how much there is in all. What it skips takes
// no place from the others.
//
// Clause: s3
func TestQueueIsBounded(t *testing.T) {
	dir := t.TempDir()
	const streams, files = 3, 4
	for _, name := range []string{"one", "two", "three"} {
		spread(t, dir, 1, files, 2)
		if err := os.Rename(filepath.Join(dir, "show"), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	a := newArchive(t, Config{Dir: dir, Keep: true, Upload: true})
	every, n, size := a.Waiting(100, all)
	if len(every) != streams*files || n != streams*files || size == 0 {
		t.Fatalf("%d listed of %d, %d bytes", len(every), n, size)
	}
	skipped := map[string]bool{every[0].Key: true, every[5].Key: true}
	for most := range len(every) + 2 {
		for name, c := range map[string]struct {
			skip func(string) bool
			want int
		}{
			"nothing skipped": {all, min(most, len(every))},
			"two skipped":     {func(key string) bool { return skipped[key] }, min(most, len(every)-2)},
		} {
			list, files, bytes := a.Waiting(most, c.skip)
			if len(list) != c.want || files != n || bytes != size {
				t.Errorf("%s, at most %d: %d listed of %d, %d bytes of %d", name, most, len(list), files, bytes, size)
			}
		}
	}
	for _, f := range every {
		if err := a.Uploaded(f, nil); err != nil {
			t.Fatal(err)
		}
	}
	if list, files, bytes := a.Waiting(100, all); len(list)+files != 0 || bytes != 0 {
		t.Errorf("%d listed of %d, %d bytes, and all are stored", len(list), files, bytes)
	}
	for most := range streams + 2 {
		if list := a.Unlisted(most, all); len(list) != min(most, streams) {
			t.Errorf("%d recordings of at most %d", len(list), most)
		}
	}
	first := a.Unlisted(1, all)[0].Key()
	if list := a.Unlisted(1, func(key string) bool { return key == first }); len(list) != 1 || list[0].Key() == first {
		t.Errorf("%+v where %s is skipped", list, first)
	}
}
