package archive

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/shoal-live/shoal/origin/hls"
)

// What is older than the window goes from disk, file by file, and from the playlist before; the rest can still be fetched.
//
// Clause: dvr
func TestOldFilesGo(t *testing.T) {
	a := newArchive(t, Config{DVR: 30 * time.Second, FileDuration: 10 * time.Second})
	b := newBroadcast(80)
	b.window = newWindow(80)
	synctest.Test(t, func(t *testing.T) {
		stop := record(a, b.source())
		for range 75 { // 150 s
			b.play(60)
			synctest.Wait()
		}
		before := len(files(t, a.config.Dir))
		a.clean(b.began.Add(150 * time.Second)) // 30 s of window, one minute more: what ended before second 60
		if n := len(files(t, a.config.Dir)); before != 15 || n != 10 {
			t.Errorf("%d files, %d after the oldest went", before, n)
		}
		if n := testutil.ToFloat64(a.metrics.deleted); n != 5 {
			t.Errorf("%v counted", n)
		}
		v, _ := b.window.View()
		if first := v.Segments[0]; first.MSN != 12+25 || first.Gap {
			t.Errorf("the window begins with %d, gap %v", first.MSN, first.Gap)
		}
		for msn := uint64(12); msn < 12+74; msn++ {
			m, _ := b.window.Find(hls.Name{Kind: hls.KindSegment, Number: msn})
			if stays := msn >= 12+25; m.There() != stays {
				t.Errorf("segment %d is there: %v", msn, m.There())
			}
			path := fmt.Sprintf("/live/show/v0/%d/s%d.m4s", epoch, msn)
			if w := get(a, path); (w.Code == http.StatusOK) != (msn >= 12+25) {
				t.Errorf("%s: %d", path, w.Code)
			}
		}
		stop()
	})
}

// A file of before the stream was numbered anew goes, and segments of now that have lower numbers stay.
func TestOldEpochGoes(t *testing.T) {
	a := newArchive(t, Config{DVR: 30 * time.Second})
	before, b := newBroadcast(80), newBroadcast(80)
	before.segment.MSN = 5000
	before.window = hls.NewWindow(hls.Config{Epoch: epoch - 1, Target: 2 * time.Second, PartTarget: part, Listed: 80, InMemory: 10, PartsFor: 3}, 5000, nil)
	b.window = newWindow(80)
	b.began = before.began.Add(10 * time.Minute)
	synctest.Test(t, func(t *testing.T) {
		old := before.source()
		old.Epoch = epoch - 1
		stop := record(a, old)
		before.play(120)
		before.leave(0)
		stop()
		stop = record(a, b.source())
		b.play(600)
		synctest.Wait()
		if n := len(files(t, a.config.Dir)); n != 2 {
			t.Fatalf("%d files", n)
		}
		a.clean(b.began)
		if n := len(files(t, a.config.Dir)); n != 1 {
			t.Errorf("%d files after the old one went", n)
		}
		v, _ := b.window.View()
		for _, s := range v.Segments {
			if s.Gap || s.Place.At == nil {
				t.Errorf("segment %d is not on disk any more", s.MSN)
			}
		}
		b.leave(0)
		stop()
	})
}

// all is what Waiting is asked where nothing is to be skipped.
func all(string) bool { return false }

// A recording is kept for its time, and where it is to be stored elsewhere not deleted before it is.
func TestKept(t *testing.T) {
	a := newArchive(t, Config{Keep: true, KeepFor: time.Hour, Upload: true})
	b := newBroadcast(20)
	synctest.Test(t, func(t *testing.T) {
		stop := record(a, b.source())
		b.play(120)
		b.leave(0)
		stop()
		waiting, n, bytes := a.Waiting(10, all)
		if n != 1 || len(waiting) != 1 || bytes != waiting[0].Size || waiting[0].Key != "show/20260501T200000Z/v0/s12.mp4" {
			t.Fatalf("waiting: %+v, %d, %d", waiting, n, bytes)
		}
		late := b.began.Add(2 * time.Hour)
		a.clean(late)
		if len(files(t, a.config.Dir)) != 1 {
			t.Fatal("deleted before it was uploaded")
		}
		if err := a.Uploaded(waiting[0], []byte("{}\n")); err != nil {
			t.Fatal(err)
		}
		if _, n, _ := a.Waiting(10, all); n != 0 {
			t.Error("it waits still")
		}
		time.Sleep(2 * time.Minute) // after which nobody comes back
		if a.clean(late); len(files(t, a.config.Dir)) != 1 {
			t.Fatal("deleted before its playlists, which are made from it, were uploaded")
		}
		unlisted := a.Unlisted(10, all)
		if len(unlisted) != 1 || unlisted[0].Key() != "show/20260501T200000Z/index.m3u8" {
			t.Fatalf("to be listed: %+v", unlisted)
		}
		if err := a.Listed(unlisted[0], []byte("{}\n")); err != nil {
			t.Fatal(err)
		}
		if !a.Recordings("show")[0].Stored {
			t.Error("it is not said to be stored")
		}
		a.clean(b.began.Add(time.Minute))
		if len(files(t, a.config.Dir)) != 1 {
			t.Error("deleted too early")
		}
		a.clean(late)
		if left := files(t, a.config.Dir); len(left) != 0 || len(a.Recordings("show")) != 0 {
			t.Errorf("left: %q", left)
		}
		if left, err := filepath.Glob(filepath.Join(a.config.Dir, "show", "*")); err != nil || len(left) > 0 {
			t.Errorf("left: %q", left)
		}
	})
}

// How much room there is is known before anybody records, else an alarm on it would go off.
//
// Clause: disk-full
func TestFreeIsKnown(t *testing.T) {
	a := newArchive(t, Config{Keep: true})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a.Run(ctx)
	if testutil.ToFloat64(a.metrics.free) <= 0 {
		t.Error("no room is measured")
	}
}

func TestConfig(t *testing.T) {
	for name, c := range map[string]Config{
		"no folder":          {Keep: true},
		"nothing wanted":     {Dir: "x"},
		"a negative time":    {Dir: "x", DVR: -1},
		"kept for too short": {Dir: "x", Keep: true, KeepFor: time.Hour, DVR: 2 * time.Hour},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
