package edge

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/shoal-live/shoal/token"
)

// TestTokenCookie: who comes with a token by query is given a cookie for what the playlist names, and for nothing else.
func TestTokenCookie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newGuests(t, token.EdDSA)
		e := newEdge(t, Config{Transport: newSource(show(t)), Tokens: site.keys})
		text := site.invite(t, token.AnyStream)
		for name, c := range map[string]struct {
			uri     string
			headers []string
			want    string
		}{
			"playlist":        {"/live/demo/index.m3u8?token=" + text, nil, "; Path=/live/demo/; Max-Age=3600; HttpOnly; SameSite=Lax"},
			"media playlist":  {playlistPath + "?_HLS_msn=12&token=" + text, nil, "; Path=/live/demo/; Max-Age=3600; HttpOnly; SameSite=Lax"},
			"behind TLS":      {"/live/demo/index.m3u8?token=" + text, []string{"X-Forwarded-Proto", "https"}, "; Path=/live/demo/; Max-Age=3600; HttpOnly; Secure; SameSite=None; Partitioned"},
			"media":           {partPath + "?token=" + text, nil, ""},
			"by header":       {"/live/demo/index.m3u8", []string{"Authorization", "Bearer " + text}, ""},
			"with the cookie": {"/live/demo/index.m3u8", []string{"Cookie", tokenCookie + "=" + text}, ""},
		} {
			got := get(e, c.uri, c.headers...).Header().Get("Set-Cookie")
			if c.want != "" {
				c.want = tokenCookie + "=" + text + c.want
			}
			if got != c.want {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
	})
}

// TestPlainPlayerWithToken: an HTTP client that keeps cookies gets all that the playlist names, and no other stream.
func TestPlainPlayerWithToken(t *testing.T) {
	site := newGuests(t, token.EdDSA)
	e := newEdge(t, Config{Transport: newSource(show(t)), Tokens: site.keys})
	server := httptest.NewServer(e)
	defer server.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	player := &http.Client{Jar: jar}
	defer player.CloseIdleConnections()
	for _, c := range []struct {
		path string
		want int
	}{
		{partPath, 401}, {"/live/demo/index.m3u8?token=" + site.invite(t, "demo"), 200}, {playlistPath, 200}, {partPath, 200},
		{"/live/other/index.m3u8", 401},
	} {
		resp, err := player.Get(server.URL + c.path)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.want {
			t.Errorf("%s: %d, want %d", c.path, resp.StatusCode, c.want)
		}
	}
}

// TestManyCookies: a few cookies are looked at, since each may cost a signature.
func TestManyCookies(t *testing.T) {
	site, other := newGuests(t, token.EdDSA), newGuests(t, token.EdDSA)
	for _, c := range []struct{ before, status int }{{0, 200}, {maxCookies - 1, 200}, {maxCookies, 401}} {
		e := newEdge(t, Config{Transport: newSource(show(t)), Tokens: site.keys, Audience: "here"})
		cookies := strings.Repeat(tokenCookie+"="+other.invite(t, "demo")+"; ", c.before) + tokenCookie + "=" + site.invite(t, "demo")
		if w := get(e, partPath, "Cookie", cookies); w.Code != c.status {
			t.Errorf("after %d others: %d, want %d", c.before, w.Code, c.status)
		}
	}
}
