package archive

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
	"time"

	"github.com/shoal-live/shoal/origin/hls/strict"
)

// Somebody deletes or moves finished files: what they held are gaps, and the rest plays. The list forgets them too.
//
// Clause: recording, hls-gap
func TestMoved(t *testing.T) {
	const files, segments = 3, 5
	remove := func(suffixes ...string) func(path string) error {
		return func(path string) (err error) {
			for _, s := range suffixes {
				err = errors.Join(err, os.Remove(path+s))
			}
			return err
		}
	}
	for name, c := range map[string]struct {
		do   func(path string) error
		file int // that it is done to, of the source
		gaps int // in the source's playlist
	}{
		"with its index":          {remove(mediaSuffix, indexSuffix), 1, segments},
		"the media alone":         {remove(mediaSuffix), 1, segments},
		"the index alone":         {remove(indexSuffix), 1, segments},
		"the first":               {remove(mediaSuffix, indexSuffix), 0, 0}, // where the source begins, so does its recording
		"moved elsewhere":         {func(path string) error { return os.Rename(path+mediaSuffix, path+".old") }, 1, segments},
		"all of the rendition":    {func(path string) error { return os.RemoveAll(filepath.Dir(path)) }, 1, -1},
		"all of it, and the rest": {func(path string) error { return os.RemoveAll(filepath.Dir(filepath.Dir(path))) }, 1, -2},
	} {
		for _, known := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, known before: %v", name, known), func(t *testing.T) {
				dir := t.TempDir()
				path := spread(t, dir, 2, files, segments)
				var log bytes.Buffer
				a := newArchive(t, Config{Dir: dir, Keep: true, Log: slog.New(slog.NewTextHandler(&log, nil))})
				before := a.Recordings("show")[0]
				if known { // else it is asked for the first time
					if w := get(a, path); w.Code != http.StatusOK || strings.Count(w.Body.String(), "#EXTINF") != files*segments {
						t.Fatalf("before: %d, %s", w.Code, w.Body)
					}
				}
				if err := c.do(filepath.Join(dir, "show", before.ID, "v0", baseName(uint64(c.file*segments)))); err != nil {
					t.Fatal(err)
				}
				if known {
					a.clean(time.Now())
					after := a.Recordings("show")
					switch {
					case c.gaps == -2:
						if len(after) != 0 {
							t.Errorf("%+v", after)
						}
					case c.gaps == -1:
						if len(after) != 1 || len(after[0].Renditions) != 1 || after[0].Bytes != before.Bytes/2 {
							t.Errorf("%+v, was %+v", after, before)
						}
					case len(after) != 1 || after[0].Files != before.Files-1 || after[0].Bytes >= before.Bytes:
						t.Errorf("%+v, was %+v", after, before)
					}
				}
				w := get(a, path)
				if c.gaps < 0 {
					if w.Code != http.StatusNotFound {
						t.Errorf("%d: %s", w.Code, w.Body)
					}
					return
				}
				text := w.Body.String()
				p, err := strict.Parse(text)
				if err != nil || strings.Count(text, "#EXT-X-GAP\n") != c.gaps || len(p.Segments) != (files-1)*segments+c.gaps {
					t.Errorf("%d, %v: %s", w.Code, err, text)
				}
				if w := get(a, strings.Replace(path, "v0/", "", 1)); !strings.Contains(w.Body.String(), "v0/index") {
					t.Errorf("the variants: %s", w.Body)
				}
				if log.Len() > 0 {
					t.Errorf("the log: %s", log.String())
				}
			})
		}
	}
}
