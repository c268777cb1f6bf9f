package origin

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzAddress asks an origin for whatever: something is answered, and never that the fault is ours.
func FuzzAddress(f *testing.F) {
	o, err := New(Config{Data: f.TempDir(), Record: true, DVR: 1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range []string{
		"/live/demo/index.m3u8", "/live/demo/v0/index.m3u8", "/live/demo/v0/1/s1.m4s", "/live/demo/v-0/01/s1.2.m4s", "/live/demo/thumb.jpg", "/whip/demo/x",
		"/live/demo/recordings/20260501T200000Z/index.m3u8", "/live/demo/recordings/20260501T200000Z/v0/index.m3u8", "/live/../../etc/passwd", "/api/v1/streams/x/recordings",
	} {
		f.Add(path, "_HLS_msn=1&_HLS_part=2&_HLS_skip=YES")
	}
	f.Fuzz(func(t *testing.T, path, query string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL = &url.URL{Path: "/" + strings.TrimPrefix(path, "/"), RawQuery: query}
		w := httptest.NewRecorder()
		o.ServeHTTP(w, r)
		if w.Code < 200 || w.Code >= 500 {
			t.Errorf("%q %q: %d %s", path, query, w.Code, w.Body)
		}
	})
}

// FuzzKeyBody has an operator's program send whatever for a key: a key, or what is wrong.
func FuzzKeyBody(f *testing.F) {
	dir := f.TempDir()
	o, err := New(Config{Data: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	api := o.KeyAPI()
	f.Add(`{"name":"show","note":"camera 2","expires":"2099-01-01T00:00:00Z"}`)
	f.Add(`{"name":"show"} {}`)
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, keysPath, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		switch w.Code {
		case http.StatusCreated:
			if err := o.keys.Revoke(w.Header().Get("Location")[len(keysPath)+1:]); err != nil {
				t.Error(err)
			}
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		default:
			t.Errorf("%q: %d %s", body, w.Code, w.Body)
		}
	})
}
