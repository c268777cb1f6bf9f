package archive

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// laid returns a folder with a stream's finished recording of one file, s12, whose path, without suffix, it returns too.
func laid(t *testing.T, dir string) (path string) {
	t.Helper()
	a := newArchive(t, Config{Dir: dir, Keep: true})
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(20)
		stop := record(a, b.source())
		b.play(150)
		synctest.Wait()
		b.leave(0)
		stop()
	})
	return strings.TrimSuffix(files(t, dir)[0], mediaSuffix)
}

// What a process leaves behind that is killed while it makes or deletes a file is gone after the next start, silently, and nothing else is.
//
// Clause: recording, restart
func TestLeftovers(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(path string) error
		left []string // in the recording's folder
	}{
		"nothing":                 {func(string) error { return nil }, []string{"v0/s12.index", "v0/s12.mp4"}},
		"an index without a line": {func(p string) error { return os.WriteFile(p[:len(p)-2]+"99.index", nil, 0o600) }, []string{"v0/s12.index", "v0/s12.mp4"}},
		"an index of nothing":     {func(p string) error { return os.WriteFile(p[:len(p)-2]+"99.index", []byte("{}\n"), 0o600) }, []string{"v0/s12.index", "v0/s12.mp4"}},
		"deleted to its name":     {func(p string) error { return os.Rename(p+indexSuffix, p+goneSuffix) }, nil},
		"deleted to its media":    {func(p string) error { return halfErase(p, mediaSuffix) }, nil},
		"deleted to its marks":    {func(p string) error { return halfErase(p, mediaSuffix, mediaSuffix+UploadedSuffix) }, nil},
		"deleted to its folder":   {func(p string) error { return os.RemoveAll(filepath.Dir(p)) }, nil},
		"deleted but its folder":  {func(p string) error { return instead(p, "") }, nil},
		"nothing but an index":    {func(p string) error { return instead(p, p+indexSuffix) }, nil},
		"two empty folders": {func(p string) error {
			return errors.Join(os.Mkdir(filepath.Join(p, "../../v1"), 0o700), instead(p, ""))
		}, nil},
		"a stranger's file alone":   {func(p string) error { return instead(p, filepath.Join(p, "../../vlog.txt")) }, []string{"vlog.txt"}},
		"media that somebody moved": {func(p string) error { return os.Remove(p + mediaSuffix) }, []string{"playlists.uploaded", "v0/s12.index", "v0/s12.mp4.uploaded"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := laid(t, dir)
			recording := filepath.Dir(filepath.Dir(path))
			if c.left == nil || strings.Contains(name, "moved") {
				for _, mark := range []string{path + mediaSuffix + UploadedSuffix, filepath.Join(recording, listedMark)} {
					if err := os.WriteFile(mark, nil, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := c.do(path); err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			a := newArchive(t, Config{Dir: dir, Keep: true, Log: slog.New(slog.NewTextHandler(&log, nil))})
			a.Recordings("show")
			var left []string
			_ = filepath.WalkDir(recording, func(at string, d os.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					left = append(left, strings.TrimPrefix(at, recording+"/"))
				}
				return nil
			})
			if !slices.Equal(left, c.left) {
				t.Errorf("left: %q", left)
			}
			if _, err := os.Stat(recording); os.IsNotExist(err) != (c.left == nil) {
				t.Errorf("the folder: %v", err)
			}
			if said := strings.Contains(log.String(), "cannot be read"); said != strings.Contains(name, "moved") {
				t.Errorf("the log: %s", log.String())
			}
		})
	}
}

// instead leaves the folder of a file empty, and makes another file, if that has a name.
func instead(path, other string) error {
	err := errors.Join(os.RemoveAll(filepath.Dir(path)), os.Mkdir(filepath.Dir(path), 0o700))
	if err == nil && other != "" {
		err = os.WriteFile(other, []byte("{}\n"), 0o600)
	}
	return err
}

// halfErase deletes a file as far as these.
func halfErase(path string, suffixes ...string) error {
	err := os.Rename(path+indexSuffix, path+goneSuffix)
	for _, s := range suffixes {
		if err == nil {
			err = os.Remove(path + s)
		}
	}
	return err
}

// A recording that a crash left open is finished when its broadcaster has been away for the time of grace, however short ago the origin has started.
//
// Clause: recording, restart
func TestGraceAfterCrash(t *testing.T) {
	dir := t.TempDir()
	path := laid(t, dir)
	lines, err := os.ReadFile(path + indexSuffix)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+indexSuffix, bytes.TrimSuffix(lines, []byte(closing)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		ago   time.Duration
		state string
	}{{time.Hour, "finished"}, {time.Second, "recording"}} {
		when := time.Now().Add(-c.ago)
		if err := os.Chtimes(path+mediaSuffix, when, when); err != nil {
			t.Fatal(err)
		}
		if list := newArchive(t, Config{Dir: dir, Keep: true}).Recordings("show"); len(list) != 1 || list[0].State != c.state {
			t.Errorf("%v after the crash: %+v", c.ago, list)
		}
	}
}

// Recordings are found whatever the name of their folder is.
func TestFolderLikeAPattern(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data [1] *")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	whole := filepath.Join(t.TempDir(), "whole")
	laid(t, whole)
	if err := os.Rename(filepath.Join(whole, "show"), filepath.Join(dir, "show")); err != nil {
		t.Fatal(err)
	}
	if list := newArchive(t, Config{Dir: dir, Keep: true}).Recordings("show"); len(list) != 1 {
		t.Errorf("recordings: %+v", list)
	}
}
