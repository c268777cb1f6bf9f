package edge

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/token"
)

// TestTokensAhead: what is at hand is for who brings a token that is known, in whichever way, and goes past the server then; who brings
// none, or another, is answered as the server does. The origin sees nothing of tokens, and the cache has one of each.
func TestTokensAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newGuests(t, "EdDSA")
		good, other := site.invite(t, "demo"), site.invite(t, "other")
		mine := site.invite(t, "demo", func(c *token.Claims) { c.Expires = c.Expires.Add(time.Minute) })
		src := newSource(show(t))
		front := newEdge(t, Config{Transport: src, Tokens: site.keys, Audience: "here"})
		behind := newEdge(t, Config{Transport: newSource(show(t)), Tokens: site.keys, Audience: "here"})
		cache := &counting{Edge: front}
		viewer, end := serveAhead(front, cache)
		server, stop := serve(behind)
		defer stop()
		readers := map[net.Conn]*bufio.Reader{viewer: bufio.NewReader(viewer), server: bufio.NewReader(server)}
		answerOf := func(conn net.Conn, uri, fields string) string {
			io.WriteString(conn, "GET "+uri+" HTTP/1.1\r\nHost: a\r\n"+fields+"\r\n")
			r, err := http.ReadResponse(readers[conn], nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Del("Content-Length") // whether a body is known to be whole depends on how soon it came
			var b bytes.Buffer
			r.Header.Write(&b)
			return r.Status + "\n" + b.String() + string(body)
		}
		for _, c := range []struct {
			query, fields string
			status        string
			atHand        int // of three targets
		}{
			{"", "Authorization: Bearer " + good + "\r\n", "200", 3},
			{"", "authorization: bEaReR  " + good + "\r\n", "200", 3},
			{"token=" + good, "", "200", 3},
			{"token=" + good, "X-Forwarded-Proto: https\r\n", "200", 3},
			{"token=" + good, "Cookie: " + tokenCookie + "=" + other + "\r\n", "200", 3},
			{"", "Cookie: a=b; " + tokenCookie + "=" + other + ";" + tokenCookie + "=" + good + "; c\r\n", "200", 3},
			{"token=" + good, "Authorization: Bearer " + good + "\r\n", "200", 0}, // the server's to see that they are the same
			{"", "Cookie: " + tokenCookie + "=\"" + good + "\"\r\n", "200", 0},
			{"", "", "401", 0},
			{"token=", "", "401", 0},
			{"token=" + good + "&token=" + mine, "", "400", 0},
			{"token=" + mine, "Authorization: Bearer " + good + "\r\n", "400", 0},
			{"token=" + other, "Cookie: " + tokenCookie + "=" + good + "\r\n", "403", 0},
			{"", "Authorization: Bearer " + other + "\r\n", "403", 0},
			{"", "Authorization: Basic " + good + "\r\n", "401", 0},
			{"", "Authorization: Bearer " + good + "\r\nAuthorization: Bearer " + mine + "\r\n", "400", 0},
			{"", "Cookie: " + strings.Repeat(tokenCookie+"="+other+"; ", maxCookies) + tokenCookie + "=" + good + "\r\n", "403", 0},
			{"token=" + flip(good), "", "401", 0},
		} {
			atHand := 0
			for _, uri := range []string{partPath, playlistPath, playlistPath + "?_HLS_skip=YES"} {
				with := uri
				switch path, query, is := strings.Cut(uri, "?"); {
				case c.query != "" && is && len(c.fields) > 0:
					with = path + "?" + c.query + "&" + query
				case c.query != "" && is:
					with = uri + "&" + c.query
				case c.query != "":
					with = uri + "?" + c.query
				}
				for range 2 { // it is at hand, and the token known, the second time
					hits := cache.hits.Load()
					got, want := answerOf(viewer, with, c.fields), answerOf(server, with, c.fields)
					if got != want || got[:3] != c.status {
						t.Errorf("%s with %q: %.600s\n-- by the server: %.600s", with, c.fields, got, want)
					}
					if hits = cache.hits.Load() - hits; hits > 0 && got[:3] != "200" {
						t.Errorf("%s with %q was at hand", with, c.fields)
					} else if atHand += int(hits); hits == 0 {
						continue
					}
					break
				}
			}
			if atHand != c.atHand {
				t.Errorf("%q with %q: %d were at hand, want %d", c.query, c.fields, atHand, c.atHand)
			}
		}
		if n := src.total("/"); n != 3 {
			t.Errorf("%d requests upstream, want 3", n)
		}
		end()
		time.Sleep(2 * time.Hour)
		viewer, end = serveAhead(front, cache)
		defer end()
		readers[viewer] = bufio.NewReader(viewer)
		hits := cache.hits.Load()
		if got := answerOf(viewer, partPath, "Authorization: Bearer "+good+"\r\n"); got[:3] != "401" || cache.hits.Load() != hits {
			t.Errorf("after its end: %.300s", got)
		}
	})
}

// TestCookieAhead: who brings its token by query is given a cookie, though what it asks for is at hand, and who has waited for it with others.
func TestCookieAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newGuests(t, "EdDSA")
		e := newEdge(t, Config{Transport: newSource(stage), Tokens: site.keys, Audience: "here"})
		viewer, end := serveAhead(e, e)
		defer end()
		reader := bufio.NewReader(viewer)
		for _, uri := range []string{playlistPath + "?", playlistPath + "?", "/live/demo/index.m3u8?", playlistPath + "?_HLS_msn=12&_HLS_part=1&"} {
			io.WriteString(viewer, "GET "+uri+"token="+site.invite(t, "demo")+" HTTP/1.1\r\nHost: a\r\n\r\n")
			r, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			if io.Copy(io.Discard, r.Body); r.StatusCode != http.StatusOK || len(r.Cookies()) != 1 {
				t.Errorf("%s: %d with %d cookies", uri, r.StatusCode, len(r.Cookies()))
			}
		}
	})
}
