package archive

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A recording's indexes are read for the first who asks for its playlists, however many files it has; and again when a file is gone.
//
// Clause: recording
func TestTextsAreKept(t *testing.T) {
	const files, segments = 30, 2
	dir := t.TempDir()
	path := spread(t, dir, 2, files, segments)
	a := newArchive(t, Config{Dir: dir, Keep: true, KeepFor: time.Hour})
	first := get(a, path)
	if n := strings.Count(first.Body.String(), "#EXTINF"); first.Code != http.StatusOK || n != files*segments {
		t.Fatalf("%d, %d segments", first.Code, n)
	}
	indexes, err := filepath.Glob(filepath.Join(dir, "show", "*", "v*", "*"+indexSuffix))
	if err != nil || len(indexes) != 2*files {
		t.Fatalf("%q, %v", indexes, err)
	}
	was := map[string][]byte{}
	for _, name := range indexes { // whoever reads them now finds nothing
		if was[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("nothing\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if again := get(a, path); again.Code != http.StatusOK || !bytes.Equal(again.Body.Bytes(), first.Body.Bytes()) {
		t.Errorf("asked again: %d", again.Code)
	}
	for range 2 {
		w := getPacked(a, path)
		unpacked, err := gzip.NewReader(w.Body)
		if err != nil || w.Header().Get("Content-Encoding") != "gzip" || w.Header().Get("Cache-Control") != cachePast {
			t.Fatalf("packed: %v, %v", w.Header(), err)
		}
		if b, err := io.ReadAll(unpacked); err != nil || !bytes.Equal(b, first.Body.Bytes()) {
			t.Errorf("packed it is another: %v", err)
		}
	}
	for _, other := range []string{"", "v1/"} {
		if w := get(a, strings.Replace(path, "v0/", other, 1)); w.Code != http.StatusOK {
			t.Errorf("%q: %d", other, w.Code)
		}
	}
	for name, b := range was {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	a.clean(time.Date(2026, 5, 1, 21, 0, 2, 0, time.UTC)) // the first file of each rendition, of two seconds each, is not yet too old
	if a.texts.find(a.shelf("show").recordings[0].files) == nil {
		t.Error("not kept while nothing has changed")
	}
	a.clean(time.Date(2026, 5, 1, 21, 0, 5, 0, time.UTC))
	if len(a.texts.kept) != 0 || a.texts.size != 0 {
		t.Errorf("%d playlists of %d bytes are kept of what was deleted", len(a.texts.kept), a.texts.size)
	}
	if w := get(a, path); w.Code != http.StatusOK || strings.Count(w.Body.String(), "#EXTINF") != (files-1)*segments {
		t.Errorf("when a file is deleted: %d, %s", w.Code, w.Body)
	}
}

// Whoever asks while playlists are made waits for these, and makes none; who goes away does not.
func TestTextsAreMadeOnce(t *testing.T) {
	dir := t.TempDir()
	spread(t, dir, 1, 3, 2)
	synctest.Test(t, func(t *testing.T) {
		a := newArchive(t, Config{Dir: dir, Keep: true})
		s := a.shelf("show")
		r := s.recordings[0]
		a.texts.making <- struct{}{}
		const asked = 8
		texts := make(chan *text, asked)
		for range asked {
			go func() {
				made, err := a.text(t.Context(), s, r)
				if err != nil {
					t.Error(err)
				}
				texts <- made
			}()
		}
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error)
		go func() {
			_, err := a.text(ctx, s, r)
			left <- err
		}()
		synctest.Wait()
		if len(texts) != 0 {
			t.Error("made while another was")
		}
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who went away: %v", err)
		}
		<-a.texts.making
		first := <-texts
		for range asked - 1 {
			if other := <-texts; other != first {
				t.Error("made twice")
			}
		}
	})
}

// What was asked for longest ago goes when there is too much; the newest stays however large it is.
func TestTextsAreBounded(t *testing.T) {
	kept := newTexts(100)
	var all []*text
	for range 4 {
		all = append(all, &text{of: []*entry{{}}, size: 40})
	}
	has := func(want ...bool) {
		t.Helper()
		for i, w := range want {
			kept.mu.Lock()
			there := false
			for _, k := range kept.kept {
				there = there || k == all[i]
			}
			kept.mu.Unlock()
			if there != w {
				t.Errorf("number %d is kept: %v", i, there)
			}
		}
	}
	kept.keep(all[0])
	kept.keep(all[1])
	has(true, true)
	if kept.find(all[0].of) != all[0] || kept.find([]*entry{{}}) != nil || kept.find(nil) != nil {
		t.Error("not found as it is")
	}
	kept.keep(all[2])
	has(true, false, true)
	all[3].size = 1000
	kept.keep(all[3])
	has(false, false, false, true)
	kept.drop(all[3].of[0])
	if has(false, false, false, false); kept.size != 0 {
		t.Errorf("%d bytes are left", kept.size)
	}
}
