package edge

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/shoal-live/shoal/token"
)

// FuzzOffered: no request panics, and what is taken for a token stands in it.
func FuzzOffered(f *testing.F) {
	f.Add("Bearer a.b.c", "token=a.b.c", "shoal-token=a.b.c")
	f.Add("bearer  x", "a&&token=&token=x&token", "shoal-token=\"x\"; shoal-token")
	f.Add("Basic x", "token==&=token", ";;=;")
	site := newGuests(f, token.EdDSA)
	e := newEdge(f, Config{Transport: newSource(func(w http.ResponseWriter, r *http.Request) {}), Tokens: site.keys})
	f.Fuzz(func(t *testing.T, authorization, query, cookie string) {
		r := &http.Request{Method: http.MethodGet, Header: http.Header{"Authorization": {authorization}, "Cookie": {cookie}}, RemoteAddr: query}
		r.URL = &url.URL{Path: partPath, RawQuery: query}
		text, byQuery, err := offered(r)
		if err != nil && text != "" || byQuery && !strings.Contains(query, "token="+text) || text != "" && !byQuery && !strings.Contains(authorization, text) {
			t.Errorf("%q, %v, %v of %q and %q", text, byQuery, err, authorization, query)
		}
		w := httptest.NewRecorder()
		if e.admit(w, r, target{kind: media, stream: "demo", path: partPath}) || w.Code/100 != 4 {
			t.Errorf("let in: %q %q %q", authorization, query, cookie)
		}
	})
}

// BenchmarkAdmit is what a hit pays for its token, and what one costs that was not seen before.
func BenchmarkAdmit(b *testing.B) {
	site := newGuests(b, token.EdDSA)
	text := site.invite(b, "demo")
	r := httptest.NewRequest(http.MethodGet, partPath, nil)
	r.Header.Set("Authorization", "Bearer "+text)
	t := target{kind: media, stream: "demo", path: partPath}
	for name, config := range map[string]Config{"off": {}, "known": {Tokens: site.keys}} {
		e := newEdge(b, config)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !e.admit(nil, r, t) {
					b.Fatal("refused")
				}
			}
		})
	}
	e := newEdge(b, Config{Tokens: site.keys})
	b.Run("new", func(b *testing.B) {
		for b.Loop() {
			e.admission.known = newKnownTokens(maxKnown)
			if !e.admit(nil, r, t) {
				b.Fatal("refused")
			}
		}
	})
}
