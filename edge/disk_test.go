package edge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/token"
)

func segment(i int) string { return fmt.Sprintf("/live/demo/v0/1/s%d.m4s", i) }

// library is an origin whose every segment is 64 KiB, told apart by their first bytes.
func library() *source {
	return newSource(func(w http.ResponseWriter, r *http.Request) {
		body := bytes.Clone(partBytes)
		copy(body, r.URL.Path)
		w.Header().Set("ETag", `"of`+strings.ReplaceAll(r.URL.Path, "/", ".")+`"`)
		w.Header().Set("Content-Type", "video/iso.segment")
		w.Header().Set(wire.PiecesHeader, "hashes")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
}

// shelved is an edge with memory for about seven segments, and a disk tier, that has written all it should of the first n.
func shelved(t *testing.T, src http.RoundTripper, dir string, limit int64, n int) (e *Edge, stop func()) {
	t.Helper()
	e = newEdge(t, Config{Transport: src, MemoryBytes: 512 << 10, Disk: dir, DiskBytes: limit})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { e.Run(ctx); close(done) }()
	for i := range n {
		fetch(t, e, i)
	}
	return e, func() { cancel(); <-done }
}

func fetch(t *testing.T, e *Edge, i int) {
	t.Helper()
	w := get(e, segment(i))
	want := bytes.Clone(partBytes)
	copy(want, segment(i))
	if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), want) || w.Header().Get("Content-Type") != "video/iso.segment" ||
		w.Header().Get("ETag") != `"of`+strings.ReplaceAll(segment(i), "/", ".")+`"` || w.Header().Get(wire.PiecesHeader) != "hashes" {
		t.Errorf("segment %d: %d, %d bytes, %v", i, w.Code, w.Body.Len(), w.Header())
	}
	e.flights.Wait()
	for e.disk != nil { // what was evicted is written: there is no time in which it were not
		e.disk.mu.Lock()
		waits := e.disk.queued > 0
		e.disk.mu.Unlock()
		if !waits {
			break
		}
		synctest.Wait()
	}
}

// foreign are names of files that are not the edge's.
var foreign = []string{"notes.txt", "notes.new", ".new", "demo~index.m3u8.new", "demo~v0~1~s1.m4s.old"}

// TestDisk: media that memory has no room for is not asked of the origin again, before and after a restart.
func TestDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 30
		dir, src := t.TempDir(), library()
		e, stop := shelved(t, src, dir, 0, n)
		for i := range n {
			fetch(t, e, i)
		}
		if asked := src.total(""); asked != n {
			t.Errorf("%d fills for %d segments", asked, n)
		}
		if reads := testutil.ToFloat64(e.tally.diskReads); reads < n-8 {
			t.Errorf("%v fills from disk", reads)
		}
		if w := get(e, segment(3), "Range", "bytes=100-199"); w.Code != http.StatusPartialContent || w.Body.Len() != 100 {
			t.Errorf("a range: %d, %d bytes", w.Code, w.Body.Len())
		}
		bytes := testutil.ToFloat64(e.tally.diskBytes)
		stop()
		os.WriteFile(filepath.Join(dir, "demo~v0~1~s99.m4s"+newSuffix), []byte("half"), 0o600)
		for _, name := range foreign {
			os.WriteFile(filepath.Join(dir, name), []byte("not ours"), 0o600)
		}
		e, stop = shelved(t, src, dir, 0, 0)
		defer stop()
		if now := testutil.ToFloat64(e.tally.diskBytes); now != bytes {
			t.Errorf("%v bytes after the restart, %v before", now, bytes)
		}
		before := src.total("")
		for i := range n - 8 { // the newest were in memory only
			fetch(t, e, i)
		}
		if asked := src.total("") - before; asked != 0 {
			t.Errorf("%d fills after the restart", asked)
		}
		if _, err := os.Stat(filepath.Join(dir, "demo~v0~1~s99.m4s"+newSuffix)); !errors.Is(err, os.ErrNotExist) {
			t.Error("a file that was not whole is there still")
		}
		for _, name := range foreign {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Errorf("somebody else's file %s is gone", name)
			}
		}
	})
}

// TestDiskIsOnes: a second edge is told, before it takes or removes anything, that a folder is another's, and what to do, until that one has ended.
//
// Clause: errors
func TestDiskIsOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, src := t.TempDir(), library()
		_, stop := shelved(t, src, dir, 0, 12)
		half := filepath.Join(dir, "demo~v0~1~s99.m4s"+newSuffix)
		os.WriteFile(half, []byte("being written"), 0o600)
		second := Config{Transport: src, Disk: dir, Files: built, Log: slog.New(slog.DiscardHandler)}
		_, err := New(second)
		if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), "-disk "+dir) {
			t.Errorf("a second edge: %v", err)
		}
		if _, err := os.Stat(half); err != nil {
			t.Errorf("it has removed what the first one writes: %v", err)
		}
		stop()
		if _, err := New(second); err != nil {
			t.Errorf("once the first has ended: %v", err)
		}
	})
}

func TestDiskIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 600 << 10
		dir := t.TempDir()
		e, stop := shelved(t, library(), dir, limit, 60)
		defer stop()
		used := int64(0)
		entries, _ := os.ReadDir(dir)
		for _, entry := range entries {
			info, _ := entry.Info()
			used += info.Size()
		}
		if used > limit || used < limit/2 || int64(testutil.ToFloat64(e.tally.diskBytes)) != used {
			t.Errorf("%d bytes on disk of %d, %v are shown", used, limit, testutil.ToFloat64(e.tally.diskBytes))
		}
	})
}

// TestDiskFails: an error of the disk has the tier rest, is said once, and costs nobody anything.
func TestDiskFails(t *testing.T) {
	for _, c := range []struct {
		name string
		says string
		harm func(t *testing.T, e *Edge, dir string)
	}{
		{"the folder is gone", "no such file", func(t *testing.T, e *Edge, dir string) { os.RemoveAll(dir) }},
		{"the disk is full", "no space left on device", func(t *testing.T, e *Edge, dir string) {
			full := filepath.Join(dir, "demo~v0~1~s20.m4s"+newSuffix)
			if err := os.Symlink("/dev/full", full); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "disk")
				e, stop := shelved(t, library(), dir, 0, 12)
				defer stop()
				said := &bytes.Buffer{}
				e.disk.log = slog.New(slog.NewTextHandler(said, nil))
				c.harm(t, e, dir)
				for i := range 40 {
					fetch(t, e, i)
				}
				if c.says != "" && !strings.Contains(said.String(), c.says) {
					t.Errorf("it does not say why: %s", said)
				}
				if n := strings.Count(said.String(), "level=ERROR"); n != 1 || testutil.ToFloat64(e.tally.diskOff) != 1 {
					t.Errorf("said %d times, off is %v:\n%s", n, testutil.ToFloat64(e.tally.diskOff), said)
				}
				if entries, _ := filepath.Glob(filepath.Join(dir, "*"+newSuffix)); len(entries) > 0 {
					t.Errorf("left behind: %v", entries)
				}
				if len(e.disk.queue) > 0 {
					t.Errorf("%d objects wait to be written", len(e.disk.queue))
				}
			})
		})
	}
}

// TestSlowDisk: what a slow disk does not take is dropped and counted, and does not stay in memory.
func TestSlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Transport: library(), MemoryBytes: 512 << 10, Disk: t.TempDir()})
		for i := range 100 { // Run does not run: nothing is written
			get(e, segment(i))
			e.flights.Wait()
		}
		if n := e.Cached() + e.disk.queued; n > 512<<10+int64(len(partBytes)) || e.room+e.disk.most > 512<<10 {
			t.Errorf("%d bytes in memory, with those that wait to be written", n)
		}
		if e.disk.queued > int64(len(partBytes)) || len(e.disk.queue) != 1 {
			t.Errorf("%d objects, %d bytes wait", len(e.disk.queue), e.disk.queued)
		}
		if n := testutil.ToFloat64(e.tally.diskDropped.WithLabelValues("queue")); n < 80 {
			t.Errorf("%v are counted", n)
		}
	})
}

// TestOnlyMediaGoesToDisk: playlists, errors and what does not last are not worth it.
func TestOnlyMediaGoesToDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.Contains(r.URL.Path, "/s1"):
				w.Header().Set("Cache-Control", "max-age=30")
			case strings.Contains(r.URL.Path, "/s2"):
				w.WriteHeader(http.StatusNotFound)
			}
			io.WriteString(w, playlist(12, 2))
		})
		dir := t.TempDir()
		e, stop := shelved(t, src, dir, 0, 0)
		defer stop()
		for _, uri := range []string{playlistPath, "/live/demo/index.m3u8", segment(1), segment(2), "/api/v1/streams", segment(3)} {
			get(e, uri)
			e.flights.Wait()
		}
		e.cache.mu.Lock()
		e.cache.limit = 0
		e.cache.count(newObject(target{}, ""), 0)
		e.cache.mu.Unlock()
		synctest.Wait()
		entries, _ := os.ReadDir(dir)
		if len(entries) != 2 || entries[0].Name() != "demo~v0~1~s3.m4s" || entries[1].Name() != diskLock {
			t.Errorf("on disk: %v", entries)
		}
	})
}

// TestDiskAndTokens: what was written when nobody needed a token is for no shared cache once viewers do.
func TestDiskAndTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		_, stop := shelved(t, library(), dir, 0, 20)
		stop()
		site := newGuests(t, token.EdDSA)
		e := newEdge(t, Config{Transport: library(), Disk: dir, Tokens: site.keys})
		w := get(e, segment(2)+"?token="+site.invite(t, "demo"))
		if got := w.Header().Get("Cache-Control"); w.Code != http.StatusOK || !strings.HasPrefix(got, "private") {
			t.Errorf("%d, %q", w.Code, got)
		}
		e.flights.Wait()
		if n := testutil.ToFloat64(e.tally.diskReads); n != 1 {
			t.Errorf("%v fills from disk", n)
		}
	})
}

// TestLargerThanTheDisk: an object that can have no room on disk drives nothing out.
func TestLargerThanTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		e, stop := shelved(t, library(), dir, 200<<10, 12)
		defer stop()
		before, _ := os.ReadDir(dir)
		o := newObject(target{kind: media, stream: "demo", path: segment(99)}, segment(99))
		o.body = bytes.Repeat(partBytes, 4)
		e.disk.store(o)
		if after, _ := os.ReadDir(dir); len(before) == 0 || len(after) != len(before) || testutil.ToFloat64(e.tally.diskOff) != 0 {
			t.Errorf("%d files, %d before", len(after), len(before))
		}
	})
}

// TestDiskSeats: what is read from disk stays there longest, and a file that is forgotten twice is forgotten once.
func TestDiskSeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := library()
		e, stop := shelved(t, src, t.TempDir(), 600<<10, 12)
		defer stop()
		for i := range 40 {
			e.cache.mu.Lock()
			if o := e.cache.objects[segment(0)]; o != nil {
				e.cache.drop(o) // so that it comes from disk
			}
			e.cache.mu.Unlock()
			fetch(t, e, 0)
			fetch(t, e, 12+i)
		}
		if n := src.total(segment(0)); n > 2 { // as it was in memory only at first
			t.Errorf("what is read all the time was filled %d times", n)
		}
		d := e.disk
		d.mu.Lock()
		defer d.mu.Unlock()
		bytes, old := d.bytes, d.files[fileOf(target{path: segment(0)})]
		d.unseat(old)
		d.seat(stored{old.Value.(*stored).name, 1000})
		d.unseat(old)
		if d.files[old.Value.(*stored).name] == nil || d.bytes != bytes-old.Value.(*stored).size+1000 || len(d.files) != d.seats.Len() {
			t.Errorf("%d bytes of %d files in %d seats, %d before", d.bytes, len(d.files), d.seats.Len(), bytes)
		}
	})
}
