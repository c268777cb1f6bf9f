package hls

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/origin/hls/strict"
)

// hours is a window that lists an hour and keeps ten segments in memory.
var hours = Config{Epoch: 77, Target: 2 * time.Second, PartTarget: 334 * time.Millisecond, Listed: 1800, InMemory: 10, PartsFor: 3}

// archive stores segments one after the other, and counts what is read of it.
type archive struct {
	bytes []byte
	read  int
}

func (a *archive) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(len(a.bytes)) {
		return 0, io.EOF
	}
	n := copy(p, a.bytes[off:])
	a.read += n
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// store writes the newest complete segment, padded to a size.
func (a *archive) store(w *Window, msn uint64, size int) {
	at := int64(len(a.bytes))
	text := fmt.Sprintf("<stored %d>", msn)
	a.bytes = append(a.bytes, text+strings.Repeat(".", size-len(text))...)
	w.Stored(msn, a, at, int64(size))
}

func fetch(w *Window, name, span string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/", nil)
	if span != "" {
		r.Header.Set("Range", span)
	}
	n, _ := ParseName(name)
	rw := httptest.NewRecorder()
	w.ServeMedia(rw, r, n)
	return rw
}

// Clause: dvr
func TestHoursOnDisk(t *testing.T) {
	w := NewWindow(hours, 0, nil)
	a := newAuthor(w)
	disk := &archive{}
	for msn := range uint64(150) {
		a.segments(1)
		if msn != 100 { // the disk was full for a moment
			disk.store(w, msn, 10_000)
		}
	}
	held := 0
	for _, s := range w.segments {
		if s.Parts != nil {
			held++
		}
	}
	if held != 10 {
		t.Errorf("%d segments are in memory, want 10", held)
	}
	got := parse(t, playlist(w))
	if len(got.Segments) != 150 {
		t.Errorf("%d segments are listed", len(got.Segments))
	}
	for _, s := range got.Segments {
		if s.Gap != (s.MSN == 100) {
			t.Errorf("segment %d: a gap: %v", s.MSN, s.Gap)
		}
	}
	disk.read = 0
	if got := fetch(w, "s7.m4s", "bytes=0-9"); got.Code != http.StatusPartialContent || got.Body.String() != "<stored 7>" {
		t.Error(got.Code, got.Body)
	}
	if disk.read > 1000 {
		t.Errorf("%d bytes were read for ten", disk.read)
	}
	if got := fetch(w, "s7.m4s", ""); got.Code != http.StatusOK || got.Body.Len() != 10_000 || got.Header().Get("Cache-Control") != CacheForever {
		t.Error(got.Code, got.Body.Len(), got.Header())
	}
	if got := fetch(w, "s149.m4s", ""); !strings.HasPrefix(got.Body.String(), "<s149.0.m4s>") {
		t.Error("what is in memory is not read from disk:", got.Body)
	}
	for _, gone := range []string{"s100.m4s", "s7.0.m4s"} {
		if got := fetch(w, gone, ""); got.Code != http.StatusNotFound {
			t.Error(gone, got.Code)
		}
	}
	w.Stored(100, disk, 0, 5)
	if got := fetch(w, "s100.m4s", ""); got.Code != http.StatusNotFound {
		t.Error("what was said to be missing came back:", got.Code)
	}

	w.Lost(50)
	got = parse(t, playlist(w))
	if got.MediaSequence != 50 || len(got.Segments) != 100 {
		t.Errorf("after the loss of what is before 50 there are %d from %d", len(got.Segments), got.MediaSequence)
	}
	disk.bytes = disk.bytes[:60*10_000] // the rest is gone, and nobody said so
	if got := fetch(w, "s130.m4s", ""); got.Code != http.StatusNotFound {
		t.Error("read where nothing is:", got.Code)
	}
}

// Clause: dvr, restart
func TestPast(t *testing.T) {
	disk := &archive{bytes: bytes.Repeat([]byte("."), 1000)}
	init := &Init{Number: 4, Bytes: []byte("init4"), Record: record("init4.mp4")}
	var past []*Segment
	for msn := uint64(90); msn < 100; msn++ {
		if msn == 95 {
			continue // it was not written before the crash
		}
		past = append(past, &Segment{
			MSN: msn, Init: init, Discontinuity: 3, Date: began.Add(time.Duration(msn) * 2 * time.Second),
			Duration: 2 * time.Second, Place: Place{At: disk, Offset: int64(msn), Size: 10},
		})
	}
	w := NewWindow(hours, 101, past) // 100 was open
	got := parse(t, playlist(w))
	if got.MediaSequence != 90 || len(got.Segments) != 11 || got.Hint != "77/s101.0.m4s" {
		t.Fatalf("%d segments from %d, then %s", len(got.Segments), got.MediaSequence, got.Hint)
	}
	for _, s := range got.Segments {
		if lost := s.MSN == 95 || s.MSN == 100; s.Gap != lost {
			t.Errorf("segment %d: a gap: %v", s.MSN, s.Gap)
		}
	}
	if got := fetch(w, "init4.mp4", ""); got.Body.String() != "init4" {
		t.Error(got.Code)
	}
	if got := fetch(w, "s90.m4s", ""); got.Code != http.StatusOK || got.Body.Len() != 10 {
		t.Error(got.Code)
	}
	w.Open(Segment{MSN: 101, Init: init, Break: true, Discontinuity: 5, Date: began.Add(time.Hour)})
	w.Add(Part{Duration: time.Second / 3, Independent: true, Bytes: []byte("x"), Record: record("s101.0.m4s")}, false)
	now := parse(t, playlist(w))
	if _, err := strict.Follow(got, now); err != nil {
		t.Error(err)
	}
	if now.Open == nil || now.Open.Discontinuity != 5 {
		t.Errorf("%+v", now.Open)
	}
}

// TestHoleTooLarge: where more is missing than can have been lost the list begins anew.
func TestHoleTooLarge(t *testing.T) {
	disk := &archive{bytes: []byte("..........")}
	w := NewWindow(hours, 101, []*Segment{{MSN: 9, Init: &Init{}, Duration: 2 * time.Second, Place: Place{disk, 0, 10}}})
	if v, _ := w.View(); v.Playable() || v.Next != 101 {
		t.Fatal(v.Segments, v.Next)
	}
}

// Clause: hls-skip, hls-server-control
func TestDelta(t *testing.T) {
	w := NewWindow(hours, 0, nil)
	a := newAuthor(w)
	disk := &archive{}
	write := func(segments uint64) {
		for range segments {
			a.segments(1)
			disk.store(w, a.msn-1, 100)
		}
	}
	ask := func(query string) (string, *strict.Playlist) {
		rw := httptest.NewRecorder()
		w.ServePlaylist(rw, httptest.NewRequest("GET", "/"+query, nil), nil)
		if rw.Code != http.StatusOK {
			t.Fatal(rw.Code, rw.Body)
		}
		return rw.Body.String(), parse(t, rw.Body.String())
	}
	write(10)
	if text, short := ask("?_HLS_skip=YES"); short.Skipped != 0 || short.Control.CanSkipUntil != 26 || short.Version != 6 {
		t.Fatal("nothing is to be skipped yet:", text)
	}
	write(90)
	a.discontinuity(true)
	write(20)
	_, known := ask("")
	a.write(false)
	for _, query := range []string{"?_HLS_skip=YES", "?_HLS_skip=v2", "?_HLS_msn=120&_HLS_part=0&_HLS_skip=YES"} {
		text, delta := ask(query)
		// 13 segments of 1.998 s reach 25.974 s from the end, the 14th reaches beyond 26 s but begins before.
		if delta.Skipped != 120-14 || len(delta.Segments) != 14 || delta.Version != 9 || delta.MediaSequence != 0 {
			t.Errorf("%s: %d of %d skipped\n%s", query, delta.Skipped, delta.Skipped+len(delta.Segments), text)
		}
		whole, err := strict.Follow(known, delta)
		if err != nil {
			t.Fatal(err)
		}
		_, full := ask("")
		if len(whole.Segments) != len(full.Segments) || whole.Open == nil {
			t.Errorf("%d segments by the delta, %d in full", len(whole.Segments), len(full.Segments))
		}
		if len(text) > 7000 {
			t.Errorf("a delta of %d bytes", len(text))
		}
	}
	for _, query := range []string{"?_HLS_skip=NO", "?_HLS_skip="} {
		if _, full := ask(query); full.Skipped != 0 {
			t.Errorf("%s is answered with a delta", query)
		}
	}
	w.Add(Part{}, true)
	w.End()
	if _, full := ask("?_HLS_skip=YES"); full.Skipped != 0 || !full.Ended {
		t.Error("a delta of what has ended")
	}

	w = NewWindow(config, 0, nil)
	newAuthor(w).segments(20)
	if text, short := ask("?_HLS_skip=YES"); short.Skipped != 0 || strings.Contains(text, "CAN-SKIP") {
		t.Error("a short window offers deltas:", text)
	}
}

// Clause: hls-removed
func TestRemovedStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWindow(config, 0, nil) // lists 5
		a := newAuthor(w)
		live := func(n int) {
			for range n {
				for p := range 6 {
					time.Sleep(333 * time.Millisecond)
					a.write(p == 5)
				}
			}
		}
		live(6) // segment 0, which appeared after 2 s, has left: 10 s and its own 2 s are over after 14 s
		for _, want := range []int{http.StatusOK, http.StatusOK, http.StatusNotFound} {
			if got := fetch(w, "s0.m4s", ""); got.Code != want {
				t.Errorf("after %v: %d, want %d", time.Since(began2000), got.Code, want)
			}
			live(1)
		}
		live(100)
		if n := len(w.segments); n != 5+1 && n != 5+2 {
			t.Errorf("%d segments are kept of a window of 5", n)
		}
		w.End()
		a.discontinuity(false)
		newest := fmt.Sprintf("s%d.m4s", a.msn-1)
		live(3) // listed no more since its end
		if got := fetch(w, newest, ""); got.Code != http.StatusOK {
			t.Error("after an end:", got.Code)
		}
	})
}

var began2000 = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // where a bubble's time begins

// TestBurst: a broadcaster faster than time cannot fill the memory.
func TestBurst(t *testing.T) {
	w := NewWindow(config, 0, nil)
	newAuthor(w).segments(1000)
	if n := len(w.segments); n > 2*config.Listed+4 {
		t.Errorf("%d segments are kept", n)
	}
}
