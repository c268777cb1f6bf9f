package hls

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/origin/hls/strict"
)

// Clause: hls-rendition-report
func TestReports(t *testing.T) {
	w, other, empty := NewWindow(config, 0, nil), NewWindow(config, 0, nil), NewWindow(config, 0, nil)
	a, b := newAuthor(w), newAuthor(other)
	a.segments(3)
	b.segments(3)
	b.write(false)
	b.write(false)
	ask := func(query string) *strict.Playlist {
		rw := httptest.NewRecorder()
		w.ServePlaylist(rw, httptest.NewRequest("GET", "/"+query, nil), func() []Report {
			v, _ := other.View()
			none, _ := empty.View()
			return []Report{{"../v1/index.m3u8", v}, {"../v2/index.m3u8", none}}
		})
		if rw.Code != http.StatusOK {
			t.Fatal(rw.Code)
		}
		return parse(t, rw.Body.String())
	}
	if got := ask("").Reports; len(got) != 1 || got[0] != (strict.Report{URI: "../v1/index.m3u8", LastMSN: 3, LastPart: 1}) {
		t.Errorf("%+v", got)
	}
	b.write(true)
	if got := ask("").Reports; got[0] != (strict.Report{URI: "../v1/index.m3u8", LastMSN: 3, LastPart: 2}) {
		t.Errorf("the report does not move on by itself: %+v", got)
	}
	w.End()
	if got := ask("").Reports; got != nil {
		t.Errorf("reports in what has ended: %+v", got)
	}
}

// Clause: hls-gap, hls-blocking
func TestGaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWindow(config, 0, nil)
		a := newAuthor(w)
		a.segments(4)
		a.write(false)
		before := parse(t, playlist(w))
		if !strings.Contains(playlist(w), "#EXT-X-VERSION:6\n") {
			t.Error("a playlist without gaps is of another version")
		}
		answers := make(chan *strict.Playlist, 1)
		go func() {
			rw := httptest.NewRecorder()
			w.ServePlaylist(rw, httptest.NewRequest("GET", "/?_HLS_msn=4&_HLS_part=1", nil), nil)
			answers <- parse(t, rw.Body.String())
		}()
		held := make(chan int, 1)
		go func() { held <- fetch(w, "s4.1.m4s", "").Code }()
		synctest.Wait()
		w.Add(Part{Duration: 333 * time.Millisecond, Gap: true}, false)
		now := <-answers
		if now.Open == nil || len(now.Open.Parts) != 2 || !now.Open.Parts[1].Gap {
			t.Fatalf("%+v", now.Open)
		}
		if code := <-held; code != http.StatusNotFound {
			t.Error("a part that turned out to be missing:", code)
		}
		w.Add(Part{Duration: 333 * time.Millisecond, Bytes: []byte("x"), Record: record("s4.2.m4s")}, true)
		w.Open(Segment{MSN: 5, Gap: true, Date: began.Add(10 * time.Second)}) // nothing is known of it, not even its init segment
		w.Add(Part{Duration: 300 * time.Millisecond, Gap: true}, false)
		w.Add(Part{Duration: 200 * time.Millisecond, Gap: true}, true)
		after := parse(t, playlist(w))
		if !strings.Contains(playlist(w), "#EXT-X-VERSION:8\n") {
			t.Error("a playlist with gaps is of another version")
		}
		for _, step := range [][2]*strict.Playlist{{before, now}, {now, after}} {
			if _, err := strict.Follow(step[0], step[1]); err != nil {
				t.Error(err)
			}
		}
		for _, s := range after.Segments {
			if s.Gap != (s.MSN >= 4) {
				t.Errorf("segment %d: a gap: %v", s.MSN, s.Gap)
			}
		}
		for name, want := range map[string]int{"s4.m4s": 404, "s4.0.m4s": 200, "s4.1.m4s": 404, "s4.2.m4s": 200, "s5.m4s": 404, "s5.0.m4s": 404} {
			if got := fetch(w, name, ""); got.Code != want {
				t.Errorf("%s: %d, want %d", name, got.Code, want)
			}
		}
	})
}

// Clause: hls-plain
func TestPlain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config
		c.Plain = true
		w := NewWindow(c, 0, nil)
		a := newAuthor(w)
		a.segments(3)
		a.write(false)
		text := playlist(w)
		got := parse(t, text)
		if strings.Contains(text, "PART") || strings.Contains(text, "HINT") || got.Open != nil || got.Version != 6 || len(got.Segments) != 3 {
			t.Error(text)
		}
		done := make(chan *strict.Playlist, 2)
		for _, query := range []string{"/?_HLS_msn=3", "/?_HLS_msn=3&_HLS_part=1"} {
			go func() {
				rw := httptest.NewRecorder()
				w.ServePlaylist(rw, httptest.NewRequest("GET", query, nil), nil)
				done <- parse(t, rw.Body.String())
			}()
		}
		for range 4 {
			a.write(false)
			synctest.Wait()
			if len(done) > 0 {
				t.Fatal("answered for a part")
			}
		}
		a.write(true)
		for range 2 {
			if got := <-done; len(got.Segments) != 4 {
				t.Error(len(got.Segments))
			}
		}
		v, _ := w.View()
		if got := report([]Report{{"../v1/index.m3u8", v}}); got != "#EXT-X-RENDITION-REPORT:URI=\"../v1/index.m3u8\",LAST-MSN=3\n" {
			t.Error(got)
		}
	})
}
