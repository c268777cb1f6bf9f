package hls

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/shoal-live/shoal/swarm/wire"
)

// Clause: hls-preload-hint
func TestHeldPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWindow(config, 0, nil)
		a := newAuthor(w)
		a.segments(1)
		a.write(false)
		type answer struct {
			code int
			body string
		}
		ask := func(name string) chan answer {
			c := make(chan answer, 1)
			n, ok := ParseName(name)
			if !ok {
				t.Fatal(name)
			}
			go func() {
				rw := httptest.NewRecorder()
				w.ServeMedia(rw, httptest.NewRequest("GET", "/", nil), n)
				c <- answer{rw.Code, rw.Body.String()}
			}()
			synctest.Wait()
			return c
		}
		if got := <-ask("s1.2.m4s"); got.code != http.StatusNotFound {
			t.Error("a part beyond the hinted one:", got)
		}
		if got := <-ask("s1.m4s"); got.code != http.StatusNotFound {
			t.Error("a segment that is open:", got)
		}
		if got := <-ask("s9.0.m4s"); got.code != http.StatusNotFound {
			t.Error("a part far ahead:", got)
		}
		held := ask("s1.1.m4s")
		select {
		case got := <-held:
			t.Fatal("answered before it was there:", got)
		default:
		}
		a.write(true)
		if got := <-held; got.code != http.StatusOK || got.body != "<s1.1.m4s>" {
			t.Fatal(got)
		}
		first := ask("s2.0.m4s") // hinted while no segment is open
		a.write(true)            // a segment of one part
		if got := <-first; got.body != "<s2.0.m4s>" {
			t.Fatal(got)
		}
		a.write(false)
		never := ask("s3.1.m4s")
		w.Add(Part{}, true) // the segment turns out to have ended
		if got := <-never; got.code != http.StatusNotFound {
			t.Fatal(got)
		}
	})
}

// TestLetGo: who is held while the server ends is told so: an empty playlist or part would be taken for what was asked for.
//
// Clause: hls-blocking, hls-preload-hint
func TestLetGo(t *testing.T) {
	w := NewWindow(config, 0, nil)
	newAuthor(w).segments(1)
	ctx, release := context.WithCancel(t.Context())
	release()
	for name, serve := range map[string]func(http.ResponseWriter, *http.Request){
		"playlist": func(rw http.ResponseWriter, r *http.Request) { w.ServePlaylist(rw, r, nil) },
		"part":     func(rw http.ResponseWriter, r *http.Request) { w.ServeMedia(rw, r, Name{Kind: KindPart, Number: 1}) },
	} {
		rw := httptest.NewRecorder()
		serve(rw, httptest.NewRequestWithContext(ctx, "GET", "/?_HLS_msn=1&_HLS_part=0", nil))
		if rw.Code != http.StatusServiceUnavailable || rw.Header().Get("Retry-After") == "" || rw.Header().Get("Cache-Control") != "no-store" {
			t.Error(name, rw.Code, rw.Header())
		}
	}
}

// Clause: hls-removed, hls-cache
func TestServeMedia(t *testing.T) {
	w := NewWindow(config, 0, nil)
	a := newAuthor(w)
	a.segments(20)
	get := func(name, rang string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/", nil)
		if rang != "" {
			r.Header.Set("Range", rang)
		}
		n, _ := ParseName(name)
		rw := httptest.NewRecorder()
		w.ServeMedia(rw, r, n)
		return rw
	}
	var whole bytes.Buffer
	for p := range 6 {
		whole.WriteString(get(fmt.Sprintf("s19.%d.m4s", p), "").Body.String())
	}
	segment := get("s19.m4s", "")
	if segment.Body.String() != whole.String() {
		t.Fatal("a segment is not the concatenation of its parts")
	}
	if cc := segment.Header().Get("Cache-Control"); cc != "public, max-age=31536000, immutable" {
		t.Error(cc)
	}
	if part := get("s19.m4s", "bytes=8-25"); part.Code != http.StatusPartialContent || part.Body.String() != whole.String()[8:26] {
		t.Error(part.Code, part.Body)
	}
	if part := get("s19.m4s", "bytes=-7"); part.Code != http.StatusPartialContent || part.Body.String() != whole.String()[whole.Len()-7:] {
		t.Error(part.Code, part.Body)
	}
	if part := get("s19.m4s", "bytes=9999-"); part.Code != http.StatusRequestedRangeNotSatisfiable {
		t.Error(part.Code)
	}
	if got := get("s12.m4s", ""); got.Code != http.StatusOK {
		t.Error("removed from the playlist, but not yet kept for its time:", got.Code)
	}
	if got := get("s5.m4s", ""); got.Code != http.StatusNotFound || got.Header().Get("Cache-Control") != "public, max-age=1" {
		t.Error("long gone:", got.Code, got.Header())
	}
	if got := get("init0.mp4", ""); got.Body.String() != "init0" {
		t.Error(got.Code)
	}
	if got := get("init1.mp4", ""); got.Code != http.StatusNotFound {
		t.Error(got.Code)
	}
}

// TestPieces: the hashes of the pieces come with every answer for a chunk, and with nothing else.
func TestPieces(t *testing.T) {
	w := NewWindow(config, 0, nil)
	newAuthor(w).segments(2)
	w.Open(Segment{MSN: 2, Init: &Init{Number: 1, Bytes: []byte("a long one")}})
	w.Add(Part{Bytes: []byte("a long one")}, true)
	for _, c := range []struct {
		method, name, span string
		code               int
		want               string
	}{
		{"GET", "s1.2.m4s", "", 200, "hashes.of.s1.2.m4s"},
		{"HEAD", "s1.2.m4s", "", 200, "hashes.of.s1.2.m4s"},
		{"GET", "s1.2.m4s", "bytes=2-4", 206, "hashes.of.s1.2.m4s"},
		{"GET", "init0.mp4", "", 200, "hashes.of.init0.mp4"},
		{"GET", "s1.m4s", "", 200, ""},
		{"GET", "s2.0.m4s", "", 200, ""},
		{"GET", "init1.mp4", "", 200, ""},
		{"GET", "s9.9.m4s", "", 404, ""},
	} {
		t.Run(c.method+" "+c.name+" "+c.span, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "/", nil)
			r.Header.Set("Range", c.span)
			n, _ := ParseName(c.name)
			rw := httptest.NewRecorder()
			w.ServeMedia(rw, r, n)
			if got := rw.Header().Get(wire.PiecesHeader); rw.Code != c.code || got != c.want {
				t.Errorf("%d %q, want %d %q", rw.Code, got, c.code, c.want)
			}
		})
	}
}

// Clause: hls-cache, hls-gzip, hls-part-without-msn, hls-too-far
func TestServePlaylist(t *testing.T) {
	w := NewWindow(config, 0, nil)
	newAuthor(w).segments(3)
	for _, c := range []struct {
		query, accept string
		code          int
		cache         string
		packed        bool
	}{
		{"", "", 200, "public, max-age=1", false},
		{"", "br, gzip;q=0.8", 200, "public, max-age=1", true},
		{"", "gzip;q=0", 200, "public, max-age=1", false},
		{"?_HLS_msn=2", "", 200, "public, max-age=2", false},
		{"?_HLS_part=2", "", 400, "no-store", false},
		{"?_HLS_msn=77", "", 400, "no-store", false},
	} {
		r := httptest.NewRequest("GET", "/"+c.query, nil)
		r.Header.Set("Accept-Encoding", c.accept)
		rw := httptest.NewRecorder()
		w.ServePlaylist(rw, r, nil)
		packed := rw.Header().Get("Content-Encoding") == "gzip"
		if rw.Code != c.code || rw.Header().Get("Cache-Control") != c.cache || packed != c.packed || rw.Body.Len() == 0 {
			t.Errorf("%q: %d %v", c.query, rw.Code, rw.Header())
		}
		if !packed {
			continue
		}
		if length := rw.Header().Get("Content-Length"); length != strconv.Itoa(rw.Body.Len()) || rw.Body.Len() >= len(playlist(w)) {
			t.Errorf("%q: %d bytes of %d, and it says %s", c.query, rw.Body.Len(), len(playlist(w)), length)
		}
		z, err := gzip.NewReader(rw.Body)
		if err != nil {
			t.Errorf("%q: it says that it is gzipped: %v", c.query, err)
			continue
		}
		if text, err := io.ReadAll(z); err != nil || string(text) != playlist(w) {
			t.Errorf("%q: unpacked it is another playlist: %v\n%s", c.query, err, text)
		}
	}
}

// TestSameForAll: whoever asks, and whatever else stands in the URL, gets the same playlist, and no URL in it tells of them.
//
// Clause: hls-same-urls
func TestSameForAll(t *testing.T) {
	w := NewWindow(config, 0, nil)
	newAuthor(w).segments(3)
	want := playlist(w)
	for _, query := range []string{"", "?token=secret", "?_HLS_msn=2&session=4", "?_HLS_msn=0"} {
		r := httptest.NewRequest("GET", "/"+query, nil)
		r.Header.Set("Authorization", "Bearer x")
		rw := httptest.NewRecorder()
		w.ServePlaylist(rw, r, nil)
		if rw.Code != http.StatusOK || rw.Body.String() != want {
			t.Errorf("%q: %d\n%s", query, rw.Code, rw.Body)
		}
	}
}
