package edge

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"
)

// TestWhereBroadcastersGo: the page names what it was told, or the origin of this machine, and never takes an edge for one.
//
// Clause: rtmp-url
func TestWhereBroadcastersGo(t *testing.T) {
	far, near := []string{"http://10.0.0.1:8081"}, []string{"http://10.0.0.1:8081", "http://[::1]:8081"}
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{}, ":1935"},
		{Config{Origins: near}, ":1935"},
		{Config{Origins: []string{"http://localhost:9"}}, ":1935"},
		{Config{Origins: far}, ""},
		{Config{Parents: far}, ""},
		{Config{Origins: far, RTMPPort: "1936"}, ":1936"},
		{Config{Origins: far, RTMPURL: "rtmp://origin.example/live"}, "rtmp://origin.example/live"},
		{Config{Origins: near, RTMPURL: "rtmps://origin.example:1936/live"}, "rtmps://origin.example:1936/live"},
		{Config{RTMPURL: `rtmp://origin.example/"><b>'`}, "rtmp://origin.example/&#34;&gt;&lt;b&gt;&#39;"},
	} {
		c.config.Files = fstest.MapFS{"index.html": {Data: []byte(`<code data-server="{{rtmp}}">`)}}
		c.config.Transport = newSource(stage)
		if got := get(newEdge(t, c.config), "/").Body.String(); got != `<code data-server="`+c.want+`">` {
			t.Errorf("%+v: %s, want %q", c.config, got, c.want)
		}
	}
}

func TestPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(stage)
		e := newEdge(t, Config{Transport: src, TrackerURLs: []string{`wss://t.test/"><x`, "/tracker"}})
		w := get(e, "/watch/demo")
		if got, want := w.Body.String(), `<shoal-player src="demo" name="demo" key="`+testKey+`" tracker="wss://t.test/&#34;&gt;&lt;x,/tracker" p2p="ask"></shoal-player>`; got != want {
			t.Errorf("%s", got)
		}
		recorded := get(e, "/watch/demo/recordings/20260501T200000Z")
		if got := recorded.Body.String(); recorded.Code != http.StatusOK || !strings.Contains(got, `src="demo/recordings/20260501T200000Z" name="demo"`) {
			t.Errorf("a recording's page: %d %s", recorded.Code, got)
		}
		for _, uri := range []string{"/watch/demo/recordings/", "/watch/demo/recordings/20260501T200000Z/", "/watch/demo/recordings/x", "/watch/demo/20260501T200000Z",
			"/watch//recordings/20260501T200000Z", "/watch/de%6do/recordings/20260501T200000%5a"} {
			if w := get(e, uri); w.Code != http.StatusNotFound {
				t.Errorf("%s: %d %s", uri, w.Code, w.Body)
			}
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "'wasm-unsafe-eval'") || !strings.Contains(csp, "worker-src 'self' blob:") {
			t.Errorf("policy %q", csp)
		}
		if w := get(e, "/watch/nobody"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `key=""`) {
			t.Errorf("a stream not known yet: %d %q", w.Code, w.Body)
		}
		for uri, want := range map[string]string{"/": `data-invited="">live now`, "/ops": "ops", "/studio/demo": `name="demo"`,
			"/embed/demo": `class="embed" src="demo"`, "/embed/demo/recordings/20260501T200000Z": `src="demo/recordings/20260501T200000Z"`} {
			if w := get(e, uri); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) ||
				w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
				t.Errorf("%s: %d %q", uri, w.Code, w.Body)
			}
		}
		for uri, framed := range map[string]bool{"/": true, "/watch/demo": true, "/embed/demo": true, "/studio/demo": false, "/ops": false} {
			if csp := get(e, uri).Header().Get("Content-Security-Policy"); strings.Contains(csp, "frame-ancestors 'self'") == framed {
				t.Errorf("%s in frames of other sites: %q", uri, csp)
			}
		}
		if w := get(e, "/favicon.ico"); w.Code != http.StatusNoContent || w.Body.Len() > 0 {
			t.Errorf("an icon of what is no page: %d %q", w.Code, w.Body)
		}
		for _, c := range []struct{ uri, accept, typ, encoding, body string }{
			{"/assets/shoal.wasm", "br, gzip", "application/wasm", "", "\x00asm"},
			{"/assets/shoal-player.js", "", "text/javascript; charset=utf-8", "", "export {}"},
			{"/assets/shoal-player.js", "gzip", "text/javascript; charset=utf-8", "gzip", "gz!"},
			{"/assets/shoal-player.js", "gzip, deflate, br", "text/javascript; charset=utf-8", "br", "br!"},
		} {
			w := get(e, c.uri, "Accept-Encoding", c.accept)
			h := w.Header()
			if w.Body.String() != c.body || h.Get("Content-Type") != c.typ || h.Get("Content-Encoding") != c.encoding {
				t.Errorf("%s %s: %q %v", c.uri, c.accept, w.Body, h)
			}
		}
		before := src.total("/api/")
		for range 100 {
			get(e, "/watch/demo")
		}
		if n := src.total("/api/") - before; n != 0 {
			t.Errorf("%d more requests for the key", n)
		}
	})
}

// TestPagesAsk: whether viewers share is told by the pages. Where nobody has said that they do they are asked, but for the demo.
func TestPagesAsk(t *testing.T) {
	type told struct{ set, demo, path, want string }
	table := []told{
		{"", "", "/watch/demo", "ask"}, {"", "", "/embed/demo", "ask"}, {"", "demo", "/watch/other", "ask"},
		{"", "demo", "/watch/demo", "on"}, {"", "demo", "/embed/demo", "on"}, {"", "demo", "/watch/demo/recordings/20260501T200000Z", "on"},
	}
	for _, mode := range Modes {
		table = append(table, told{mode, "", "/watch/demo", mode}, told{mode, "demo", "/watch/demo", mode})
	}
	for _, c := range table {
		synctest.Test(t, func(t *testing.T) {
			e := newEdge(t, Config{Transport: newSource(stage), P2P: c.set, Demo: c.demo})
			if w := get(e, c.path); !strings.Contains(w.Body.String(), ` p2p="`+c.want+`"`) {
				t.Errorf("%+v: %s", c, w.Body)
			}
		})
	}
	if _, err := New(Config{Origins: []string{"http://127.0.0.1:1"}, P2P: "maybe"}); err == nil || !strings.Contains(err.Error(), "relay-only") {
		t.Errorf("a mode that is none: %v", err)
	}
}

func TestPageWithoutOrigin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Transport: newSource(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })})
		start := time.Now()
		if w := get(e, "/watch/demo"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `key=""`) {
			t.Errorf("%d %q", w.Code, w.Body)
		}
		if d := time.Since(start); d != keyPatience {
			t.Errorf("after %v", d)
		}
		e.flights.Wait()
	})
}

func TestPlayerNotBuilt(t *testing.T) {
	e := newEdge(t, Config{Transport: newSource(stage), Files: fstest.MapFS{".keep": {}}})
	for _, uri := range []string{"/", "/watch/demo", "/ops", "/assets/shoal.wasm"} {
		if w := get(e, uri); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "./scripts/up") {
			t.Errorf("%s: %d %q", uri, w.Code, w.Body)
		}
	}
}

func TestWHIP(t *testing.T) {
	src := newSource(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h := w.Header()
		h.Set("X-Origin-Secret", "1")
		h.Set("Access-Control-Allow-Origin", "http://only.test")
		if r.Header.Get("Authorization") != "Bearer key" || r.Header.Get("Cookie") != "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		h.Set("Location", "/whip/demo/abc")
		h.Set("Content-Type", "application/sdp")
		h.Set("ETag", `"7"`)
		h.Add("Link", `<stun:a>; rel="ice-server"`)
		h.Add("Link", `<stun:b>; rel="ice-server"`)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "%s %s %s %s", r.Method, r.URL, r.Header.Get("Content-Type"), body)
	})
	e := newEdge(t, Config{Transport: src})
	r := httptest.NewRequest("POST", "/whip/demo?key=x", strings.NewReader("v=0"))
	for name, value := range map[string]string{"Authorization": "Bearer key", "Content-Type": "application/sdp", "Cookie": "c"} {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	h := w.Header()
	if w.Code != http.StatusCreated || w.Body.String() != "POST http://127.0.0.1:8081/whip/demo application/sdp v=0" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	if h.Get("Location") != "/whip/demo/abc" || len(h.Values("Link")) != 2 || h.Get("ETag") != `"7"` || h.Get("X-Origin-Secret") != "" ||
		h.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%v", h)
	}
	if w := ask(e, "POST", "/whip/demo"); w.Code != http.StatusUnauthorized {
		t.Errorf("without a key: %d", w.Code)
	}
	w = ask(e, "POST", "/whep/demo", "Authorization", "Bearer key", "Content-Type", "application/sdp")
	if w.Code != http.StatusCreated || !strings.Contains(w.Body.String(), "/whep/demo application/sdp") {
		t.Errorf("WHEP: %d %q", w.Code, w.Body)
	}
	get(e, partPath, "Authorization", "Bearer key")
	if got := src.seen[len(src.seen)-1].Header.Get("Authorization"); got != "" {
		t.Error("Authorization went upstream outside /whip/")
	}
	w = httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest("POST", "/whip/demo", strings.NewReader(strings.Repeat("x", maxSDP+1))))
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a huge offer: %d", w.Code)
	}
}

func TestPublishIsSentOnce(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
	}{{refused, 201}, {io.ErrUnexpectedEOF, 502}} {
		way := &outage{source: newSource(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(201) })}
		way.fail("a.test", c.err)
		e := newEdge(t, Config{Transport: way, Origins: []string{"http://a.test", "http://b.test"}})
		if w := ask(e, "POST", "/whip/demo"); w.Code != c.status {
			t.Errorf("%v: %d, want %d", c.err, w.Code, c.status)
		}
	}
}

func TestSwarmFigures(t *testing.T) {
	for _, c := range []struct {
		name           string
		trackers       []string
		status         int
		location, says string
	}{
		{"a tracker elsewhere", []string{"wss://t.test:8443/tracker?x"}, http.StatusTemporaryRedirect, "https://t.test:8443/api/v1/swarm", ""},
		{"a tracker by path", []string{"/tracker"}, http.StatusOK, "", `{"streams":[],"trackers":[]}`},
		{"several", []string{"wss://t.test/tracker", "ws://u.test:8082/tracker"}, http.StatusOK, "",
			`{"streams":[],"trackers":["https://t.test/api/v1/swarm","http://u.test:8082/api/v1/swarm"]}`},
	} {
		synctest.Test(t, func(t *testing.T) {
			e := newEdge(t, Config{Transport: newSource(stage), TrackerURLs: c.trackers})
			w := get(e, "/api/v1/swarm")
			if w.Code != c.status || w.Header().Get("Location") != c.location || w.Header().Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s: %d, headers %v", c.name, w.Code, w.Header())
			}
			if c.says != "" && strings.TrimSpace(w.Body.String()) != c.says {
				t.Errorf("%s: %s", c.name, w.Body)
			}
		})
	}
}

// TestOneWayToWrite: a page has one path, to which a slash behind it leads, and so has whatever is under /live/ and /api/.
func TestOneWayToWrite(t *testing.T) {
	e := newEdge(t, Config{Transport: newSource(stage)})
	for _, path := range []string{"/watch/demo", "/studio/demo", playlistPath, "/api/v1/streams/demo"} {
		if w := get(e, path); w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
		for _, other := range []string{strings.Replace(path, "demo", "d%65mo", 1), strings.Replace(path, "/demo", "%2fdemo", 1), strings.Replace(path, "/demo", "/%2e/demo", 1),
			strings.Replace(path, "/demo", "//demo", 1), strings.Replace(path, "/demo", "/x/../demo", 1), path + "%00", path + "//", strings.Replace(path, "/demo", "\\demo", 1)} {
			if w := get(e, other); w.Code != http.StatusNotFound {
				t.Errorf("%s: %d, want 404", other, w.Code)
			}
		}
		if w := get(e, path+"/"); w.Code != http.StatusNotFound && w.Header().Get("Location") != path {
			t.Errorf("%s/: %d", path, w.Code)
		}
	}
}

// TestSlashAfterName: an address of a page with a slash behind it leads to the page; one that is not of a page does not.
func TestSlashAfterName(t *testing.T) {
	e := newEdge(t, Config{Transport: newSource(stage)})
	for uri, want := range map[string]string{
		"/watch/demo/": "/watch/demo", "/watch/demo/?lang=pt&p2p=off": "/watch/demo?lang=pt&p2p=off", "/embed/demo/": "/embed/demo", "/studio/demo/": "/studio/demo",
		"/watch/demo//": "", "/watch//": "", "/watch//evil.example/": "", "/watch/a.b/": "", "/watch/%64emo/": "", "/watch/demo/recordings/": "",
	} {
		w := get(e, uri)
		status := http.StatusNotFound
		if want != "" {
			status = http.StatusMovedPermanently
		}
		if w.Code != status || w.Header().Get("Location") != want {
			t.Errorf("%s: %d, to %q, want %q", uri, w.Code, w.Header().Get("Location"), want)
		}
	}
}

// TestStudioDoor: who comes to the studio without the name of a stream is asked for it, and is led there, also without scripts.
func TestStudioDoor(t *testing.T) {
	e := newEdge(t, Config{Transport: newSource(stage)})
	for uri, want := range map[string]struct {
		status   int
		location string
	}{
		"/studio": {200, ""}, "/studio/": {200, ""}, "/studio?name=": {200, ""}, "/studio?name=a%2Fb": {200, ""}, "/studio?name=%2F%2Fevil.example": {200, ""},
		"/studio?name=show": {303, "/studio/show"}, "/studio/?name=%20show+": {303, "/studio/show"}, "/studio/a.b": {404, ""},
	} {
		w := get(e, uri)
		if w.Code != want.status || w.Header().Get("Location") != want.location {
			t.Errorf("%s: %d %v", uri, w.Code, w.Header())
		}
		if w.Code == 200 && (w.Body.String() != "which" || w.Header().Get("Content-Security-Policy") != noFrames) {
			t.Errorf("%s: %q %v", uri, w.Body, w.Header())
		}
	}
}
