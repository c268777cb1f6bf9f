package edge

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"testing"
)

// TestCodings: a body is packed where that pays, in the coding that is preferred of those that are allowed, and has room for all that may be made of it.
func TestCodings(t *testing.T) {
	text := bytes.Repeat([]byte("#EXTINF:2.000,\n"), 40)
	noise := make([]byte, 600)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	for _, c := range []struct {
		what, accepted string
		body           []byte
		coding         string
	}{
		{"nothing", "", text, ""}, {"gzip", "gzip", text, "gzip"}, {"both", "gzip, br", text, "br"}, {"letters", "GZIP", text, "gzip"},
		{"another", "zstd", text, ""}, {"weighed", "br;q=0, gzip;q=0.1", text, "gzip"}, {"refused", "br;q=0.000, gzip; q=0", text, ""},
		{"anything", "*", text, ""}, {"a small body", "gzip", text[:worthPacking-1], ""}, {"the least", "gzip", text[:worthPacking], "gzip"},
		{"what cannot be packed", "br, gzip", noise, ""}, {"a tab", "gzip;\tq=0", text, ""}, {"tabs all over", "\tbr\t;\tQ=0\t,\tgzip\t;\tq=1\t", text, "gzip"},
		{"gzip rather", "gzip;q=1.0, br;q=0.9", text, "gzip"}, {"br rather", "gzip;q=0.5, br;q=0.501", text, "br"}, {"both alike", "gzip;q=0.8, br;q=0.80", text, "br"},
		{"gzip unweighed", "br;q=0.999, gzip", text, "gzip"}, {"hardly", "br;q=0.001", text, "br"}, {"no weight", "gzip;q=x", text, "gzip"}, {"another parameter", "br;a=b;q=0, gzip", text, "gzip"},
	} {
		p := newPacked(c.body)
		coding, body := p.choose(c.accepted)
		if coding != c.coding || (coding == "") != (body == nil) {
			t.Errorf("%s: %q with %d bytes, want %q", c.what, coding, len(body), c.coding)
		}
		if p != nil && p.room() < int64(len(p.made[0].body)+len(p.made[1].body)) || p != nil && p.room() != 2*int64(len(c.body)) {
			t.Errorf("%s: room for %d", c.what, p.room())
		}
		if coding == "gzip" {
			r, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, c.body) {
				t.Errorf("%s: %q %v", c.what, got, err)
			}
		}
	}
}

// TestTagsOfCodings: what differs in its bytes has another strong tag (RFC 9110 8.8.3.3), and who has one form is not told that it is the other.
func TestTagsOfCodings(t *testing.T) {
	e := newEdge(t, Config{Transport: newSource(stage)})
	for _, uri := range []string{playlistPath, "/assets/shoal-player.js"} {
		forms := map[string]string{}
		for _, coding := range []string{"", "br", "gzip"} {
			w := get(e, uri, "Accept-Encoding", coding)
			if tag := w.Header().Get("ETag"); forms[tag] != "" || tag == "" || w.Header().Get("Content-Encoding") != coding {
				t.Errorf("%s, %q: the tag %s is that of %q too", uri, coding, tag, forms[tag])
			} else {
				forms[tag] = "the form " + coding
			}
		}
		plain := get(e, uri).Header().Get("ETag")
		if w := get(e, uri, "Accept-Encoding", "gzip", "If-None-Match", plain); w.Code != 200 {
			t.Errorf("%s: %d to who has the plain one and asks for another", uri, w.Code)
		}
	}
}
