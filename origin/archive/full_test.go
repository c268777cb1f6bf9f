//go:build linux

package archive

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"golang.org/x/sys/unix"

	"github.com/shoal-live/shoal/origin/hls"
)

// smallDisk mounts a file system of 50 MB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=50m"); err != nil {
		t.Fatalf("the disk that this test fills cannot be mounted: %v. Run it as root, as scripts/test does in continuous integration.", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return dir
}

// ballast takes all room of a disk but some.
func ballast(t *testing.T, dir string, left int64) (name string) {
	t.Helper()
	free, err := freeBytes(dir)
	if err != nil {
		t.Fatal(err)
	}
	name = filepath.Join(dir, "ballast")
	if err := os.WriteFile(name, make([]byte, free-left), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// A full disk stops the recording, with one line in the log and a metric, and never the live. When there is room it goes on: without a hole where what
// was missed is still in memory, else with a gap. What is on disk plays all the time.
//
// Clause: disk-full
func TestDiskFull(t *testing.T) {
	for _, c := range []struct {
		name    string
		reserve int64
		away    int // frames while the disk is full
		files   int
	}{
		{"reserve", 4 << 20, 120, 1},
		{"to the last byte", 1, 120, 1},
		{"longer than memory", 4 << 20, 1200, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := smallDisk(t)
			var log bytes.Buffer
			a := newArchive(t, Config{Dir: filepath.Join(dir, "recordings"), Keep: true, Reserve: c.reserve, Log: slog.New(slog.NewTextHandler(&log, nil))})
			b := newBroadcast(12)
			b.pad, b.bytes = 5_000, nil
			heavy := ballast(t, dir, c.reserve+1<<20)
			synctest.Test(t, func(t *testing.T) {
				stop := record(a, b.source())
				for a.Stopped() == nil && b.frame < 1000 {
					b.play(10)
					synctest.Wait()
					time.Sleep(time.Second / 3) // of the bubble's time: looks at the disk hold for a moment
				}
				full := b.frame
				if err := a.Stopped(); err == nil || c.reserve > 1 && !errors.Is(err, ErrFull) || testutil.ToFloat64(a.metrics.stopped) != 1 {
					t.Fatalf("after %d frames: %v", full, err)
				}
				for range c.away / 60 {
					b.play(60)
					time.Sleep(2 * time.Second)
				}
				if v, _ := b.window.View(); v.Newest().MSN != 12+uint64(b.frame/60) && v.Newest().MSN+1 != 12+uint64(b.frame/60) {
					t.Errorf("the live is at %d after %d frames", v.Newest().MSN, b.frame)
				}
				checkPlays(t, a, time.Duration(full)*time.Second/30)
				if err := os.Remove(heavy); err != nil {
					t.Fatal(err)
				}
				for range 6 {
					time.Sleep(2 * time.Second)
					b.play(60)
					synctest.Wait()
				}
				if err := a.Stopped(); err != nil || testutil.ToFloat64(a.metrics.stopped) != 0 {
					t.Errorf("there is room, and still: %v", err)
				}
				b.leave(0)
				stop()
			})
			lost := testutil.ToFloat64(a.metrics.lost.WithLabelValues("show"))
			if (lost > 0) != (c.files > 1) {
				t.Errorf("%v segments lost", lost)
			}
			if n := len(files(t, a.config.Dir)); n != c.files {
				t.Errorf("%d files", n)
			}
			list := a.Recordings("show")
			if len(list) != 1 || !near(time.Duration(list[0].Seconds*float64(time.Second)), b.sent) {
				t.Errorf("recordings: %+v of %v", list, b.sent)
			}
			text := get(a, fmt.Sprintf("/live/show/recordings/%s/v0/index.m3u8", list[0].ID)).Body.String()
			if gaps := strings.Count(text, "#EXT-X-GAP"); float64(gaps) != lost {
				t.Errorf("%d gaps, %v lost", gaps, lost)
			}
			if stops := testutil.ToFloat64(a.metrics.stops.WithLabelValues(reasonFull)); stops != 1 {
				t.Errorf("%v stops counted", stops)
			}
			if n := strings.Count(log.String(), "\n"); n != 2 || !strings.Contains(log.String(), "recording has stopped") || !strings.Contains(log.String(), "recording goes on") {
				t.Errorf("the log: %s", log.String())
			}
			t.Logf("%d frames, %v segments lost", b.frame, lost)
		})
	}
}

// A broadcast that ends while the disk is full is whole if there is room a moment later.
//
// Clause: disk-full
func TestEndOnFullDisk(t *testing.T) {
	dir := smallDisk(t)
	a := newArchive(t, Config{Dir: filepath.Join(dir, "recordings"), Keep: true, Reserve: 4 << 20, Log: slog.New(slog.DiscardHandler)})
	b := newBroadcast(12)
	b.pad, b.bytes = 5_000, nil
	heavy := ballast(t, dir, 5<<20)
	synctest.Test(t, func(t *testing.T) {
		stop := record(a, b.source())
		for a.Stopped() == nil && b.frame < 1000 {
			b.play(10)
			synctest.Wait()
			time.Sleep(time.Second / 3)
		}
		b.play(120)
		b.leave(0)
		time.AfterFunc(2*time.Second, func() { _ = os.Remove(heavy) })
		stop()
	})
	list := a.Recordings("show")
	if len(list) != 1 || !near(time.Duration(list[0].Playable*float64(time.Second)), b.sent) {
		t.Errorf("recordings: %+v of %v", list, b.sent)
	}
}

// checkPlays looks at the newest file, which is not closed.
func checkPlays(t *testing.T, a *Archive, sent time.Duration) {
	t.Helper()
	all := files(t, a.config.Dir)
	if len(all) != 1 {
		t.Fatalf("files: %q", all)
	}
	if d, noise := duration(t, all[0]); d < sent-2*time.Second || d > sent+time.Second || noise != "" {
		t.Errorf("lasts %v, %v were sent before the disk was full; %s", d, sent, noise)
	}
}

// An index that has room for no line but the closing one is not closed: its last segment is found by its parts.
func TestCloseOnFullDisk(t *testing.T) {
	dir := smallDisk(t)
	b := newBroadcast(20)
	b.play(30)
	v, _ := b.window.View()
	first := v.Open.Parts[0]
	base, err := basesOf(b.init.Bytes, first.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	f, err := create(dir, Head{Epoch: epoch, Init: 3, Size: int64(len(b.init.Bytes)), First: 12, Date: b.began, Bases: base}, b.init.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	const page, line = 4096, 80 // which the disk gives room by, and what a line has at least
	for last := false; !last; {
		left := page - f.indexed%page
		last = left >= int64(len(closing)) && left < line
		f.begin(&hls.Segment{MSN: f.next, Date: b.began})
		if err := f.write(&first); err != nil {
			t.Fatal(err)
		}
		if last {
			ballast(t, dir, 0)
		} else if _, err := f.finish(); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.close(); !full(err) {
		t.Fatalf("closed: %v", err)
	}
	x, err := load(f.path)
	if want := int(f.next-12) + 1; err != nil || len(x.Segments) != want {
		t.Errorf("%d segments of %d, %v", len(x.Segments), want, err)
	}
}
