package edge

import (
	"container/list"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// scan takes up the files that the folder has, and removes those that were not whole. It returns which of them there is no room for.
func (d *disk) scan() (old []string, err error) {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return nil, err
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
			os.Remove(filepath.Join(d.dir, entry.Name()))
		} else {
			found = append(found, aged{stored{name, info.Size()}, info.ModTime()})
		}
	}
	slices.SortFunc(found, func(a, b aged) int { return a.at.Compare(b.at) })
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files, d.seats, d.bytes = make(map[string]*list.Element), list.New(), 0
	for _, f := range found {
		d.seat(f.stored)
	}
	return d.evict(0), nil
}

func fileOf(t target) string { return strings.ReplaceAll(t.path[len("/live/"):], "/", diskSeparator) }

func targetOf(name string) (target, bool) {
	t, err := parseLive("/live/" + strings.ReplaceAll(name, diskSeparator, "/"))
	return t, err == nil
}
