package edge

import (
	"container/list"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// index is which files there are.
type index struct {
	files map[string]*list.Element // by name
	seats *list.List               // of *stored, the newest in front
	bytes int64                    // of all files
}

// stored is one file.
type stored struct {
	name string
	size int64
}

// seat notes a file, in place of one of its name.
func (x *index) seat(f stored) {
	if old := x.files[f.name]; old != nil {
		x.unseat(old)
	}
	x.files[f.name] = x.seats.PushFront(&f)
	x.bytes += f.size
}

// unseat forgets a file, unless it was forgotten before: by now there may be another of its name.
func (x *index) unseat(seat *list.Element) {
	f := seat.Value.(*stored)
	if x.files[f.name] != seat {
		return
	}
	x.bytes -= f.size
	x.seats.Remove(seat)
	delete(x.files, f.name)
}

// scan takes up the files that the folder has. It returns which of them there is no room for. Of hundreds of thousands it takes a while, so it is done before
// mu is taken, for which the cache waits.
func (d *disk) scan() (old []string, err error) {
	x, err := readIndex(d.dir)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.index = x
	d.tally.diskBytes.Set(float64(d.bytes))
	return d.evict(0), nil
}

// readIndex returns which files a folder has, and removes those that were not whole.
func readIndex(dir string) (index, error) {
	x := index{files: make(map[string]*list.Element), seats: list.New()}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return x, err
	}
	type aged struct {
		stored
		at time.Time
	}
	var found []aged
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		name, half := strings.CutSuffix(entry.Name(), newSuffix)
		if t, ok := targetOf(name); !ok || t.kind != media {
			continue // somebody else's
		}
		if half {
			os.Remove(filepath.Join(dir, entry.Name()))
		} else {
			found = append(found, aged{stored{name, info.Size()}, info.ModTime()})
		}
	}
	slices.SortFunc(found, func(a, b aged) int { return a.at.Compare(b.at) })
	for _, f := range found {
		x.seat(f.stored)
	}
	return x, nil
}

func fileOf(t target) string { return strings.ReplaceAll(t.path[len("/live/"):], "/", diskSeparator) }

func targetOf(name string) (target, bool) {
	t, err := parseLive("/live/" + strings.ReplaceAll(name, diskSeparator, "/"))
	return t, err == nil
}
