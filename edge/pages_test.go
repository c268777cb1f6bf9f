package edge

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// TestPagesAreFilledOnce: who asks for the same page gets the same, packed once; a page of something else is another; and of pages of names that
// anybody thinks of few are kept.
func TestPagesAreFilledOnce(t *testing.T) {
	var p pages
	f, other := &file{body: []byte("<b>{{name}}</b>")}, &file{body: []byte("<i>{{name}}</i>")}
	first := p.filled(f, "{{name}}", "demo")
	if p.filled(f, "{{name}}", "demo") != first {
		t.Error("the same page is filled in twice")
	}
	for _, c := range []struct {
		f          *file
		name, want string
	}{{f, "demo", "<b>demo</b>"}, {f, "x", "<b>x</b>"}, {other, "demo", "<i>demo</i>"}} {
		if got := string(p.filled(c.f, "{{name}}", c.name).body); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	for i := range 10 * mostPages {
		p.filled(f, "{{name}}", strconv.Itoa(i))
	}
	if n := len(p.kept); n > mostPages {
		t.Errorf("%d pages are kept", n)
	}
}

// TestPagesHaveTags: who has a page as it is, in the form that it would come in, is told that; who has another form, or what it was before, or the page of
// something else, gets it. Of a page that is missing there is no tag.
func TestPagesHaveTags(t *testing.T) {
	page := "<h1>{{name}}</h1>" + strings.Repeat("<p>much the same</p>", 50)
	files := fstest.MapFS{"index.html": {Data: []byte(page)}, "watch.html": {Data: []byte(page)}, "missing.html": {Data: []byte(page)}}
	e := newEdge(t, Config{Transport: newSource(stage), Files: files})
	tags := map[string]string{}
	for _, at := range []string{"/", "/watch/demo", "/watch/other"} {
		for _, coding := range []string{"", "gzip", "br"} {
			w := get(e, at, "Accept-Encoding", coding)
			tag := w.Header().Get("ETag")
			if w.Code != http.StatusOK || w.Header().Get("Content-Encoding") != coding || len(tag) < 3 || tag[0] != '"' {
				t.Fatalf("%s in %q: %d, %v", at, coding, w.Code, w.Header())
			}
			if before := tags[tag]; before != "" {
				t.Errorf("%s in %q has the tag of %s", at, coding, before)
			}
			tags[tag] = at + " " + coding
		}
	}
	for tag, of := range tags {
		at, coding, _ := strings.Cut(of, " ")
		for _, has := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
			w := get(e, at, "Accept-Encoding", coding, "If-None-Match", has)
			h := w.Header()
			if w.Code != http.StatusNotModified || w.Body.Len() > 0 || h.Get("ETag") != tag || h.Get("Vary") == "" || h.Get("Cache-Control") != "public, max-age=1" ||
				h.Get("Content-Security-Policy") == "" || h.Get("Content-Encoding") != "" {
				t.Errorf("%s in %q to who has %s: %d, %v", at, coding, has, w.Code, h)
			}
		}
		if w := get(e, at, "Accept-Encoding", coding, "If-None-Match", `"other"`); w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("%s in %q to who has another: %d", at, coding, w.Code)
		}
	}
	if w := get(e, "/nowhere", "Accept", "text/html", "If-None-Match", "*"); w.Code != http.StatusNotFound || w.Header().Get("ETag") != "" || w.Body.Len() == 0 {
		t.Errorf("a page that is missing: %d, %v", w.Code, w.Header())
	}
}
