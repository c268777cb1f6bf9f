package edge

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// TestFullDiskIsTriedAgain: what is on a full disk is read, one object is tried after each pause, and when there is room all is as before.
func TestFullDiskIsTriedAgain(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no disk that is always full")
	}
	synctest.Test(t, func(t *testing.T) {
		dir, src := t.TempDir(), library()
		e, stop := shelved(t, src, dir, 0, 20)
		defer stop()
		said := &bytes.Buffer{}
		e.disk.log = slog.New(slog.NewTextHandler(said, nil))
		const from, to = 20, 900
		for i := from; i < to; i++ { // each can fail once
			os.Symlink("/dev/full", filepath.Join(dir, fileOf(target{path: segment(i)})+newSuffix))
		}
		failed := func() int {
			left, _ := filepath.Glob(filepath.Join(dir, "*"+newSuffix))
			return to - from - len(left)
		}
		next := from
		more := func() { // eleven evict something that is not on disk
			for range 11 {
				fetch(t, e, next)
				next++
			}
		}
		for range 2 { // what is in memory of before goes to disk first
			more()
		}
		began, tries := time.Now(), []time.Duration{0}
		if n := failed(); n != 1 || testutil.ToFloat64(e.tally.diskOff) != 1 {
			t.Fatalf("%d failed, off is %v\n%s", n, testutil.ToFloat64(e.tally.diskOff), said)
		}
		e.cache.mu.Lock()
		gone := next - e.cache.seats.Len() // from memory, once each
		e.cache.mu.Unlock()
		if n := testutil.ToFloat64(e.tally.diskDropped.WithLabelValues("rest")) + testutil.ToFloat64(e.tally.diskWrites); int(n) != gone {
			t.Errorf("%v are written or counted as dropped, of %d", n, gone)
		}
		before, reads := src.total(""), testutil.ToFloat64(e.tally.diskReads)
		for i := range 10 {
			fetch(t, e, i)
		}
		if asked, read := src.total("")-before, testutil.ToFloat64(e.tally.diskReads)-reads; asked != 0 || read != 10 {
			t.Errorf("of ten that are on the full disk %d were asked for, and %v read", asked, read)
		}
		for time.Since(began) < 16*time.Minute {
			time.Sleep(15 * time.Second)
			n := failed()
			if more(); failed() > n {
				tries = append(tries, time.Since(began))
			}
			if failed() > n+1 {
				t.Fatalf("%d tries at once", failed()-n)
			}
		}
		want := []time.Duration{0, 30 * time.Second, 90 * time.Second, 210 * time.Second, 450 * time.Second, 930 * time.Second}
		if fmt.Sprint(tries) != fmt.Sprint(want) {
			t.Errorf("tried after %v, want %v", tries, want)
		}
		left, _ := filepath.Glob(filepath.Join(dir, "*"+newSuffix))
		for _, name := range left {
			os.Remove(name)
		}
		time.Sleep(mostRest)
		writes := testutil.ToFloat64(e.tally.diskWrites)
		next = to
		more()
		if testutil.ToFloat64(e.tally.diskOff) != 0 || testutil.ToFloat64(e.tally.diskWrites) < writes+3 || !strings.Contains(said.String(), "in use again") {
			t.Errorf("there is room: off is %v, %v written\n%s", testutil.ToFloat64(e.tally.diskOff), testutil.ToFloat64(e.tally.diskWrites)-writes, said)
		}
		if n := strings.Count(said.String(), "level=ERROR"); n != 1 {
			t.Errorf("said %d times:\n%s", n, said)
		}
	})
}

// TestBrokenDiskIsTriedAgain: a folder that is gone is not made anew, nor is another in its place taken; once it is back what it holds is read again.
func TestBrokenDiskIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, src := filepath.Join(t.TempDir(), "disk"), library()
		e, stop := shelved(t, src, dir, 0, 20)
		defer stop()
		said := &bytes.Buffer{}
		e.disk.log = slog.New(slog.NewTextHandler(said, nil))
		os.Rename(dir, dir+"2")
		next := 100
		more := func(pause time.Duration) (off float64) {
			time.Sleep(pause)
			for range 12 {
				fetch(t, e, next)
				next++
			}
			return testutil.ToFloat64(e.tally.diskOff)
		}
		if off := more(0); off != 1 {
			t.Fatalf("off is %v", off)
		}
		if off := more(brokenRest); off != 1 || strings.Count(said.String(), "level=WARN") != 1 {
			t.Errorf("off is %v\n%s", off, said)
		}
		os.Mkdir(dir, 0o700)
		if off := more(2 * brokenRest); off != 1 || !strings.Contains(said.String(), errFolder.Error()) {
			t.Errorf("in another folder: off is %v\n%s", off, said)
		}
		if entries, _ := os.ReadDir(dir); len(entries) > 0 {
			t.Errorf("%d files in another folder", len(entries))
		}
		os.Remove(dir)
		os.Rename(dir+"2", dir)
		os.Remove(filepath.Join(dir, fileOf(target{path: segment(3)})))
		if off := more(2*brokenRest - time.Minute); off != 1 {
			t.Errorf("too soon: off is %v", off)
		}
		if off := more(mostRest); off != 0 {
			t.Errorf("it is back: off is %v\n%s", off, said)
		}
		before := src.total("")
		for i := range 10 {
			fetch(t, e, i)
		}
		if n := src.total("") - before; n != 1 {
			t.Errorf("%d of ten are asked for, of which nine are on disk", n)
		}
	})
}

// TestTriedWithWhatIsThere: where all that memory has no room for is on disk already, one of these is written anew, and that ends the rest.
func TestTriedWithWhatIsThere(t *testing.T) {
	for _, err := range []error{errors.New("input/output error"), fullErrors[0]} {
		synctest.Test(t, func(t *testing.T) {
			dir, src := t.TempDir(), library()
			e, stop := shelved(t, src, dir, 0, 20)
			defer stop()
			for i := range 20 { // all of them get to disk
				fetch(t, e, i)
			}
			before, files := testutil.ToFloat64(e.tally.diskBytes), len(e.disk.files)
			e.disk.fail(err)
			time.Sleep(brokenRest)
			for i := range 12 {
				fetch(t, e, i)
			}
			if off := testutil.ToFloat64(e.tally.diskOff); off != 0 {
				t.Fatalf("%v: off is %v", err, off)
			}
			if now := testutil.ToFloat64(e.tally.diskBytes); now != before || len(e.disk.files) != files || e.disk.seats.Len() != files {
				t.Errorf("%v: %v bytes of %d files in %d seats, %v of %d before", err, now, len(e.disk.files), e.disk.seats.Len(), before, files)
			}
			asked := src.total("")
			for i := range 20 {
				fetch(t, e, i)
			}
			if n := src.total("") - asked; n != 0 {
				t.Errorf("%v: %d that are on disk are asked for", err, n)
			}
		})
	}
}

// TestReadyWhileTheDiskRests: the edge is ready, as memory serves, and says that its disk rests: to anybody that it does, to the operator where and why.
//
// Clause: readyz
func TestReadyWhileTheDiskRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		e, stop := shelved(t, library(), dir, 0, 20)
		defer stop()
		says := func(want string) {
			t.Helper()
			if w := get(e, "/readyz"); w.Code != http.StatusOK || w.Body.String() != want || e.Ready() != nil {
				t.Errorf("%d %q, %v", w.Code, w.Body, e.Ready())
			}
		}
		if says("ready\n"); e.Rests() != nil {
			t.Error(e.Rests())
		}
		for _, err := range []error{&os.PathError{Op: "write", Path: "x", Err: fullErrors[0]}, errors.New("input/output error")} {
			e.disk.fail(err)
			says("ready\nthe disk tier rests after an error, and is tried again by itself\n")
			again := time.Now().Add(e.disk.rest.last).UTC().Format(time.RFC3339)
			if why := e.Rests(); !errors.Is(why, err) || !strings.Contains(why.Error(), dir) || !strings.Contains(why.Error(), again) {
				t.Errorf("%v, want %s, %s and %v", why, dir, again, err)
			}
			time.Sleep(brokenRest)
			for i := range 12 {
				fetch(t, e, i)
			}
			if says("ready\n"); e.Rests() != nil {
				t.Error(e.Rests())
			}
		}
		if e := newEdge(t, Config{}); e.Rests() != nil {
			t.Error("what is not there rests")
		}
	})
}

// TestWhatCouldNotBeRemoved: a file that had to go and could not be removed has the tier rest, and counts again once it is tried.
func TestWhatCouldNotBeRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 600 << 10
		dir, next := t.TempDir(), 14
		e, stop := shelved(t, library(), dir, limit, next)
		defer stop()
		said := &bytes.Buffer{}
		e.disk.log = slog.New(slog.NewTextHandler(said, nil))
		oldest := filepath.Join(dir, e.disk.seats.Back().Value.(*stored).name)
		os.Rename(oldest, oldest+".away")
		os.MkdirAll(filepath.Join(oldest, "full"), 0o700) // which nobody can remove
		more := func() {
			for range 12 {
				fetch(t, e, next)
				next++
			}
		}
		if more(); testutil.ToFloat64(e.tally.diskOff) != 1 {
			t.Fatalf("the tier does not rest\n%s", said)
		}
		os.RemoveAll(oldest)
		os.Rename(oldest+".away", oldest)
		time.Sleep(brokenRest)
		fetch(t, e, next) // the first that is tried
		if off := testutil.ToFloat64(e.tally.diskOff); off != 0 {
			t.Errorf("off is %v\n%s", off, said)
		}
		next++
		more()
		used := int64(0)
		entries, _ := os.ReadDir(dir)
		for _, entry := range entries {
			info, _ := entry.Info()
			used += info.Size()
		}
		if _, err := os.Stat(oldest); used > limit || e.disk.bytes != used || err == nil {
			t.Errorf("%d bytes on disk of %d, %d are counted; the file that had to go: %v", used, limit, e.disk.bytes, err)
		}
	})
}

// TestOutOfRoom: what this system says of a disk without room is known for that, and nothing else.
func TestOutOfRoom(t *testing.T) {
	for _, err := range append(fullErrors, errFolder) {
		if got := outOfRoom(&os.PathError{Op: "write", Path: "x", Err: err}); got != (err != errFolder) {
			t.Errorf("%v: out of room is %v", err, got)
		}
	}
}

// TestRest: how long after which error.
func TestRest(t *testing.T) {
	full, broken := &os.PathError{Op: "write", Path: "x", Err: fullErrors[0]}, errors.New("input/output error")
	type step struct {
		after time.Duration // the end of the rest before, or the last error
		err   error         // nil: it is well
		last  time.Duration
		reads bool
	}
	for name, steps := range map[string][]step{
		"full":                   {{0, full, 30 * time.Second, true}, {0, full, time.Minute, true}, {0, full, 2 * time.Minute, true}, {0, full, 4 * time.Minute, true}, {0, full, 8 * time.Minute, true}, {0, full, 10 * time.Minute, true}},
		"broken":                 {{0, broken, 2 * time.Minute, false}, {0, broken, 4 * time.Minute, false}, {0, broken, 8 * time.Minute, false}, {0, broken, 10 * time.Minute, false}},
		"full and then broken":   {{0, full, 30 * time.Second, true}, {0, broken, 2 * time.Minute, false}},
		"broken meanwhile":       {{0, full, 30 * time.Second, true}, {-time.Second, broken, 30 * time.Second, false}, {time.Second, nil, 30 * time.Second, true}},
		"now and then":           {{0, full, 30 * time.Second, true}, {0, nil, 30 * time.Second, true}, {9 * time.Minute, full, time.Minute, true}},
		"well for a long time":   {{0, full, 30 * time.Second, true}, {0, nil, 30 * time.Second, true}, {10 * time.Minute, full, 30 * time.Second, true}},
		"nothing while it rests": {{0, full, 30 * time.Second, true}, {-20 * time.Second, full, 30 * time.Second, true}},
	} {
		r, now := rest{}, time.Unix(1e9, 0)
		for i, s := range steps {
			if r.on() {
				now = r.until
			}
			if now = now.Add(s.after); s.err != nil {
				r.begin(s.err, now)
			} else {
				r.end(now)
			}
			if r.last != s.last || r.reads() != s.reads {
				t.Errorf("%s, step %d: %v, read %v, want %v, %v", name, i, r.last, r.reads(), s.last, s.reads)
			}
		}
	}
}
