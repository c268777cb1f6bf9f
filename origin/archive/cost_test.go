package archive

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// BenchmarkRecord says what recording costs: of a part of 80 kB, as at 2 Mbit/s, until it is in its file.
func BenchmarkRecord(b *testing.B) {
	a, err := New(Config{Dir: b.TempDir(), Keep: true})
	if err != nil {
		b.Fatal(err)
	}
	cast := newBroadcast(10)
	cast.pad = 8000
	r := &recorder{archive: a, shelf: a.shelf("show"), source: cast.source()}
	defer r.close()
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		cast.play(10)
		v, _ := cast.window.View()
		b.StartTimer()
		if err := r.copy(v); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWindow says what a segment costs in memory that is on disk and listed in a window of two hours.
func BenchmarkWindow(b *testing.B) {
	const segments = 3600
	for b.Loop() {
		a, err := New(Config{Dir: b.TempDir(), DVR: 2 * time.Hour})
		if err != nil {
			b.Fatal(err)
		}
		cast := newBroadcast(segments)
		cast.window = newWindow(segments)
		r := &recorder{archive: a, shelf: a.shelf("show"), source: cast.source()}
		cast.bytes = nil
		before := heap()
		for range segments {
			cast.play(60)
			v, _ := cast.window.View()
			if err := r.copy(v); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(heap()-before)/segments, "B/segment")
		runtime.KeepAlive(cast)
		runtime.KeepAlive(a)
		r.close()
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkRecordingPlaylist says what the playlist of a recording of a day costs: the first time that it is asked for, and after that.
func BenchmarkRecordingPlaylist(b *testing.B) {
	for _, renditions := range []int{1, 4} {
		b.Run(fmt.Sprint(renditions, " renditions"), func(b *testing.B) {
			dir := b.TempDir()
			path := spread(b, dir, renditions, 24, 1800)
			for _, first := range []bool{true, false} {
				name := "again"
				if first {
					name = "first"
				}
				b.Run(name, func(b *testing.B) {
					b.ReportAllocs()
					var a *Archive
					for b.Loop() {
						b.StopTimer()
						if first || a == nil {
							a, _ = New(Config{Dir: dir, Keep: true})
							a.Recordings("show")
						}
						if !first {
							getPacked(a, path)
						}
						b.StartTimer()
						if w := getPacked(a, path); w.Code != http.StatusOK {
							b.Fatal(w.Code)
						}
					}
				})
			}
		})
	}
}

// getPacked asks as browsers do.
func getPacked(a *Archive, path string) *httptest.ResponseRecorder {
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", path, nil)
	r.Header.Set("Accept-Encoding", "gzip")
	routes(a).ServeHTTP(w, r)
	return w
}

// spread writes a finished recording of files with as many segments of two seconds each, and no media in them. It returns where it plays.
func spread(tb testing.TB, dir string, renditions, files, segments int) (playlist string) {
	tb.Helper()
	began := time.Date(2026, 5, 1, 20, 0, 0, 0, time.UTC)
	const size = 500_000
	for v := range renditions {
		folder := filepath.Join(dir, "show", began.Format(idLayout), "v"+strconv.Itoa(v))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			tb.Fatal(err)
		}
		for i := range files {
			x := &Index{Closed: true, Head: Head{
				Epoch: epoch, Init: 3, Size: 1000, First: uint64(i * segments), Date: began.Add(time.Duration(i*segments) * 2 * time.Second),
				Bases: []Base{{Track: 1}}, Codecs: "avc1.42c00a,mp4a.40.2", Width: 160, Height: 90, FrameRate: 30,
			}}
			for range segments {
				x.Segments = append(x.Segments, Segment{MSN: x.Next(), At: x.End(), Size: size, Duration: 2 * time.Second, Date: x.EndDate(), Independent: true})
			}
			path := filepath.Join(folder, baseName(x.First))
			err := errors.Join(os.WriteFile(path+indexSuffix, x.Append(nil), 0o600), os.WriteFile(path+mediaSuffix, nil, 0o600))
			if err = errors.Join(err, os.Truncate(path+mediaSuffix, x.End()), os.Chtimes(path+mediaSuffix, began, began)); err != nil {
				tb.Fatal(err)
			}
		}
	}
	return "/live/show/recordings/" + began.Format(idLayout) + "/v0/index.m3u8"
}
