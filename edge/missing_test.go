package edge

import (
	"bytes"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"

// TestMissingIsPackedOnce: what is sent for one address was packed for another.
func TestMissingIsPackedOnce(t *testing.T) {
	page := bytes.Repeat([]byte("missing"), worthPacking)
	e := newEdge(t, Config{Transport: newSource(stage), Files: fstest.MapFS{"missing.html": {Data: append(page, "{{why}}"...)}}})
	for path, f := range map[string]fault{"/a": noPage, "/b": noPage, "/watch/x/y": noRecording, "/watch/a.b": noName, "/embed/c.d": noName} {
		for i, c := range codings {
			made := &e.shelf.faults[f.word].packed.made[i]
			made.once.Do(func() { made.body = []byte(c.name + " of before: " + f.word) })
			w := get(e, path, "Accept", browser, "Accept-Encoding", c.name)
			if w.Header().Get("Content-Encoding") != c.name || w.Body.String() != c.name+" of before: "+f.word {
				t.Errorf("%s by %s: %q %v", path, c.name, w.Body, w.Header())
			}
		}
		if w := get(e, path, "Accept", browser); !strings.HasSuffix(w.Body.String(), "missing"+f.word) || w.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s as it is: %q %v", path, w.Body, w.Header())
		}
	}
}

// TestMissingInAFrame: of the page that a frame of another site may show, no link opens another within that frame.
func TestMissingInAFrame(t *testing.T) {
	var page []byte
	for _, part := range []string{"shared/top.html", "missing.html"} { // of which it is made
		text, err := os.ReadFile("../player/pages/" + part)
		if err != nil {
			t.Fatal(err)
		}
		page = append(page, text...)
	}
	links := regexp.MustCompile(`<a\s[^>]*>`).FindAllString(string(page), -1)
	for _, link := range links {
		if !strings.Contains(link, ` target="_top"`) {
			t.Errorf("%s opens in the frame", link)
		}
	}
	if len(links) < 4 {
		t.Errorf("found %q", links)
	}
}

// TestMissing: who opens what is no page sees one that says so, and who is no browser's page gets a line of text, as it is of media and the API.
func TestMissing(t *testing.T) {
	e := newEdge(t, Config{Transport: newSource(stage)})
	for path, want := range map[string]string{
		"/nosuch": "noPage", "/watch/a/b": "noPage", "/watch/demo//": "noPage", "/watch/demo/recordings/x": "noPage", "/index.html": "noPage",
		"/watch/": "noName", "/watch/" + strings.Repeat("x", 65): "noName", "/embed/a.b": "noName", "/studio/%C3%A9": "noName", "/studio/a%20b": "noName",
	} {
		w := get(e, path, "Accept", browser)
		h := w.Header()
		if w.Code != http.StatusNotFound || h.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(w.Body.String(), `data-say="`+want+`"`) || strings.Contains(w.Body.String(), "{{") {
			t.Errorf("%s in a browser: %d %q %v", path, w.Code, w.Body, h)
		}
		if h.Get("Cache-Control") != "public, max-age=1" || !strings.Contains(h.Get("Vary"), "Accept,") || h.Get("Content-Security-Policy") != policy {
			t.Errorf("%s in a browser: %v", path, h)
		}
		for _, accept := range []string{"", "*/*", "application/json", "text/html;q=0"} {
			w := get(e, path, "Accept", accept)
			if w.Code != http.StatusNotFound || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" || !strings.HasPrefix(w.Body.String(), "no such ") || !strings.Contains(w.Header().Get("Vary"), "Accept") {
				t.Errorf("%s as %q: %d %q %v", path, accept, w.Code, w.Body, w.Header())
			}
		}
	}
	for _, path := range []string{"/assets/nosuch.js", "/assets/missing.html", "/live/demo/nosuch.m4s", "/api/nosuch", "/whip/a.b"} {
		if w := get(e, path, "Accept", browser); w.Code != http.StatusNotFound || strings.Contains(w.Header().Get("Content-Type"), "html") {
			t.Errorf("%s in a browser: %d %v", path, w.Code, w.Header())
		}
	}
	if w := ask(e, http.MethodHead, "/nosuch", "Accept", browser); w.Code != http.StatusNotFound || w.Body.Len() > 0 || w.Header().Get("Content-Length") == "0" {
		t.Errorf("HEAD: %d %q %v", w.Code, w.Body, w.Header())
	}
	unbuilt := newEdge(t, Config{Transport: newSource(stage), Files: fstest.MapFS{".keep": {}}})
	if w := get(unbuilt, "/nosuch", "Accept", browser); w.Code != http.StatusNotFound || !strings.HasPrefix(w.Body.String(), "no such page") {
		t.Errorf("without pages: %d %q", w.Code, w.Body)
	}
}
