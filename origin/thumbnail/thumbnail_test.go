package thumbnail

import (
	"bytes"
	"errors"
	"fmt"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/segmenter"
	"github.com/shoal-live/shoal/origin/testclip"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// filled returns a window with some media of the clip.
func filled(t *testing.T) *hls.Window {
	t.Helper()
	track, err := media.NewH264(testclip.Parameters())
	if err != nil {
		t.Fatal(err)
	}
	tracks := []media.Track{track}
	init, err := segmenter.Init(tracks)
	if err != nil {
		t.Fatal(err)
	}
	w := empty()
	cut := segmenter.New(segmenter.Config{Part: 334 * time.Millisecond, Segment: 2 * time.Second, Longest: 2490 * time.Millisecond}, tracks, time.Hour, 0)
	first := &hls.Init{Bytes: init}
	open, msn := false, uint64(0)
	for i, unit := range testclip.Units() {
		u := media.ParseH264(unit)
		at := time.Duration(i) * testclip.Interval
		parts, err := cut.Write(media.Frame{Video: true, DTS: at, PTS: at, Key: u.Key, Bytes: u.Bytes})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			if !open {
				w.Open(hls.Segment{MSN: msn, Init: first, Date: time.Unix(1_700_000_000, 0)})
			}
			w.Add(hls.Part{Duration: p.Duration, Independent: p.Independent, Bytes: p.Bytes}, p.Final)
			if open = !p.Final; p.Final {
				msn++
			}
		}
	}
	return w
}

func empty() *hls.Window {
	return hls.NewWindow(hls.Config{Epoch: 1, Target: 2 * time.Second, PartTarget: 334 * time.Millisecond, Listed: 5, PartsFor: 3}, 0, nil)
}

func newPictures(t *testing.T, config Config) *Pictures {
	t.Helper()
	config.Patience = time.Minute // the child has the lowest priority, and the machine may be busy
	p, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Clause: thumbnails
func TestPicture(t *testing.T) {
	p := newPictures(t, Config{Width: 160})
	w := filled(t)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			answer := httptest.NewRecorder()
			p.Serve(answer, httptest.NewRequest("GET", "/live/show/thumb.jpg", nil), "show", w)
			picture, err := jpeg.Decode(answer.Body)
			if err != nil || picture.Bounds().Dx() != 160 || picture.Bounds().Dy() != 90 {
				t.Errorf("%d: %v", answer.Code, err)
			}
			if h := answer.Header(); h.Get("Cache-Control") != "public, max-age=5" || h.Get("Content-Type") != "image/jpeg" {
				t.Errorf("header: %v", h)
			}
		})
	}
	all.Wait()
	if n := testutil.ToFloat64(p.metrics.WithLabelValues("made")); n != 1 {
		t.Errorf("%v children for five who asked at once", n)
	}
}

// Clause: thumbnails
func TestNoPicture(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "ffmpeg")
	if err := os.WriteFile(broken, []byte("#!/bin/sh\necho it is broken >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	busy := newPictures(t, Config{Children: 1})
	busy.config.Patience = time.Millisecond
	busy.running <- struct{}{}
	for name, c := range map[string]struct {
		pictures *Pictures
		window   *hls.Window
		status   int
		text     string
	}{
		"no ffmpeg":         {newPictures(t, Config{FFmpeg: "no-such-ffmpeg"}), filled(t), http.StatusNotFound, "has no ffmpeg; install it"},
		"a broken one":      {newPictures(t, Config{FFmpeg: broken}), filled(t), http.StatusNotFound, "could not be made"},
		"nothing yet":       {newPictures(t, Config{}), empty(), http.StatusNotFound, "no key frame"},
		"too many children": {busy, filled(t), http.StatusServiceUnavailable, "ask again"},
	} {
		answer := httptest.NewRecorder()
		c.pictures.Serve(answer, httptest.NewRequest("GET", "/live/show/thumb.jpg", nil), "show", c.window)
		if answer.Code != c.status || !strings.Contains(answer.Body.String(), c.text) || bytes.Contains(answer.Body.Bytes(), []byte("it is broken")) {
			t.Errorf("%s: %d %s", name, answer.Code, answer.Body)
		}
	}
}

// A picture is made anew when it is old, and the one before is shown where that cannot be.
func TestOldPicture(t *testing.T) {
	p := newPictures(t, Config{Width: 160, Every: time.Nanosecond, Children: 1})
	w := filled(t)
	for range 2 {
		if _, err := p.Get(t.Context(), "show", w); err != nil {
			t.Fatal(err)
		}
	}
	p.running <- struct{}{}
	if b, err := p.Get(t.Context(), "show", w); err != nil || len(b) == 0 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if n := testutil.ToFloat64(p.metrics.WithLabelValues("made")); n != 2 {
		t.Errorf("%v pictures", n)
	}
}

// A picture of what does not change is made once, however old it is.
func TestStill(t *testing.T) {
	p := newPictures(t, Config{Width: 160, Every: time.Nanosecond})
	w := filled(t)
	asked := 0
	frame := func() [][]byte { asked++; return newest(w) }
	for range 2 {
		if b, err := p.Still(t.Context(), "show/1", frame); err != nil || len(b) == 0 {
			t.Fatal(err)
		}
	}
	if n := testutil.ToFloat64(p.metrics.WithLabelValues("made")); n != 1 || asked != 1 {
		t.Errorf("%v pictures of media that were read %d times", n, asked)
	}
	if _, err := p.Still(t.Context(), "show/2", nil); !errors.Is(err, ErrNoStill) || len(p.kept) != 1 {
		t.Errorf("of what is not there: %v, and %d are kept", err, len(p.kept))
	}
}

// TestCrowdOfStills: who asks for more pictures than are made at a time gets them all, and no more media are read at a time than pictures are made.
func TestCrowdOfStills(t *testing.T) {
	p := newPictures(t, Config{Width: 160, Children: 2, Patience: time.Minute})
	w := filled(t)
	var reading, most atomic.Int64
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			b, err := p.Still(t.Context(), fmt.Sprint("show/", i), func() [][]byte {
				n := reading.Add(1)
				defer reading.Add(-1)
				for was := most.Load(); n > was && !most.CompareAndSwap(was, n); was = most.Load() {
				}
				return newest(w)
			})
			if err != nil || len(b) == 0 {
				t.Errorf("%d: %d bytes, %v", i, len(b), err)
			}
		})
	}
	all.Wait()
	if n := testutil.ToFloat64(p.metrics.WithLabelValues("made")); n != 12 || most.Load() > 2 {
		t.Errorf("%v pictures, media of %d were read at a time", n, most.Load())
	}
}

// TestKeptStills: what is being made is not let go of, however many others are asked for meanwhile, and what was asked for last is kept.
func TestKeptStills(t *testing.T) {
	p := newPictures(t, Config{Width: 160})
	w := filled(t)
	for i := range mostKept {
		p.of(fmt.Sprint("old/", i))
	}
	for range 3 {
		if b, err := p.Still(t.Context(), "new/1", func() [][]byte { p.of("other"); p.of("another"); return newest(w) }); err != nil || len(b) == 0 {
			t.Fatal(err)
		}
	}
	if n := testutil.ToFloat64(p.metrics.WithLabelValues("made")); n != 1 || len(p.kept) > mostKept {
		t.Errorf("%v pictures, %d are kept", n, len(p.kept))
	}
}

// TestNoStill: what cannot be made of a recording is not tried again, and the answer says what is so.
func TestNoStill(t *testing.T) {
	p := newPictures(t, Config{Every: time.Nanosecond})
	for range 2 {
		if _, err := p.Still(t.Context(), "show/1", func() [][]byte { return [][]byte{{}, []byte("none")} }); !errors.Is(err, errFailed) {
			t.Error(err)
		}
	}
	if n := testutil.ToFloat64(p.metrics.WithLabelValues("failed")); n != 1 {
		t.Errorf("it was tried %v times", n)
	}
	if _, err := p.Still(t.Context(), "show/2", func() [][]byte { return nil }); !errors.Is(err, ErrNoStill) {
		t.Error(err)
	}
}
