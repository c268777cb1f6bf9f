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
	"slices"
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
		waits := e.disk.queued > 0 && !e.disk.off
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

// TestSpoiltFiles: a file that is not what was written is dropped; viewers get what is true.
func TestSpoiltFiles(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(b []byte) []byte
	}{
		{"a bit of the head", func(b []byte) []byte { b[30] ^= 1; return b }},
		{"a word of the head", func(b []byte) []byte { return bytes.Replace(b, []byte("iso.segment"), []byte("iso.sigment"), 1) }},
		{"the first byte of the body", func(b []byte) []byte { b[len(b)-len(partBytes)] ^= 1; return b }},
		{"the last byte", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }},
		{"short", func(b []byte) []byte { return b[:len(b)-1] }},
		{"half", func(b []byte) []byte { return b[:len(b)/2] }},
		{"empty", func(b []byte) []byte { return nil }},
		{"another's", func(b []byte) []byte { return bytes.Replace(b, []byte("s2.m4s"), []byte("s3.m4s"), 1) }},
		{"a head of 4 GB", func(b []byte) []byte { return append(append([]byte(diskMagic), 255, 255, 255, 255), b[15:]...) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir, src := t.TempDir(), library()
				e, stop := shelved(t, src, dir, 0, 20)
				defer stop()
				path := filepath.Join(dir, "demo~v0~1~s2.m4s")
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, c.spoil(b), 0o600); err != nil {
					t.Fatal(err)
				}
				fetch(t, e, 2)
				if n := src.total(segment(2)); n != 2 {
					t.Errorf("it was filled %d times", n)
				}
				if n := testutil.ToFloat64(e.tally.diskDropped.WithLabelValues("corrupt")); n != 1 {
					t.Errorf("%v files are counted", n)
				}
				e.disk.mu.Lock()
				defer e.disk.mu.Unlock()
				if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) || e.disk.files[filepath.Base(path)] != nil {
					t.Error("the file is there still")
				}
				if testutil.ToFloat64(e.tally.diskOff) != 0 {
					t.Error("the tier is off")
				}
				if n := e.cache.look(segment(2)).bytes; n > int64(overhead+len(partBytes)+100) {
					t.Errorf("%d bytes are counted", n)
				}
			})
		})
	}
}

// TestSpoiltInItsMidst: of a file of several slices the good ones are used, and an origin is asked for the rest only.
func TestSpoiltInItsMidst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		big := bytes.Repeat(partBytes, 3)
		ranges, tag := "", `"big"`
		src := newSource(func(w http.ResponseWriter, r *http.Request) {
			ranges += r.Header.Get("Range") + r.Header.Get("If-Range") + ";"
			w.Header().Set("ETag", tag)
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(big))
		})
		dir := t.TempDir()
		e, stop := shelved(t, src, dir, 0, 0)
		defer stop()
		get(e, segment(1))
		e.flights.Wait()
		e.cache.mu.Lock()
		o := e.cache.objects[segment(1)]
		e.cache.drop(o)
		e.cache.mu.Unlock()
		e.disk.store(o)
		path := filepath.Join(dir, "demo~v0~1~s1.m4s")
		b, _ := os.ReadFile(path)
		b[len(b)-100] ^= 1
		os.WriteFile(path, b, 0o600)
		if w := get(e, segment(1)); !bytes.Equal(w.Body.Bytes(), big) {
			t.Errorf("%d, %d bytes", w.Code, w.Body.Len())
		}
		if want := `;bytes=131072-"big";`; ranges != want {
			t.Errorf("asked for %s, want %s", ranges, want)
		}
	})
}

// TestDiskFails: an error of the disk turns the tier off, says so once, and costs nobody anything.
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
		if len(entries) != 1 || entries[0].Name() != "demo~v0~1~s3.m4s" {
			t.Errorf("on disk: %v", entries)
		}
	})
}

func FuzzDiskFile(f *testing.F) {
	o := newObject(target{kind: media, stream: "demo", path: segment(1)}, segment(1))
	o.body, o.typ, o.etag, o.control = partBytes[:100], "video/mp4", "x", immutable
	head := headOf(o)
	f.Add(appendHead(nil, head))
	f.Add(appendHead(nil, []byte("{}")))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := readHead(bytes.NewReader(b))
		if err == nil && (h.Size <= 0 || !bytes.HasPrefix(b, []byte(diskMagic))) {
			t.Fatalf("%+v", h)
		}
		if err := readSlice(bytes.NewReader(b), make([]byte, 10)); err == nil && len(b) < 14 {
			t.Fatal("a slice of less bytes than it has")
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

// TestFalseFiles: what was written before its record was known is checked when it is read: viewers get what is true.
func TestFalseFiles(t *testing.T) {
	n := newNotary()
	for _, c := range []struct {
		name   string
		uri    string
		hashes bool
		at     int  // of the byte that is false
		torn   bool // the file is cut there as well
		whole  bool // for who asks first; where bytes go out before they are proved the answer breaks off
	}{
		{"the first piece of a part", signedPart, true, 5, false, true},
		{"its last piece", signedPart, true, len(partBytes) - 1, false, true},
		{"its last piece, no hashes", signedPart, false, len(partBytes) - 1, false, false},
		{"the second part of a segment", signedSegment, false, len(partBytes) + 100, false, false},
		{"a torn segment", signedSegment, false, len(partBytes) + 100, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				e, stop := shelved(t, newSource(n.ServeHTTP), dir, 0, 0)
				defer stop()
				get(e, playlistPath)
				e.flights.Wait()
				target, _ := parseLive(c.uri)
				o := newObject(target, c.uri)
				o.body = bytes.Clone(n.chunks[c.uri])
				if !c.torn {
					o.body[c.at] ^= 1
				}
				o.typ, o.control, o.born, o.expires = "video/mp4", immutable, time.Now(), time.Now().Add(time.Hour)
				if c.hashes {
					o.pieces = n.hashes[c.uri]
				}
				e.disk.store(o)
				path := filepath.Join(dir, fileOf(target))
				if c.torn {
					b, _ := os.ReadFile(path)
					b[len(b)-len(o.body)+c.at] ^= 1
					os.WriteFile(path, b, 0o600)
				}
				got := &reader{}
				if whole := watch(e, c.uri, got); whole != c.whole && len(got.got) >= len(o.body) || c.whole && !bytes.Equal(got.got, n.chunks[c.uri]) {
					t.Errorf("%d bytes, whole %v", len(got.got), whole)
				}
				e.flights.Wait()
				if w := get(e, c.uri); !bytes.Equal(w.Body.Bytes(), n.chunks[c.uri]) {
					t.Errorf("the next: %d, %d bytes", w.Code, w.Body.Len())
				}
				e.flights.Wait()
				if _, err := os.Stat(path); err == nil {
					t.Error("the file is there still")
				}
			})
		})
	}
}

// TestFilesOfBefore: when an edge starts anew with less room, or later, what is of use stays: the newest, and what has not expired.
func TestFilesOfBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		e, stop := shelved(t, library(), dir, 0, 0)
		for i := range 8 {
			o := newObject(target{kind: media, stream: "demo", path: segment(i)}, segment(i))
			o.body, o.typ, o.control, o.born, o.expires = partBytes, "video/mp4", immutable, time.Now(), time.Now().Add(time.Hour)
			if i == 7 {
				o.expires = time.Now().Add(-time.Second)
			}
			e.disk.store(o)
			at := time.Now().Add(-time.Duration(i) * time.Minute) // the first is the newest
			os.Chtimes(filepath.Join(dir, fileOf(o.target)), at, at)
		}
		stop()
		src := library()
		e, stop = shelved(t, src, dir, 0, 0)
		if w := get(e, segment(7)); w.Code != http.StatusOK || src.total("") != 1 {
			t.Errorf("what has expired: %d, asked for %d times", w.Code, src.total(""))
		}
		e.flights.Wait()
		stop()
		e, stop = shelved(t, src, dir, 200<<10, 0)
		defer stop()
		files, _ := filepath.Glob(filepath.Join(dir, "demo~*"))
		for i, path := range files {
			files[i] = filepath.Base(path)
		}
		if want := []string{"demo~v0~1~s0.m4s", "demo~v0~1~s1.m4s"}; !slices.Equal(files, want) && !slices.Equal(files, append(want, "demo~v0~1~s2.m4s")) {
			t.Errorf("with room for three at most: %v", files)
		}
		e.disk.fail(errors.New("no more"))
		before := src.total("")
		if get(e, segment(0)); src.total("") != before+1 || testutil.ToFloat64(e.tally.diskReads) != 0 {
			t.Error("a tier that is off was read")
		}
	})
}
