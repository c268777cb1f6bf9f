package edge

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

const (
	longAgo   = "Thu, 01 Jan 1998 00:00:00 GMT"
	nineAfter = "Thu, 01 Jan 1998 00:00:09 GMT"
)

// TestFreshness holds what is kept, and for how long, against RFC 9111, a clause a row. Head is what the origin says of a part; the
// edge is asked for it each second for ten seconds.
//
// Clause: http-fresh
func TestFreshness(t *testing.T) {
	for _, c := range []struct {
		clause, head string
		fills        int // of ten requests
		control      string
	}{
		{"3: no-store is not kept", "Cache-Control: no-store", 10, "no-store"},
		{"3, 5.2.2.7: private is not kept by a shared cache", "Cache-Control: private, max-age=60", 10, "private, max-age=60"},
		{"5.2.2.7: nor where it names headers only", `Cache-Control: private="set-cookie, x", max-age=60`, 10, `private="set-cookie, x", max-age=60`},
		{"5.2.2.4: no-cache is not used without asking", "Cache-Control: no-cache", 10, "no-cache"},
		{"5.2: names are case-insensitive", "Cache-Control: No-Store", 10, "No-Store"},
		{"5.2.2.1: max-age", "Cache-Control: max-age=3", 4, "max-age=3"},
		{"5.2.2.10: s-maxage goes before max-age, which stands first", "Cache-Control: max-age=60, s-maxage=3", 4, "max-age=60, s-maxage=3"},
		{"5.2.2.10: or last", "Cache-Control: s-maxage=3, max-age=60", 4, "s-maxage=3, max-age=60"},
		{"RFC 9110 5.3: two lines are one list", "Cache-Control: public\nCache-Control: no-store", 10, "public, no-store"},
		{"4.2.1: of two the first counts", "Cache-Control: max-age=3, max-age=60", 4, "max-age=3, max-age=60"},
		{"4.2.1: the strictest wins", "Cache-Control: max-age=60, no-cache", 10, "max-age=60, no-cache"},
		{"4.2.1: what is no number is stale", "Cache-Control: max-age=soon", 10, "max-age=soon"},
		{"4.2.1: nor is a negative one", "Cache-Control: max-age=-5", 10, "max-age=-5"},
		{"1.2.2: too large a number is a large one", "Cache-Control: max-age=99999999999999999999", 1, "max-age=99999999999999999999"},
		{"5.2: quoted", `Cache-Control: max-age="3"`, 4, `max-age="3"`},
		{"4.2.1, 5.3: Expires less Date, where there is no max-age", "Date: " + longAgo + "\nExpires: " + nineAfter, 2, "max-age=9"},
		{"5.3: Expires in the past", "Expires: " + longAgo, 10, "max-age=0"},
		{"5.3: Expires that is no date has expired", "Expires: 0", 10, "max-age=0"},
		{"5.3: max-age goes before Expires", "Expires: 0\nCache-Control: max-age=60", 1, "max-age=60"},
		{"4.1: Vary: * fits no other request", "Vary: Accept, *\nCache-Control: max-age=60", 10, "max-age=60"},
		{"4.1: all requests of an edge are alike", "Vary: Accept-Encoding, Cookie\nCache-Control: max-age=60", 1, "max-age=60"},
		{"4.2.3: Age counts", "Age: 57\nCache-Control: max-age=60", 4, "max-age=60"},
		{"5.1: an Age that is no number is ignored", "Age: old\nCache-Control: max-age=60", 1, "max-age=60"},
		{"4.2.2: where nothing is said it is known of media", "X: y", 1, immutable},
		{"4.2: unknown directives are ignored", "Cache-Control: community=\"UCI, x\", max-age=60", 1, `community="UCI, x", max-age=60`},
	} {
		t.Run(c.clause, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := newSource(func(w http.ResponseWriter, r *http.Request) {
					for line := range strings.SplitSeq(c.head, "\n") {
						name, value, _ := strings.Cut(line, ": ")
						w.Header().Add(name, value)
					}
					w.Write(partBytes)
				})
				e := newEdge(t, Config{Transport: src})
				for range 10 {
					if w := get(e, partPath); w.Code != http.StatusOK || w.Header().Get("Cache-Control") != c.control {
						t.Fatalf("%d %q, want %q", w.Code, w.Header().Get("Cache-Control"), c.control)
					}
					time.Sleep(time.Second)
				}
				if n := src.total(""); n != c.fills {
					t.Errorf("%d fills, want %d", n, c.fills)
				}
				if e.flights.Wait(); c.fills == 10 && e.cache.look(partPath) != nil {
					t.Error("it is kept all the same")
				}
			})
		})
	}
}

// TestStaleIsForbidden: what says that it must not be used once it is stale is not, whatever becomes of the origin. Else a playlist is, for
// origin and edge have agreed on that (4.2.4).
//
// Clause: http-stale
func TestStaleIsForbidden(t *testing.T) {
	for control, want := range map[string]int{
		"max-age=1": http.StatusOK, "max-age=1, must-revalidate": http.StatusBadGateway, "max-age=1, proxy-revalidate": http.StatusBadGateway,
		"s-maxage=1": http.StatusBadGateway, "no-cache": http.StatusBadGateway, "private, max-age=1": http.StatusBadGateway,
	} {
		for _, broken := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				var broke bool
				way := &outage{source: newSource(func(w http.ResponseWriter, r *http.Request) {
					if broke {
						w.WriteHeader(http.StatusBadGateway)
						return
					}
					w.Header().Set("Cache-Control", control)
					fmt.Fprint(w, playlist(12, 2))
				})}
				e := newEdge(t, Config{Transport: way})
				get(e, playlistPath)
				if broke = broken; !broken {
					way.fail("127.0.0.1:8081", refused)
				}
				time.Sleep(2 * time.Second)
				w := get(e, playlistPath)
				if w.Code != want || want == http.StatusOK && w.Header().Get("Age") != "2" {
					t.Errorf("%s, broken %v: %d, Age %q, want %d", control, broken, w.Code, w.Header().Get("Age"), want)
				}
			})
		}
	}
}

// TestAgeOfAnotherCache: what comes is as old as its way here took, and from a parent edge as that says besides; but not by how long it was held.
//
// Clause: http-age
func TestAgeOfAnotherCache(t *testing.T) {
	for _, c := range []struct{ uri, age, want string }{
		{partPath, "5", "7"}, {partPath, "", "2"}, {playlistPath + "?_HLS_msn=13&_HLS_part=2", "5", "5"}, {playlistPath + "?_HLS_msn=13&_HLS_part=2", "", "0"},
		{partPath, "5, 50", "7"}, {partPath, "-5", "2"}, {partPath, "99999999999999999999", "31536002"}, // RFC 9111 5.1, 1.2.2
	} {
		synctest.Test(t, func(t *testing.T) {
			e := newEdge(t, Config{Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.RequestURI() == c.uri {
					time.Sleep(2 * time.Second)
				}
				if c.age != "" {
					w.Header().Set("Age", c.age)
				}
				w.Header().Set("Cache-Control", "max-age=60")
				fmt.Fprint(w, playlist(12, 2+len(r.URL.RawQuery)/17))
			})})
			if w := get(e, c.uri); w.Header().Get("Age") != c.want {
				t.Errorf("%s, of Age %q: %d, Age %q, want %q", c.uri, c.age, w.Code, w.Header().Get("Age"), c.want)
			}
		})
	}
}

// TestPackedOrigin: an answer that is packed, which was not asked for, is not handed on as what it is not.
//
// Clause: http-coding
func TestPackedOrigin(t *testing.T) {
	e := newEdge(t, Config{Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		fmt.Fprint(w, "\x1f\x8b")
	})})
	defer e.flights.Wait()
	if w := get(e, playlistPath); w.Code != http.StatusBadGateway || !strings.Contains(w.Body.String(), "packed") {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

// TestRequestDirectives: what a viewer says of caches makes no request of the origin. These directives are advisory (RFC 9111 5.2.1), and who
// could have the edge ask anew could have it ask for ever.
//
// Clause: http-request-directives
func TestRequestDirectives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(stage)
		e := newEdge(t, Config{Transport: src})
		for _, control := range []string{"", "no-cache", "no-store", "max-age=0", "min-fresh=99999999", "max-stale=0", "only-if-cached"} {
			if w := get(e, partPath, "Cache-Control", control, "Pragma", "no-cache"); w.Code != http.StatusOK {
				t.Errorf("%q: %d", control, w.Code)
			}
		}
		if n := src.total(""); n != 1 {
			t.Errorf("%d fills", n)
		}
	})
}

// FuzzAnswerHead: whatever an origin says of an answer, it was not born later than now, is not kept for longer than it may be, and viewers are told nothing
// that breaks a head.
func FuzzAnswerHead(f *testing.F) {
	f.Add(200, "5", "Sun, 29 Nov 2026 00:00:00 GMT", "Sat, 28 Nov 2026 00:00:00 GMT", "3", "video/mp4", "abc", "")
	f.Add(404, "99999999999999999999", "0", "", "-1", "\r\nX: y", "a,b\"", "max-age=9")
	f.Fuzz(func(t *testing.T, status int, age, expires, date, retry, typ, pieces, control string) {
		h := http.Header{}
		for name, value := range map[string]string{"Age": age, "Expires": expires, "Date": date, "Retry-After": retry, "Content-Type": typ, wire.PiecesHeader: pieces, "Cache-Control": control} {
			h[http.CanonicalHeaderKey(name)] = []string{value}
		}
		resp, now := &http.Response{StatusCode: status, Header: h}, time.Now()
		for _, at := range []target{{kind: media, path: partPath}, {kind: mediaPlaylist, path: playlistPath}, {kind: mediaPlaylist, path: playlistPath, reload: reload{held: true}}, {kind: api}} {
			if born := birth(at, resp, now.Add(-time.Second), now); born.After(now) || now.Sub(born) > immutableLife+time.Second {
				t.Fatalf("Age %q: born %v before now", age, now.Sub(born))
			}
			life, _, _ := lifetime(at, resp, now)
			most := map[bool]time.Duration{true: immutableLife, false: errorLife}[status == http.StatusOK]
			if life < 0 || life > most {
				t.Fatalf("%d, %q, %q, %q: kept for %v", status, control, expires, date, life)
			}
			if text := retryAfter(resp); text != "" && !decimal(text, 1<<16) || !plainTag(pieceHashes(at, resp)) {
				t.Fatalf("%q, %q", text, pieceHashes(at, resp))
			}
			if got := contentType(at, resp); got == "" || strings.ContainsAny(got, "\r\n") {
				t.Fatalf("%q is shown as %q", typ, got)
			}
		}
	})
}

func FuzzReadControl(f *testing.F) {
	for _, header := range []string{"public, max-age=31536000, immutable", `private="a, b"`, "s-maxage=1,max-age=99999999999999999999", "max-age=\"1\"", ",,=,"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		c := readControl(header)
		if c.life < 0 || c.life > immutableLife || c.life > 0 && !c.given {
			t.Fatalf("%q: %+v", header, c)
		}
		if low := strings.ToLower(header); c.life > 0 && !strings.Contains(low, "age=") {
			t.Fatalf("%q: %+v of nothing", header, c)
		}
		if more := readControl(header + ",no-store"); more.life != 0 && !strings.Contains(header, `"`) {
			t.Fatalf("%q: no-store leaves %+v", header, more)
		}
	})
}
