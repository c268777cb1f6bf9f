package edge

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

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
	for tag, condition := range map[string]string{`"big"`: `"big"`, "": ""} { // of the edge's own tag an origin knows nothing
		synctest.Test(t, func(t *testing.T) {
			big := bytes.Repeat(partBytes, 3)
			ranges := ""
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
			if want := ";bytes=131072-" + condition + ";"; ranges != want {
				t.Errorf("asked for %s, want %s", ranges, want)
			}
		})
	}
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
