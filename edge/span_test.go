package edge

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// Clause: http-range
func TestRanges(t *testing.T) {
	size := len(partBytes)
	cases := []struct {
		header, ifRange string
		status          int
		from, to        int
	}{
		{"", "", 200, 0, size},
		{"bytes=0-0", "", 206, 0, 1},
		{"bytes=0-", "", 206, 0, size},
		{"bytes=100-199", "", 206, 100, 200},
		{"bytes=-1", "", 206, size - 1, size},
		{"bytes=-999999999", "", 206, 0, size},
		{fmt.Sprintf("bytes=%d-", size-1), "", 206, size - 1, size},
		{fmt.Sprintf("bytes=10-%d", size+5), "", 206, 10, size},
		{fmt.Sprintf("bytes=%d-", size), "", 416, 0, 0},
		{"bytes=-0", "", 416, 0, 0},
		{"bytes=0-1,5-9", "", 200, 0, size}, // several ranges: the whole instead
		{"bytes=5-1", "", 200, 0, size},
		{"bytes=a-b", "", 200, 0, size},
		{"bytes=-", "", 200, 0, size},
		{"bytes=99999999999999999999-", "", 416, 0, 0}, // a number none the less
		{"bytes=9223372036854775808-99999999999999999999", "", 416, 0, 0},
		{"bytes=0-99999999999999999999", "", 206, 0, size},
		{"bytes=-99999999999999999999", "", 206, 0, size},
		{"lines=1-2", "", 200, 0, size},
		{"Bytes=1-2", "", 206, 1, 3},                               // units are case-insensitive (RFC 9110 14.1)
		{"bytes=1-2", `W/"v0-1700000000-s12.3.m4s"`, 200, 0, size}, // only a strong tag does (13.1.5)
		{"bytes=1-2", "Sun, 29 Nov 2026 00:00:00 GMT", 200, 0, size},
		{"bytes=1-2", `"v0-1700000000-s12.3.m4s"`, 206, 1, 3},
		{"bytes=1-2", `"other"`, 200, 0, size},
	}
	for _, sized := range []bool{true, false} {
		for _, cached := range []bool{true, false} {
			for _, c := range cases {
				name := fmt.Sprintf("sized=%v cached=%v %s %s", sized, cached, c.header, c.ifRange)
				t.Run(name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						src := newSource(func(w http.ResponseWriter, r *http.Request) {
							if r.Header.Get("Range") != "" {
								t.Error("a range went upstream")
							}
							if sized {
								w.Header().Set("Content-Length", fmt.Sprint(size))
							}
							w.Write(partBytes[:100])
							time.Sleep(time.Second)
							w.Write(partBytes[100:])
						})
						e := newEdge(t, Config{Transport: src})
						if cached {
							get(e, partPath)
						}
						w := get(e, partPath, "Range", c.header, "If-Range", c.ifRange)
						e.flights.Wait()
						if w.Code != c.status {
							t.Fatalf("%d, want %d", w.Code, c.status)
						}
						h := w.Header()
						switch c.status {
						case 416:
							if got := h.Get("Content-Range"); got != fmt.Sprintf("bytes */%d", size) {
								t.Errorf("Content-Range %q", got)
							}
							return
						case 206:
							if got, want := h.Get("Content-Range"), fmt.Sprintf("bytes %d-%d/%d", c.from, c.to-1, size); got != want {
								t.Errorf("Content-Range %q, want %q", got, want)
							}
						}
						if got := h.Get("Content-Length"); got != fmt.Sprint(c.to-c.from) && (sized || cached || c.status == 206) {
							t.Errorf("Content-Length %q", got)
						}
						if !bytes.Equal(w.Body.Bytes(), partBytes[c.from:c.to]) {
							t.Errorf("wrong bytes (%d)", w.Body.Len())
						}
					})
				})
			}
		}
	}
}

// TestRangeBeforeTheEnd: a range that has arrived is answered while the rest is still coming.
func TestRangeBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(partBytes)))
			w.Write(partBytes[:1000])
			time.Sleep(time.Second)
			w.Write(partBytes[1000:])
		})})
		start := time.Now()
		if w := get(e, partPath, "Range", "bytes=10-99"); !bytes.Equal(w.Body.Bytes(), partBytes[10:100]) {
			t.Errorf("%d, %d bytes", w.Code, w.Body.Len())
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("after %v", d)
		}
		e.flights.Wait()
	})
}
