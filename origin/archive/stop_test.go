package archive

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// A folder that takes nothing, and is not full, is not said to be full; recording goes on when it takes something again.
//
// Clause: recording
func TestFolderThatTakesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "recordings")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	a := newArchive(t, Config{Dir: dir, Keep: true, Log: slog.New(slog.NewTextHandler(&log, nil))})
	b := newBroadcast(20)
	synctest.Test(t, func(t *testing.T) {
		stop := record(a, b.source())
		b.play(70)
		synctest.Wait()
		if a.Stopped() == nil || testutil.ToFloat64(a.metrics.stops.WithLabelValues(reasonError)) != 1 {
			t.Errorf("stopped: %v", a.Stopped())
		}
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * tryAgain)
		b.play(60)
		synctest.Wait()
		if err := a.Stopped(); err != nil {
			t.Error(err)
		}
		b.leave(0)
		stop()
	})
	if n := len(files(t, dir)); n != 1 || testutil.ToFloat64(a.metrics.lost.WithLabelValues("show")) != 0 {
		t.Errorf("%d files", n)
	}
	if text := log.String(); strings.Contains(text, "delete something") || strings.Count(text, "\n") != 2 {
		t.Errorf("the log: %s", text)
	}
}

// A broadcaster that comes and goes while nothing can be written has the log say so once, and never that recording goes on.
func TestStoppedForSeveral(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "recordings")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	a := newArchive(t, Config{Dir: dir, Keep: true, Log: slog.New(slog.NewTextHandler(&log, nil))})
	synctest.Test(t, func(t *testing.T) {
		for range 3 {
			b := newBroadcast(12)
			stop := record(a, b.source())
			b.play(70)
			synctest.Wait()
			if a.Stopped() == nil {
				t.Error("it is said to be written")
			}
			b.leave(0)
			stop()
			if a.Stopped() != nil || testutil.ToFloat64(a.metrics.stopped) != 0 {
				t.Errorf("who has gone is still without a recording: %v", a.Stopped())
			}
		}
	})
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "recording has stopped") {
		t.Errorf("the log: %s", text)
	}
}

// When all who could not write have gone, who can write has the log say that recording goes on, and so the next stop is said too.
func TestGoesOnForAnother(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "recordings")
	var log bytes.Buffer
	a := newArchive(t, Config{Dir: dir, Keep: true, Log: slog.New(slog.NewTextHandler(&log, nil))})
	synctest.Test(t, func(t *testing.T) {
		for i, works := range []bool{false, true, false} {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			if !works {
				if err := os.WriteFile(dir, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			b := newBroadcast(12)
			source := b.source()
			source.Stream = "show" + strconv.Itoa(i)
			stop := record(a, source)
			b.play(70)
			synctest.Wait()
			if works != (a.Stopped() == nil) {
				t.Error(i, a.Stopped())
			}
			b.leave(0)
			stop()
		}
	})
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "has stopped") || !strings.Contains(lines[1], "goes on") || !strings.Contains(lines[2], "has stopped") {
		t.Errorf("the log: %s", log.String())
	}
}

// A process that ends waits for no disk: what it does not take at once is lost, and counted.
//
// Clause: disk-full
func TestEndWaitsForNoDisk(t *testing.T) {
	for _, ends := range []bool{true, false} {
		dir := filepath.Join(t.TempDir(), "recordings")
		if err := os.WriteFile(dir, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		a := newArchive(t, Config{Dir: dir, Keep: true, Log: slog.New(slog.DiscardHandler)})
		synctest.Test(t, func(t *testing.T) {
			b := newBroadcast(12)
			stop := record(a, b.source())
			b.play(130)
			synctest.Wait()
			if a.StoppedOf("show") == nil || a.StoppedOf("other") != nil {
				t.Error("of who has stopped:", a.StoppedOf("show"), a.StoppedOf("other"))
			}
			began := time.Now()
			if ends {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				a.Run(ctx)
			}
			b.leave(0)
			stop()
			want := drain
			if ends {
				want = 0
			}
			if took := time.Since(began); took != want {
				t.Errorf("the process ends %v: it took %v", ends, took)
			}
		})
		if n := testutil.ToFloat64(a.metrics.lost.WithLabelValues("show")); ends != (n == 3) { // of two seconds each, the last one begun
			t.Errorf("the process ends %v: %v segments are counted as lost", ends, n)
		}
	}
}

// What a system says of a disk without room is that the disk is full, to whoever asks too.
func TestNoSpaceIsFull(t *testing.T) {
	for _, c := range []struct {
		err  error
		full bool
	}{{&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, true}, {syscall.EDQUOT, true}, {syscall.EIO, false}} {
		a := newArchive(t, Config{Keep: true, Log: slog.New(slog.DiscardHandler)})
		a.stop(&recorder{archive: a, source: Source{Stream: "show"}}, c.err)
		if err := a.Stopped(); errors.Is(err, ErrFull) != c.full || !errors.Is(err, c.err) {
			t.Errorf("%v is %v", c.err, err)
		}
	}
}
