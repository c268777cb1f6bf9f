package origin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestWHIPAnswers: whatever a page of another site asks of WHIP, it may read the answer; and nobody is sent elsewhere by anything but 307.
//
// Clause: whip-cors, whip-options, whip-redirect
func TestWHIPAnswers(t *testing.T) {
	h := open(t)
	for _, c := range []struct {
		method, path string
		headers      []string
		want         int
	}{
		{"OPTIONS", "/whip/demo", []string{"Origin", "https://a.example", "Access-Control-Request-Method", "POST"}, 204},
		{"OPTIONS", "/whip/demo/x", []string{"Origin", "https://a.example", "Access-Control-Request-Method", "PATCH"}, 204},
		{"GET", "/whip/demo", nil, 200},
		{"HEAD", "/whip/demo", nil, 200},
		{"POST", "/whip/demo", nil, 401},
		{"POST", "/whip/demo", []string{"Authorization", "Bearer " + h.key}, 415},
		{"POST", "/whip/demo", []string{"Authorization", "Bearer " + h.key, "Content-Type", "application/sdp"}, 400},
		{"POST", "/whip/" + strings.Repeat("x", 65), nil, 404},
		{"PATCH", "/whip/demo/x", []string{"Authorization", "Bearer " + h.key}, 404},
		{"DELETE", "/whip/demo/x", []string{"Authorization", "Bearer " + h.key}, 404},
		{"PUT", "/whip/demo", []string{"Authorization", "Bearer " + h.key}, 405},
		{"POST", "/whip", nil, 404},
		{"POST", "/whip/demo/", nil, 0},
		{"POST", "/whip//demo", nil, 0},
		{"POST", "/whip/./demo", nil, 0},
	} {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(""))
		for i := 0; i < len(c.headers); i += 2 {
			r.Header.Set(c.headers[i], c.headers[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		header := w.Header()
		if c.want != 0 && w.Code != c.want || c.want == 0 && w.Code < 400 && w.Code != http.StatusTemporaryRedirect {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, w.Body)
		}
		if header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s %s: another site's page may not read %d", c.method, c.path, w.Code)
		}
		for _, name := range []string{"ETag", "Link", "Location", "Accept-Patch"} {
			if !strings.Contains(header.Get("Access-Control-Expose-Headers"), name) {
				t.Errorf("%s %s: %s is not shown", c.method, c.path, name)
			}
		}
		if c.method != "OPTIONS" {
			continue
		}
		for _, name := range []string{"Authorization", "Content-Type", "If-Match", "Range"} {
			if !strings.Contains(header.Get("Access-Control-Allow-Headers"), name) {
				t.Errorf("%s: %s may not be sent", c.path, name)
			}
		}
		if header.Get("Accept-Post") != "application/sdp" || !strings.Contains(header.Get("Access-Control-Allow-Methods"), "PATCH") {
			t.Errorf("%s: %v", c.path, header)
		}
	}
}
