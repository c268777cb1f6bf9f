package ops

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// TestGuard: no web page but the board's own may look or change anything, whatever name it has got hold of.
func TestGuard(t *testing.T) {
	tracker := &admin{is: `["tracker"]`, swarms: one("demo", 1)}
	b := newBoard(t, Config{Own: tracker, Hosts: []string{"ops.example"}, Files: fstest.MapFS{}})
	get(t, b, "/api/v1/ops", nil)
	for host, want := range map[string]int{"evil.example": 421, "ops.example": 200} {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/swarm", nil) // what the board does not answer itself
		r.Host = host
		rw := httptest.NewRecorder()
		if b.ServeHTTP(rw, r); rw.Code != want {
			t.Errorf("the tracker's own, by %s: %d %s, want %d", host, rw.Code, rw.Body, want)
		}
	}
	for name, c := range map[string]struct {
		method, host string
		headers      []string
		want         int
	}{
		"the page":                      {"PATCH", "127.0.0.1:9090", []string{"Origin", "http://127.0.0.1:9090", "Sec-Fetch-Site", "same-origin"}, 200},
		"by IPv6":                       {"PATCH", "[::1]:9090", []string{"Origin", "http://[::1]:9090"}, 200},
		"by localhost":                  {"PATCH", "localhost:9090", []string{"Origin", "http://localhost:9090"}, 200},
		"by a name that is allowed":     {"PATCH", "ops.example", []string{"Origin", "https://ops.example:443"}, 200},
		"no page":                       {"PUT", "localhost:9090", nil, 200},
		"another page":                  {"PATCH", "127.0.0.1:9090", []string{"Origin", "https://evil.example"}, 403},
		"a page of another port":        {"PATCH", "127.0.0.1:9090", []string{"Origin", "http://127.0.0.1:8080"}, 403},
		"a page without a name":         {"PATCH", "127.0.0.1:9090", []string{"Origin", "null"}, 403},
		"a page that hides its name":    {"PATCH", "127.0.0.1:9090", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"a page of the same site":       {"PATCH", "127.0.0.1:9090", []string{"Sec-Fetch-Site", "same-site"}, 403},
		"a form":                        {"PATCH", "127.0.0.1:9090", []string{"Content-Type", "text/plain"}, 415},
		"rebound":                       {"PATCH", "evil.example:9090", []string{"Origin", "http://evil.example:9090", "Sec-Fetch-Site", "same-origin"}, 421},
		"rebound, looking":              {"GET", "evil.example:9090", nil, 421},
		"one that ends like an address": {"GET", "127.0.0.1.evil.example", nil, 421},
		"looking":                       {"GET", "127.0.0.1:9090", nil, 200},
	} {
		path := "/api/v1/ops/control/demo"
		if c.method == "GET" {
			path = "/api/v1/ops"
		}
		r := httptest.NewRequest(c.method, path, strings.NewReader("{}"))
		r.Host = c.host
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(c.headers); i += 2 {
			r.Header.Set(c.headers[i], c.headers[i+1])
		}
		rw := httptest.NewRecorder()
		before := len(tracker.changes)
		b.ServeHTTP(rw, r)
		if rw.Code != c.want || (len(tracker.changes) > before) != (c.want == http.StatusOK && c.method != "GET") {
			t.Errorf("%s: %d %s, want %d; the tracker was told %q", name, rw.Code, rw.Body, c.want, tracker.changes[before:])
		}
	}
}

func TestPage(t *testing.T) {
	files := fstest.MapFS{
		"ops.html": {Data: []byte(`<main data-desk="{{desk}}" data-watch="{{watch}}">`)}, "ops.js": {Data: []byte("1")}, "ops.js.br": {Data: []byte("x")},
		"shoal.wasm": {Data: []byte("x")}, "index.html": {Data: []byte("x")},
	}
	b := newBoard(t, Config{Own: &admin{}, Watch: ":80\"80", Files: files})
	for path, want := range map[string]int{
		"/ops": 200, "/assets/ops.js": 200, "/assets/ops.js.br": 404, "/assets/shoal.wasm": 404, "/assets/index.html": 404, "/assets/none.js": 404, "/assets/a%2Fb.js": 404,
	} {
		if code := get(t, b, path, nil); code != want {
			t.Errorf("%s: %d, want %d", path, code, want)
		}
	}
	rw := httptest.NewRecorder()
	b.ServeHTTP(rw, httptest.NewRequest(http.MethodGet, "http://localhost/ops", nil))
	if got := rw.Body.String(); got != `<main data-desk="yes" data-watch=":80&#34;80">` || !strings.Contains(rw.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Errorf("%s %v", got, rw.Header())
	}
	if code := get(t, newBoard(t, Config{Own: &admin{}, Files: fstest.MapFS{}}), "/ops", nil); code != http.StatusServiceUnavailable {
		t.Errorf("not built: %d", code)
	}
}

func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "10.0.0.2:9091, [::1]:9092,": "", "10.0.0.2": "want HOST:PORT", ":9091": "want HOST:PORT", "http://a:1": "want HOST:PORT", "a:0": "want HOST:PORT",
		"a:1,a:1": "twice", strings.Repeat("a:1,", 1) + manyAddresses(): "too many",
	} {
		if _, err := Addresses(text); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

func manyAddresses() string {
	var all []string
	for i := range mostOthers {
		all = append(all, "b:"+string(rune('1'+i/10))+string(rune('0'+i%10)))
	}
	return strings.Join(all, ",")
}
