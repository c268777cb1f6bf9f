package edge

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Clause: http-collapse
func TestThousandAskersOneFill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(50 * time.Millisecond)
			w.Write(partBytes)
		})
		e := newEdge(t, Config{Transport: src})
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				w := get(e, partPath)
				if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), partBytes) {
					t.Errorf("got %d with %d bytes", w.Code, w.Body.Len())
				}
			})
		}
		all.Wait()
		if w := get(e, partPath); w.Code != http.StatusOK {
			t.Errorf("from memory: %d", w.Code)
		}
		if n := src.total(""); n != 1 {
			t.Errorf("%d fills, want 1", n)
		}
	})
}

func TestFirstAskerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(func(w http.ResponseWriter, r *http.Request) {
			w.Write(partBytes[:1000])
			time.Sleep(time.Second)
			w.Write(partBytes[1000:])
		})
		e := newEdge(t, Config{Transport: src})
		ctx, leave := context.WithCancel(t.Context())
		first := make(chan struct{})
		go func() {
			defer func() { recover(); close(first) }()
			e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", partPath, nil).WithContext(ctx))
		}()
		synctest.Wait()
		var second *httptest.ResponseRecorder
		all := sync.WaitGroup{}
		all.Go(func() { second = get(e, partPath) })
		synctest.Wait()
		leave()
		<-first
		all.Wait()
		if !bytes.Equal(second.Body.Bytes(), partBytes) {
			t.Errorf("the second asker got %d bytes", second.Body.Len())
		}
		if n := src.total(""); n != 1 {
			t.Errorf("%d fills, want 1", n)
		}
	})
}

// firstByte notes when the first and the last byte came.
type firstByte struct {
	*httptest.ResponseRecorder
	first, last time.Time
}

func (w *firstByte) Write(b []byte) (int, error) {
	w.last = time.Now()
	if w.first.IsZero() {
		w.first = w.last
	}
	return w.ResponseRecorder.Write(b)
}

func TestBytesGoOutWhileTheyComeIn(t *testing.T) {
	for _, sized := range []bool{true, false} {
		t.Run(fmt.Sprintf("sized=%v", sized), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := newSource(func(w http.ResponseWriter, r *http.Request) {
					if sized {
						w.Header().Set("Content-Length", fmt.Sprint(len(partBytes)))
					}
					for i := range 4 {
						if i > 0 {
							time.Sleep(100 * time.Millisecond)
						}
						w.Write(partBytes[i<<14 : (i+1)<<14])
					}
				})
				e := newEdge(t, Config{Transport: src})
				var all sync.WaitGroup
				for range 10 {
					all.Go(func() {
						start := time.Now()
						w := &firstByte{ResponseRecorder: httptest.NewRecorder()}
						e.ServeHTTP(w, httptest.NewRequest("GET", partPath, nil))
						if w.first.Sub(start) != 0 || w.last.Sub(start) != 300*time.Millisecond {
							t.Errorf("first byte after %v, last after %v", w.first.Sub(start), w.last.Sub(start))
						}
						if !bytes.Equal(w.Body.Bytes(), partBytes) {
							t.Errorf("%d bytes", w.Body.Len())
						}
					})
				}
				all.Wait()
			})
		})
	}
}

func TestBrokenFillIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := 0
		src := newSource(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(partBytes)))
			if broken < 2 { // it and the one that goes on
				broken++
				w.Write(partBytes[:5000])
				panic(io.ErrUnexpectedEOF)
			}
			w.Write(partBytes)
		})
		e := newEdge(t, Config{Transport: src})
		func() {
			defer func() { recover() }() // http.ErrAbortHandler, if the head went out before it broke
			if w := get(e, partPath); w.Code != http.StatusBadGateway {
				t.Errorf("a broken answer was passed on as whole: %d", w.Code)
			}
		}()
		if w := get(e, partPath); !bytes.Equal(w.Body.Bytes(), partBytes) {
			t.Errorf("after a broken fill: %d, %d bytes", w.Code, w.Body.Len())
		}
		if broken != 2 {
			t.Error("nothing was broken")
		}
	})
}

// Clause: hls-blocking, http-collapse
func TestHeldReloadsAreReleasedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(12, 2)
		src := newSource(b.ServeHTTP)
		e := newEdge(t, Config{Transport: src})
		get(e, playlistPath) // a viewer starts with the plain playlist
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				start := time.Now()
				w := get(e, playlistPath+"?_HLS_msn=13&_HLS_part=2")
				if w.Code != http.StatusOK || w.Body.String() != playlist(12, 3) {
					t.Errorf("%d %q", w.Code, w.Body)
				}
				if d := time.Since(start); d != 333*time.Millisecond {
					t.Errorf("held for %v", d)
				}
			})
		}
		synctest.Wait()
		if n := e.held.Load(); n != 1000 {
			t.Errorf("%d held", n)
		}
		time.Sleep(333 * time.Millisecond)
		b.grow()
		all.Wait()
		if n := src.total(playlistPath + "?"); n != 1 {
			t.Errorf("%d held requests upstream, want 1", n)
		}
		// The answer is the newest plain playlist too: who is behind gets it at once, for nothing.
		before := src.total("")
		for _, uri := range []string{playlistPath, playlistPath + "?_HLS_msn=13&_HLS_part=1", playlistPath + "?_HLS_msn=9"} {
			if w := get(e, uri); w.Body.String() != playlist(12, 3) {
				t.Errorf("%s: not the newest playlist", uri)
			}
		}
		if n := src.total(""); n != before {
			t.Errorf("%d requests upstream for what was known", n-before)
		}
	})
}

func TestHeldLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(12, 2)
		e := newEdge(t, Config{Transport: newSource(b.ServeHTTP), MaxHeld: 10})
		get(e, playlistPath)
		var all sync.WaitGroup
		var mu sync.Mutex
		codes := map[int]int{}
		for range 25 {
			all.Go(func() {
				w := get(e, playlistPath+"?_HLS_msn=13&_HLS_part=2")
				mu.Lock()
				defer mu.Unlock()
				codes[w.Code]++
				if retry := w.Header().Get("Retry-After"); w.Code == 503 && (retry < "1" || retry > "3") {
					t.Errorf("Retry-After %q", retry)
				}
			})
		}
		synctest.Wait()
		b.grow()
		all.Wait()
		if codes[200] != 10 || codes[503] != 15 {
			t.Errorf("answers %v, want 10 x 200 and 15 x 503", codes)
		}
	})
}

func TestRunReleasesTheHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Transport: newSource(newBroadcast(12, 2).ServeHTTP)})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- e.Run(ctx) }()
		get(e, playlistPath)
		held := make(chan *httptest.ResponseRecorder)
		go func() { held <- get(e, playlistPath+"?_HLS_msn=13&_HLS_part=2") }()
		synctest.Wait()
		cancel()
		if w := <-held; w.Code != http.StatusServiceUnavailable {
			t.Errorf("held viewer got %d", w.Code)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if w := get(e, partPath); w.Code != http.StatusServiceUnavailable {
			t.Errorf("after the end: %d", w.Code)
		}
		if e.Ready() == nil || e.takeOff() {
			t.Error("ready after the end, or a flight begins")
		}
	})
}

// Clause: edge-queries
func TestOddQueries(t *testing.T) {
	for name, query := range map[string]func(i int) string{
		"unknown words": func(i int) string { return fmt.Sprintf("?x=%d&utm_source=%d", i, i) },
		"old MSNs":      func(i int) string { return fmt.Sprintf("?_HLS_msn=%d", i%12) },
		"far MSNs":      func(i int) string { return fmt.Sprintf("?_HLS_msn=%d", 1000+i) },
		"skips":         func(i int) string { return fmt.Sprintf("?_HLS_skip=%d", i) },
		"old parts":     func(i int) string { return fmt.Sprintf("?_HLS_msn=7&_HLS_part=%d", i) },
		"nonsense":      func(i int) string { return fmt.Sprintf("?_HLS_msn=-%d&_HLS_part=0x%d", i, i) },
		"lone parts":    func(i int) string { return fmt.Sprintf("?_HLS_part=%d", i) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := newSource(newBroadcast(12, 2).ServeHTTP)
				e := newEdge(t, Config{Transport: src})
				for i := range 10000 {
					get(e, playlistPath+query(i))
				}
				if n := src.total(""); n > 1 {
					t.Errorf("%d fills", n)
				}
			})
		})
	}
	t.Run("media", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			src := newSource(func(w http.ResponseWriter, r *http.Request) { w.Write(partBytes[:10]) })
			e := newEdge(t, Config{Transport: src})
			for i := range 10000 {
				get(e, fmt.Sprintf("%s?session=%d", partPath, i))
			}
			if n := src.total(""); n != 1 {
				t.Errorf("%d fills", n)
			}
		})
	})
	t.Run("future parts", func(t *testing.T) { // all that may be held is a part of the next three segments
		synctest.Test(t, func(t *testing.T) {
			src := newSource(newBroadcast(12, 2).ServeHTTP)
			e := newEdge(t, Config{Transport: src})
			get(e, playlistPath)
			var all sync.WaitGroup
			for i := range 10000 {
				all.Go(func() { get(e, fmt.Sprintf("%s?_HLS_msn=%d&_HLS_part=%d", playlistPath, 13+i%3, i)) })
			}
			synctest.Wait()
			if n := src.total(playlistPath + "?"); n > 33 {
				t.Errorf("%d fills", n)
			}
			all.Wait()
		})
	})
}

// TestHeldTooLong: a reload that is held for three target durations, and nothing comes, is answered 503, which nobody keeps.
//
// Clause: hls-timeout
func TestHeldTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Transport: newSource(newBroadcast(12, 2).ServeHTTP)})
		began := time.Now()
		w := get(e, playlistPath+"?_HLS_msn=13&_HLS_part=2")
		if h := w.Header(); w.Code != http.StatusServiceUnavailable || h.Get("Retry-After") == "" || h.Get("Cache-Control") != "no-store" ||
			h.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%d %v", w.Code, h)
		}
		if took := time.Since(began); took != 6*time.Second {
			t.Errorf("after %v", took)
		}
	})
}
