package edge

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/andybalholm/brotli"

	"github.com/shoal-live/shoal/swarm/wire"
)

// TestHeaders walks through the rules of caching: media under a name that is never used again for ever, playlists for
// about as long as they stay true, errors never longer than a second. It looks at what pages of other sites need too.
//
// Clause: hls-cache, hls-part-without-msn, hls-too-far, http-cors, whip-cors
func TestHeaders(t *testing.T) {
	for _, c := range []struct {
		line    string
		method  string
		uri     string
		status  int
		control string
	}{
		{"Segments, parts, init: public, max-age=31536000, immutable", "GET", partPath, 200, "public, max-age=31536000, immutable"},
		{"the same, segment", "GET", "/live/demo/v0/1700000000/s12.m4s", 200, "public, max-age=31536000, immutable"},
		{"the same, init", "HEAD", "/live/demo/v0/1700000000/init0.mp4", 200, "public, max-age=31536000, immutable"},
		{"Multivariant: a few seconds", "GET", "/live/demo/index.m3u8", 200, "public, max-age=2"},
		{"A blocking answer: about one target duration", "GET", playlistPath + "?_HLS_msn=13&_HLS_part=2", 200, "public, max-age=2"},
		{"Plain playlist: one second", "GET", playlistPath, 200, "public, max-age=1"},
		{"Not-yet 404: one second", "GET", "/live/demo/v0/1700000000/s99.m4s", 404, "public, max-age=1"},
		{"400: no-store", "GET", playlistPath + "?_HLS_part=2", 400, "no-store"},
		{"msn more than 2 ahead 400", "GET", playlistPath + "?_HLS_msn=99", 400, "no-store"},
		{"errors never cached > 1 s", "GET", "/live/demo/v0/1700000000/s500.m4s", 500, "no-store"},
		{"names: a path outside the grammar", "GET", "/live/demo/v0/x", 404, "public, max-age=1"},
		{"no such method", "DELETE", partPath, 405, "no-store"},
		{"range outside", "GET", partPath + "?range", 416, "no-store"},
		{"API: one second", "GET", "/api/v1/streams/demo", 200, "public, max-age=1"},
		{"page", "GET", "/watch/demo", 200, "public, max-age=1"},
		{"file", "GET", "/assets/shoal.wasm", 200, "public, max-age=60"},
		{"a page with a slash too many", "GET", "/watch/demo/", 301, "public, max-age=1"},
		{"the studio's door", "GET", "/studio?name=show", 303, ""},
		{"two slashes", "GET", "//watch/demo", 404, "public, max-age=1"},
		{"no page", "GET", "/nowhere", 404, "public, max-age=1"},
		{"health", "GET", "/healthz", 200, "no-store"},
		{"preflight", "OPTIONS", partPath, 204, ""},
		{"WHIP unknown", "POST", "/whip/demo", 404, "no-store"},
		{"WHIP preflight", "OPTIONS", "/whip/demo", 204, "no-store"},
		{"WHEP unknown", "POST", "/whep/demo", 404, "no-store"},
		{"WHEP preflight", "OPTIONS", "/whep/demo", 204, "no-store"},
	} {
		t.Run(c.line, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEdge(t, Config{Transport: newSource(stage)})
				var headers []string
				if c.status == 416 {
					headers = []string{"Range", "bytes=99999999-"}
				}
				w := ask(e, c.method, c.uri, headers...)
				h := w.Header()
				if w.Code != c.status || h.Get("Cache-Control") != c.control {
					t.Errorf("%d %q, want %d %q", w.Code, h.Get("Cache-Control"), c.status, c.control)
				}
				for name, want := range map[string]string{"Access-Control-Allow-Origin": "*", "Timing-Allow-Origin": "*",
					"X-Content-Type-Options": "nosniff", "Set-Cookie": ""} {
					if got := h.Get(name); got != want {
						t.Errorf("%s: %q, want %q", name, got, want)
					}
				}
				for _, name := range []string{"Authorization", "Content-Type", "If-Match", "Range"} {
					if c.method == "OPTIONS" && !strings.Contains(h.Get("Access-Control-Allow-Headers"), name) {
						t.Errorf("header %s is not allowed", name)
					}
				}
				for _, name := range []string{"ETag", "Link", "Location", "Accept-Patch", "Shoal-No-Sound", wire.PiecesHeader} {
					if !strings.Contains(h.Get("Access-Control-Expose-Headers"), name) {
						t.Errorf("header %s is not exposed", name)
					}
				}
				if c.method == "HEAD" && (w.Body.Len() > 0 || h.Get("Content-Type") != "video/mp4") {
					t.Errorf("HEAD: %d bytes, %v", w.Body.Len(), h)
				}
			})
		})
	}
}

// Clause: http-age
func TestAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Transport: newSource(stage)})
		for _, want := range []string{"0", "7", "14"} {
			if got := get(e, partPath).Header().Get("Age"); got != want {
				t.Errorf("Age %q, want %q", got, want)
			}
			time.Sleep(7 * time.Second)
		}
	})
}

// TestLives counts the fills of a viewer who asks every 100 ms for 10 s.
//
// Clause: hls-cache
func TestLives(t *testing.T) {
	for uri, most := range map[string]int{
		partPath: 1, "/live/demo/index.m3u8": 5, playlistPath: 10, "/live/demo/v0/1700000000/s99.m4s": 10, "/live/nobody/index.m3u8": 10,
		"/api/v1/streams/demo": 10,
	} {
		t.Run(uri, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := newSource(stage)
				e := newEdge(t, Config{Transport: src})
				for range 100 {
					get(e, uri)
					time.Sleep(100 * time.Millisecond)
				}
				if n := src.total(""); n != most {
					t.Errorf("%d fills, want %d", n, most)
				}
			})
		})
	}
}

// Clause: http-conditional
func TestNotModified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Transport: newSource(stage)})
		for _, uri := range []string{playlistPath, "/live/demo/index.m3u8", partPath, "/api/v1/streams/demo", "/assets/shoal-player.js"} {
			for _, encoding := range []string{"", "gzip", "br"} {
				tag := get(e, uri, "Accept-Encoding", encoding).Header().Get("ETag")
				if len(tag) < 4 {
					t.Fatalf("%s: ETag %q", uri, tag)
				}
				for _, match := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
					w := get(e, uri, "If-None-Match", match, "Accept-Encoding", encoding)
					if w.Code != http.StatusNotModified || w.Body.Len() != 0 || w.Header().Get("ETag") != tag {
						t.Errorf("%s: %s: %d, %d bytes", uri, match, w.Code, w.Body.Len())
					}
				}
				if w := get(e, uri, "If-None-Match", `"x"`, "Accept-Encoding", encoding); w.Code != http.StatusOK {
					t.Errorf("%s: another tag: %d", uri, w.Code)
				}
			}
		}
	})
}

// TestPacked asks for a playlist in every way to say what may be packed, and looks that each packing is made once.
//
// Clause: hls-gzip, http-coding
func TestPacked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(playlist(12, 2)))) // so that no more is counted than it has
			stage(w, r)
		})
		e := newEdge(t, Config{Transport: src})
		for accept, want := range map[string]string{"": "", "gzip": "gzip", "GZIP;q=0.5": "gzip", "gzip;q=0": "", "gzip; q=0.00": "", "br;q=0, gzip": "gzip",
			"identity": "", "xgzip": "", "deflate, gzip;q=1.0": "gzip", "br": "br", "gzip, deflate, br, zstd": "br", "brr": "", "br;q=0": ""} {
			w := get(e, playlistPath, "Accept-Encoding", accept)
			if got := w.Header().Get("Content-Encoding"); got != want {
				t.Errorf("%q: coding %q, want %q", accept, got, want)
			}
			var body io.Reader = w.Body
			switch want {
			case "br":
				body = brotli.NewReader(w.Body)
			case "gzip":
				z, err := gzip.NewReader(w.Body)
				if err != nil {
					t.Fatal(err)
				}
				body = z
			}
			text, err := io.ReadAll(body)
			if string(text) != playlist(12, 2) || err != nil || w.Header().Get("Vary") != "Accept-Encoding" {
				t.Errorf("%q: wrong playlist, or no Vary: %v", accept, err)
			}
		}
		o := e.cache.look(playlistPath)
		for _, coding := range []string{"br", "gzip"} {
			_, first := o.packed.choose(coding)
			if _, again := o.packed.choose(coding); &first[0] != &again[0] || !bytes.Equal(first, get(e, playlistPath, "Accept-Encoding", coding).Body.Bytes()) {
				t.Errorf("%s: not packed once", coding)
			}
		}
		if counted, want := o.bytes, overhead+int64(len(o.uri)+len(o.body))+o.packed.room(); counted != want {
			t.Errorf("%d bytes are counted, with all packings there may be %d", counted, want)
		}
		for _, r := range src.seen {
			if r.Header.Get("Accept-Encoding") != "identity" {
				t.Error("a viewer's header went upstream")
			}
		}
	})
}

// TestUpstreamRequestIsTheEdgesOwn: nothing of a viewer's request but the cleaned path goes upstream, so nobody can
// choose what is kept under a path for others.
//
// Clause: edge-own-request
func TestUpstreamRequestIsTheEdgesOwn(t *testing.T) {
	src := newSource(stage)
	e := newEdge(t, Config{Transport: src, Origins: []string{"http://origin.test/base/"}})
	get(e, partPath+"?a=b", "Cookie", "c", "Authorization", "Bearer x", "X-Forwarded-For", "1.2.3.4", "X-Forwarded-Host", "evil",
		"Host", "evil", "Range", "bytes=0-1", "If-None-Match", "x", "Forwarded", "for=1.2.3.4", "User-Agent", "me", "Accept-Encoding", "br", loopField, "cdn.example, shoal-1, shoal-0123456789abcdef")
	if len(src.seen) != 1 {
		t.Fatalf("%d requests", len(src.seen))
	}
	r := src.seen[0]
	if r.URL.String() != "http://origin.test/base"+partPath || r.Host != "origin.test" || r.Method != "GET" {
		t.Errorf("asked %s %s of %s", r.Method, r.URL, r.Host)
	}
	if len(r.Header) != 3 || strings.Contains(r.Header.Get(loopField), "0123456789abcdef") || r.Header.Get(loopField) != e.origins.named(onward("shoal-0123456789abcdef")) || r.Header.Get("User-Agent") != "shoal-edge" || r.Header.Get("Accept-Encoding") != "identity" {
		t.Errorf("headers %v", r.Header)
	}
}

func TestTooLarge(t *testing.T) {
	for _, sized := range []bool{true, false} {
		t.Run(fmt.Sprintf("sized=%v", sized), func(t *testing.T) {
			e := newEdge(t, Config{Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
				if sized {
					w.Header().Set("Content-Length", fmt.Sprint(len(partBytes)))
				}
				w.Write(partBytes)
			}), ObjectBytes: 40000})
			defer e.flights.Wait()
			defer func() {
				recover() // http.ErrAbortHandler, where bytes went out before it was known
				if o := e.cache.look(partPath); o != nil && o.status == http.StatusOK {
					t.Error("it was kept")
				}
			}()
			if w := get(e, partPath); w.Code != http.StatusBadGateway || sized && !strings.Contains(w.Body.String(), "40000") {
				t.Errorf("%d, %d bytes", w.Code, w.Body.Len())
			}
		})
	}
}

// TestSeveralLines: a list may come in several lines (RFC 9110 5.3).
func TestSeveralLines(t *testing.T) {
	e := newEdge(t, Config{Transport: newSource(stage)})
	for _, uri := range []string{partPath, playlistPath, "/assets/shoal-player.js"} {
		r := httptest.NewRequest(http.MethodGet, uri, nil)
		r.Header["If-None-Match"] = []string{`"other"`, get(e, uri, "Accept-Encoding", "gzip").Header().Get("ETag")}
		r.Header["Accept-Encoding"] = []string{"deflate", "gzip"}
		w := httptest.NewRecorder()
		if e.ServeHTTP(w, r); w.Code != http.StatusNotModified || w.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: %d, want 304 of no coding: %v", uri, w.Code, w.Header())
		}
	}
}
