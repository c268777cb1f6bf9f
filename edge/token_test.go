package edge

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/shoal-live/shoal/token"
)

// TestTokenRefusals: who has no good token gets an answer that says what to do, and nothing is asked or kept for it.
func TestTokenRefusals(t *testing.T) {
	site, other := newGuests(t, token.EdDSA, token.HS256), newGuests(t, token.EdDSA)
	public, err := newGuests(t, token.EdDSA).keys.Public()
	if err != nil {
		t.Fatal(err)
	}
	mixed := guests{public} // whose public key is taken for a secret
	good := site.invite(t, "demo")
	bearer := func(text string) []string { return []string{"Authorization", "Bearer " + text} }
	until := func(d time.Duration) func(*token.Claims) {
		return func(c *token.Claims) { c.Expires = time.Now().Add(d) }
	}
	for _, c := range []struct {
		name    string
		query   string
		headers []string
		status  int
		says    string
		error   string // of the challenge
	}{
		{"no token", "", nil, 401, "open the link", ""},
		{"an empty one", "?token=", []string{"Authorization", "Bearer"}, 401, "open the link", ""},
		{"another scheme", "", []string{"Authorization", "Basic " + good}, 401, "open the link", ""},
		{"a name alike", "?mytoken=" + good, nil, 401, "open the link", ""},
		{"another stream", "", bearer(site.invite(t, "other")), 403, "another stream", "insufficient_scope"},
		{"another stream, by query", "?token=" + site.invite(t, "other"), nil, 403, "another stream", "insufficient_scope"},
		{"another stream, by cookie", "", []string{"Cookie", tokenCookie + "=" + site.invite(t, "other")}, 403, "another stream", "insufficient_scope"},
		{"other letters", "", bearer(site.invite(t, "Demo")), 403, "another stream", "insufficient_scope"},
		{"another network", "", bearer(site.invite(t, "demo", func(c *token.Claims) { c.Prefix = netip.MustParsePrefix("198.51.100.0/24") })), 403, "addresses", "insufficient_scope"},
		{"expired", "", bearer(site.invite(t, "demo", until(-time.Minute))), 401, "expired", "invalid_token"},
		{"another audience", "", bearer(site.invite(t, "demo", func(c *token.Claims) { c.Audience = "there" })), 401, "audience", "invalid_token"},
		{"no audience", "", bearer(site.invite(t, "demo", func(c *token.Claims) { c.Audience = "" })), 401, "audience", "invalid_token"},
		{"another's key", "", bearer(other.invite(t, "demo")), 401, "key", "invalid_token"},
		{"alg none", "", bearer(forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType)), 401, "HS256 or EdDSA", "invalid_token"},
		{"alg none, cut", "", bearer(strings.TrimRight(forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType), ".")), 401, "JWT", "invalid_token"},
		{"HS512", "", bearer(forge(t, jwt.SigningMethodHS512, []byte(strings.Repeat("k", 64)))), 401, "HS256 or EdDSA", "invalid_token"},
		{"a public key as secret", "", bearer(forge(t, jwt.SigningMethodHS256, secretOf(t, mixed.keys))), 401, "key", "invalid_token"},
		{"a changed letter", "", bearer(flip(good)), 401, "key", "invalid_token"},
		{"a megabyte", "", bearer(strings.Repeat("a", 1<<20)), 401, "longer than", "invalid_token"},
		{"a megabyte by query", "?token=" + strings.Repeat("a", 20<<10), nil, 401, "longer than", "invalid_token"},
		{"a megabyte by cookie", "", []string{"Cookie", tokenCookie + "=" + strings.Repeat("a", 1<<20)}, 401, "longer than", "invalid_token"},
		{"garbage", "", bearer("a.b.c"), 401, "JWT", "invalid_token"},
		{"two tokens", "?token=" + site.invite(t, "demo", until(2*time.Hour)), bearer(good), 400, "two different", "invalid_request"},
		{"two by query", "?token=" + good + "&token=" + site.invite(t, "demo", until(2*time.Hour)), nil, 400, "two different", "invalid_request"},
		{"a bad header beside a good cookie", "", append(bearer("a.b.c"), "Cookie", tokenCookie+"="+good), 401, "JWT", "invalid_token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := newSource(show(t))
			e := newEdge(t, Config{Transport: src, Tokens: site.keys, Audience: "here"})
			for _, path := range []string{"/live/demo/index.m3u8", playlistPath, partPath, "/live/demo/thumb.jpg", "/live/demo/recordings/20260501T200000Z/thumb.jpg",
				"/live/demo/recordings/20260501T200000Z/index.m3u8"} {
				for _, method := range []string{http.MethodGet, http.MethodHead} {
					w := ask(e, method, path+c.query, c.headers...)
					h := w.Header()
					if w.Code != c.status || method == http.MethodGet && !strings.Contains(w.Body.String(), c.says) {
						t.Errorf("%s %s: %d %q, want %d and %q", method, path, w.Code, w.Body, c.status, c.says)
					}
					if h.Get("Cache-Control") != "no-store" || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Set-Cookie") != "" {
						t.Errorf("%s %s: %v", method, path, h)
					}
					challenge := h.Get("WWW-Authenticate")
					if !strings.HasPrefix(challenge, `Bearer realm="shoal"`) || !strings.HasSuffix(challenge, `error="`+c.error+`"`) && c.error != "" {
						t.Errorf("%s %s: challenge %q, want %q", method, path, challenge, c.error)
					}
				}
			}
			if n := src.total(""); n != 0 || len(e.cache.objects) != 0 || e.admission.known.len() > 1 {
				t.Errorf("%d requests upstream, %d objects, %d tokens for who was not let in", n, len(e.cache.objects), e.admission.known.len())
			}
		})
	}
}

// TestTokensAdmit: by header, query or cookie, one or all; viewers with different tokens share one fill, and each is asked for its own.
//
// Clause: hls-tokens
func TestTokensAdmit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newGuests(t, token.HS256)
		old := site.invite(t, "demo")
		var err error
		if site.keys, err = site.keys.With(token.EdDSA); err != nil { // a new key, while the tokens of the old one hold
			t.Fatal(err)
		}
		src := newSource(show(t))
		e := newEdge(t, Config{Transport: src, Tokens: site.keys, Audience: "here"})
		any, other := site.invite(t, token.AnyStream), site.invite(t, "other")
		fresh := site.invite(t, "demo", func(c *token.Claims) { c.Prefix = netip.MustParsePrefix("192.0.2.0/24") }) // httptest's viewers are there
		ways := map[string]func(path string) (string, []string){
			"header":             func(p string) (string, []string) { return p, []string{"Authorization", "Bearer " + old} },
			"header, small":      func(p string) (string, []string) { return p, []string{"Authorization", "bearer  " + fresh} },
			"query":              func(p string) (string, []string) { return p + "?token=" + fresh, nil },
			"query among others": func(p string) (string, []string) { return p + "?a=b&token=" + any + "&_HLS_skip=YES", nil },
			"cookie":             func(p string) (string, []string) { return p, []string{"Cookie", "a=b; " + tokenCookie + "=" + any} },
			"second cookie": func(p string) (string, []string) {
				return p, []string{"Cookie", tokenCookie + "=" + other + "; " + tokenCookie + "=" + old}
			},
			"query, and a cookie": func(p string) (string, []string) {
				return p + "?token=" + old, []string{"Cookie", tokenCookie + "=" + other}
			},
			"twice the same": func(p string) (string, []string) {
				return p + "?token=" + old, []string{"Authorization", "Bearer " + old}
			},
		}
		for name, way := range ways {
			for _, path := range []string{playlistPath, partPath} {
				uri, headers := way(path)
				w := get(e, uri, headers...)
				if w.Code != http.StatusOK {
					t.Errorf("%s, %s: %d %q", name, path, w.Code, w.Body)
				}
				if got := w.Header().Get("Cache-Control"); !strings.HasPrefix(got, "private, max-age=") || strings.Contains(got, "public") {
					t.Errorf("%s, %s: a cache in front may keep it: %q", name, path, got)
				}
			}
		}
		for _, reload := range []string{"?_HLS_msn=13&_HLS_part=3", ""} { // held, and what that leaves behind
			if got := get(e, playlistPath+reload, "Authorization", "Bearer "+old).Header().Get("Cache-Control"); got != "private, max-age=1" {
				t.Errorf("playlist %q: %q", reload, got)
			}
		}
		if n := src.total(partPath); n != 1 {
			t.Errorf("%d fills for %d viewers with tokens of their own", n, len(ways))
		}
		if n := src.total(playlistPath); n != 3 { // whole, as a delta, and held
			t.Errorf("%d requests for the playlist", n)
		}
		if n := testutil.ToFloat64(e.admission.checks); n != 4 {
			t.Errorf("%v signatures were checked of 4 tokens", n)
		}
		if w := get(e, "/"); !strings.Contains(w.Body.String(), `data-invited="only"`) {
			t.Errorf("the page of what is live asks for pictures: %s", w.Body)
		}
		for _, uri := range []string{"/", "/watch/demo", "/studio/demo", "/assets/shoal.wasm", "/api/v1/streams", "/healthz"} {
			if w := get(e, uri); w.Code == http.StatusUnauthorized || strings.Contains(w.Header().Get("Cache-Control"), "private") {
				t.Errorf("%s wants a token: %d %v", uri, w.Code, w.Header())
			}
		}
		if w := ask(e, http.MethodOptions, partPath, "Origin", "https://tv.example", "Access-Control-Request-Headers", "authorization"); w.Code != http.StatusNoContent ||
			!strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "Authorization") {
			t.Errorf("a page of another site may not send its token: %d %v", w.Code, w.Header())
		}
	})
}

// TestTokensVary: a browser that has a playlist does not show it to who opens another link in it, within its max-age; media it has, whatever the token.
func TestTokensVary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newGuests(t, token.EdDSA)
		header := []string{"Authorization", "Bearer " + site.invite(t, "demo")}
		locked, open := newEdge(t, Config{Transport: newSource(show(t)), Tokens: site.keys}), newEdge(t, Config{Transport: newSource(show(t))})
		for _, uri := range []string{"/live/demo/index.m3u8", playlistPath, playlistPath + "?_HLS_msn=13&_HLS_part=2", playlistPath + "?_HLS_skip=YES", "/live/demo/thumb.jpg", partPath} {
			w := get(locked, uri, header...)
			tag := w.Header().Get("ETag")
			unchanged := get(locked, uri, append(header, "If-None-Match", tag)...)
			want := "Accept-Encoding, Authorization, Cookie"
			if uri == partPath {
				want = ""
			}
			if got := w.Header().Get("Vary"); w.Code != http.StatusOK || got != want {
				t.Errorf("%s: %d, Vary %q, want %q", uri, w.Code, got, want)
			}
			if got := unchanged.Header().Get("Vary"); unchanged.Code != http.StatusNotModified || got != want { // RFC 9110 15.4.5
				t.Errorf("%s: %d, Vary %q, want %q", uri, unchanged.Code, got, want)
			}
			if got := get(open, uri).Header().Get("Vary"); strings.Contains(got, "Authorization") {
				t.Errorf("%s, for everybody: Vary %q", uri, got)
			}
		}
		time.Sleep(2 * time.Second)
		for range 2 { // what is served while the origin fails varies too, and the newest list that a held one left
			if got := get(locked, playlistPath, header...).Header().Get("Vary"); got != "Accept-Encoding, Authorization, Cookie" {
				t.Errorf("later: Vary %q", got)
			}
			locked.config.Transport.(*source).handler = func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadGateway) }
			time.Sleep(2 * time.Second)
		}
	})
}

// TestTokenEnds: a token that is known ends when it says, within the leeway of clocks, and costs one signature till then.
func TestTokenEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newGuests(t, token.EdDSA)
		e := newEdge(t, Config{Transport: newSource(show(t)), Tokens: site.keys})
		text := site.invite(t, "demo", func(c *token.Claims) { c.Expires = time.Now().Add(10 * time.Second) })
		asked := 0
		for range 60 {
			w := get(e, partPath, "Authorization", "Bearer "+text)
			if w.Code != http.StatusOK {
				if !strings.Contains(w.Body.String(), "expired") {
					t.Errorf("%q", w.Body)
				}
				break
			}
			asked++
			time.Sleep(time.Second / 2)
		}
		if asked != 30 { // 10 s, and 5 of leeway
			t.Errorf("it was good for %d half seconds", asked)
		}
		if n := testutil.ToFloat64(e.admission.checks); n != 1 {
			t.Errorf("its signature was checked %v times", n)
		}
		if n := testutil.ToFloat64(e.admission.refusals.WithLabelValues("expired")); n != 1 {
			t.Errorf("%v refusals are counted", n)
		}
	})
}

func TestShown(t *testing.T) {
	a := &admission{keys: &token.Keys{}}
	for control, want := range map[string]string{
		"public, max-age=31536000, immutable":    "private, max-age=31536000, immutable",
		"max-age=1":                              "private, max-age=1",
		"Public,S-MaxAge=9, max-age=2":           "private, max-age=2",
		"no-store":                               "no-store",
		"max-age=1, no-store":                    "no-store",
		"":                                       "private",
		"private, max-age=1, stale-if-error=60":  "private, max-age=1, stale-if-error=60",
		"max-age=1, proxy-revalidate, no-store ": "no-store",
	} {
		if got := a.shown(target{kind: media}, control); got != want {
			t.Errorf("%q is shown as %q, want %q", control, got, want)
		}
		if got := a.shown(target{kind: api}, control); got != control {
			t.Errorf("the API's %q is shown as %q", control, got)
		}
		if got := (&admission{}).shown(target{kind: media}, control); got != control {
			t.Errorf("without tokens %q is shown as %q", control, got)
		}
	}
}

// TestTokenBehindProxy: the network that a token is for is the viewer's, as a proxy tells that is trusted, and nobody else.
func TestTokenBehindProxy(t *testing.T) {
	site := newGuests(t, token.EdDSA)
	text := site.invite(t, "demo", func(c *token.Claims) { c.Prefix = netip.MustParsePrefix("198.51.100.0/24") })
	for _, c := range []struct {
		proxies, forwarded string
		status             int
	}{
		{"192.0.2.0/24", "198.51.100.7", 200}, {"192.0.2.0/24", "203.0.113.9", 403}, {"192.0.2.0/24", "198.51.100.7, 203.0.113.9", 403},
		{"203.0.113.0/24", "198.51.100.7", 403},
	} {
		e := newEdge(t, Config{Transport: newSource(show(t)), Tokens: site.keys, Audience: "here", TrustedProxies: []netip.Prefix{netip.MustParsePrefix(c.proxies)}})
		for _, field := range [][2]string{{"Authorization", "Bearer " + text}, {"Cookie", tokenCookie + "=" + text}} {
			if w := get(e, playlistPath, field[0], field[1], "X-Forwarded-For", c.forwarded); w.Code != c.status {
				t.Errorf("%s of %q, by %s: %d, want %d", c.forwarded, c.proxies, field[0], w.Code, c.status)
			}
		}
	}
}
