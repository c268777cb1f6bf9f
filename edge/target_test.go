package edge

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// livePaths is the grammar of parseLive, written another way.
var livePaths = regexp.MustCompile(`\A/live/[A-Za-z0-9_-]{1,64}/(index\.m3u8|thumb\.jpg|` +
	`recordings/[0-9]{8}T[0-9]{6}Z/(thumb\.jpg|(v(0|[1-9][0-9]{0,2})/)?index\.m3u8)|v(0|[1-9][0-9]{0,2})/(index\.m3u8|` +
	`(0|[1-9][0-9]{0,9})/(init(0|[1-9][0-9]{0,15})\.mp4|s(0|[1-9][0-9]{0,15})(\.(0|[1-9][0-9]{0,4}))?\.m4s)))\z`)

func TestParseLive(t *testing.T) {
	for path, want := range map[string]kind{
		"/live/demo/index.m3u8":                                multivariant,
		"/live/" + strings.Repeat("a", 64) + "/index.m3u8":     multivariant,
		"/live/De-mo_9/v0/index.m3u8":                          mediaPlaylist,
		"/live/demo/v255/index.m3u8":                           mediaPlaylist,
		"/live/demo/v0/1700000000/init0.mp4":                   media,
		"/live/demo/recordings/20260501T200000Z/index.m3u8":    recording,
		"/live/demo/recordings/20260501T200000Z/v3/index.m3u8": recording,
		"/live/demo/thumb.jpg":                                 picture,
		"/live/demo/recordings/20260501T200000Z/thumb.jpg":     picture,
		"/live/demo/v0/4294967295/s12.m4s":                     media,
		"/live/demo/v0/1700000000/s9007199254740992.65535.m4s": media,
	} {
		got, err := parseLive(path)
		if err != nil || got.kind != want || got.uri() != path {
			t.Errorf("%s: %+v, %v", path, got, err)
		}
	}
}

// traversal is paths outside the grammar: names are [A-Za-z0-9_-]{1,64}, numbers are decimal, bounded and without leading
// zeros, and nothing is decoded or cleaned into a path that would be allowed.
var traversal = []string{
	"/live/", "/live/demo", "/live/demo/", "/live//index.m3u8", "/live/../index.m3u8", "/live/./index.m3u8",
	"/live/demo/../demo/index.m3u8", "/live/demo/v0/../index.m3u8", "/live/demo/v0/../../../etc/passwd",
	"/live/demo/v0/1/../index.m3u8", "/live/demo/v0/1/..%2findex.m3u8", "/live/demo/v0//index.m3u8",
	"/live/demo%2findex.m3u8", "/live/d%65mo/index.m3u8", "/live/%2e%2e/index.m3u8", "/live/demo/index.m3u8/", "/live/demo/index.m3u8%00",
	"/live/demo\\..\\x/index.m3u8", "/live/demo/v0/1\\s1.m4s", "/live/dëmo/index.m3u8", "/live/demo%20/index.m3u8", "/live/demo%0d%0aX:y/index.m3u8",
	"/live/" + strings.Repeat("a", 65) + "/index.m3u8", "/live/demo/v256/index.m3u8", "/live/demo/v01/index.m3u8", "/live/demo/v-1/index.m3u8",
	"/live/demo/v/index.m3u8", "/live/demo/0/index.m3u8", "/live/demo/v0/4294967296/s1.m4s", "/live/demo/v0/01/s1.m4s",
	"/live/demo/v0/1/s01.m4s", "/live/demo/v0/1/s1.01.m4s", "/live/demo/v0/1/s1..m4s", "/live/demo/v0/1/s1.2.3.m4s", "/live/demo/v0/1/s.m4s",
	"/live/demo/v0/1/s+1.m4s", "/live/demo/v0/1/s1_0.m4s", "/live/demo/v0/1/s1.65536.m4s", "/live/demo/v0/1/init.mp4", "/live/demo/v0/1/init1.m4s", "/live/demo/v0/1/s1.mp4",
	"/live/demo/v0/1/s9007199254740993.m4s", "/live/demo/v0/1/s99999999999999999999999.m4s", "/live/demo/v0/1/s1.m4s/x", "/live/demo/v0/1/",
	"/live/demo/thumb.jpg/", "/live/demo/v0/thumb.jpg", "/live/demo/recordings/thumb.jpg", "/live/demo/recordings/20260501T200000Z/v0/thumb.jpg", "/live/demo/recordings/20260501T2000Z/thumb.jpg", "/live/demo/recordings/index.m3u8", "/live/demo/recordings/20260501T200000Z/", "/live/demo/recordings/../index.m3u8",
	"/live/demo/recordings/2026050 T200000Z/index.m3u8", "/live/demo/recordings/20260501T200000Z/../index.m3u8", "/live/demo/recordings/20260501T200000Z/v256/index.m3u8",
	"/live/demo/recordings/20260501T200000Z/v0/s1.mp4", "/live/demo/recordings/20260501T200000Z/v0/v0/index.m3u8", "/live/demo/recordings/+0260501T200000Z/index.m3u8",
	"/api/v1/", "/api/v1/../v1/streams", "/api/v1/streams/../x", "/api/v1/streams//x", "/api/v1/a/b/c/d/e", "/api/v1/streams/a.b",
	"/watch/", "/watch/a/b", "/watch/../x", "/watch/<script>", "/watch/a%2fb", "/studio/" + strings.Repeat("a", 65),
	"/assets/../main.go", "/assets/%2e%2e/x", "/assets/", "/assets/index.html", "/assets/watch.html", "/assets/shoal-player.js.br", "/assets/.keep",
	"/whip/", "/whep/", "/whep/a/b/c", "/whip/../api", "/whip/a/b/c", "/whip/a/", "/whip/a/..", "/whip/a%2fb", "//live/demo/index.m3u8", "/LIVE/demo/index.m3u8", "/x",
}

func TestTraversal(t *testing.T) {
	src := newSource(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "secret") })
	e := newEdge(t, Config{Transport: src})
	for _, path := range traversal {
		u, err := url.ParseRequestURI(strings.NewReplacer("<", "%3C", ">", "%3E").Replace(path))
		if err != nil {
			continue // net/http does not let it in
		}
		w := get(e, u.String())
		if w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %q", path, w.Code, w.Body)
		}
		if !strings.Contains(w.Body.String(), " ") {
			t.Errorf("%s: the error says nothing: %q", path, w.Body)
		}
	}
	if n := src.total(""); n != 0 {
		t.Errorf("%d requests upstream: %v", n, src.asked)
	}
}

// Clause: hls-part-without-msn
func TestParseReload(t *testing.T) {
	for query, want := range map[string]string{
		"":                                   "",
		"x=1&y=2":                            "",
		"_HLS_msn=7":                         "_HLS_msn=7",
		"_HLS_part=3&_HLS_msn=7":             "_HLS_msn=7&_HLS_part=3",
		"_HLS_msn=7&_HLS_part=3&_HLS_part=4": "_HLS_msn=7&_HLS_part=3",
		"a=b&_HLS_msn=7&_HLS_skip=YES&_HLS_msn=8": "_HLS_msn=7&_HLS_skip=YES",
		"_HLS_skip=YES":                 "_HLS_skip=YES",
		"_HLS_skip=v2":                  "_HLS_skip=YES",
		"_HLS_msn=0&_HLS_part=0":        "_HLS_msn=0&_HLS_part=0",
		"%5FHLS_msn=7":                  "",
		"_HLS_part=3":                   "error", // RFC 8216bis 6.2.5.2: a part without msn is 400
		"_HLS_msn=":                     "error",
		"_HLS_msn":                      "error",
		"_HLS_msn=07":                   "error",
		"_HLS_msn=-1":                   "error",
		"_HLS_msn=1e3":                  "error",
		"_HLS_msn=7&_HLS_part=x":        "error",
		"_HLS_msn=99999999999999999999": "error",
		"_HLS_msn=7%26admin=1":          "error",
	} {
		r, err := parseReload(query)
		got := string(r.append(nil))
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
}

// Clause: hls-past-last-part, hls-too-far
func TestPosition(t *testing.T) {
	p := readPosition([]byte(playlist(12, 2)))
	if want := (position{last: 12, parts: 2, most: 10, target: 2 * time.Second, length: 10 * time.Second, step: 333 * time.Millisecond, present: true}); p != want {
		t.Fatalf("%+v, want %+v", p, want)
	}
	p.whole = 6 // parts of segment 12
	for _, c := range []struct {
		ask        string
		has, ahead bool
		settled    string
	}{
		{"_HLS_msn=1", true, false, ""},
		{"_HLS_msn=12", true, false, ""},
		{"_HLS_msn=12&_HLS_part=5", true, false, ""},
		{"_HLS_msn=12&_HLS_part=6", true, false, "_HLS_msn=13&_HLS_part=0"}, // past the last part of a whole segment
		{"_HLS_msn=13", false, false, ""},
		{"_HLS_msn=13&_HLS_part=1", true, false, ""},
		{"_HLS_msn=13&_HLS_part=2", false, false, ""},
		{"_HLS_msn=13&_HLS_part=9", false, false, ""},
		{"_HLS_msn=13&_HLS_part=10", false, false, "_HLS_msn=14&_HLS_part=0"}, // more than a segment can have
		{"_HLS_msn=15", false, false, ""},
		{"_HLS_msn=16", false, true, ""},
	} {
		r, err := parseReload(c.ask)
		if err != nil {
			t.Fatal(err)
		}
		if c.settled == "" {
			c.settled = c.ask
		}
		r = p.settle(r)
		if got := string(r.append(nil)); got != c.settled || p.has(r) != c.has || p.ahead(r) != c.ahead {
			t.Errorf("%s: %s, has %v, ahead %v", c.ask, got, p.has(r), p.ahead(r))
		}
	}
	delta := strings.Replace(playlist(12, 0), "#EXTINF", "#EXT-X-SKIP:SKIPPED-SEGMENTS=20\n#EXTINF", 1) + "#EXT-X-ENDLIST\n"
	if p := readPosition([]byte(delta)); p.last != 32 || p.length != 50*time.Second || p.useful() != 50*time.Second || !p.ended || !p.has(reload{held: true, msn: 99}) {
		t.Errorf("delta: %+v", p)
	}
	for _, no := range []string{"", "<html>", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv0/index.m3u8\n", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:-9\n"} {
		if readPosition([]byte(no)).present {
			t.Errorf("%q has a position", no)
		}
	}
}

func FuzzParseLive(f *testing.F) {
	f.Add(partPath)
	f.Add(playlistPath)
	for _, path := range traversal {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got, err := parseLive(path)
		want := livePaths.MatchString(path)
		if want { // what the expression cannot say: how large numbers may be
			bounds := map[int]uint64{3: maxRendition, 4: maxEpoch}
			words := strings.Split(path, "/")
			if words[3] == "recordings" {
				bounds = map[int]uint64{5: maxRendition}
			}
			for i, most := range bounds {
				if i < len(words) {
					if n, err := strconv.ParseUint(strings.TrimPrefix(words[i], "v"), 10, 64); err == nil && n > most {
						want = false
					}
				}
			}
			if i := len(words) - 1; i == 5 {
				numbers := regexp.MustCompile(`[0-9]+`).FindAllString(strings.TrimSuffix(strings.TrimSuffix(words[i], ".mp4"), ".m4s"), -1)
				for j, text := range numbers {
					if n, _ := strconv.ParseUint(text, 10, 64); n > maxMSN || j == 1 && n > maxPart {
						want = false
					}
				}
			}
		}
		if want != (err == nil) {
			t.Fatalf("%q: %v, want ok=%v", path, err, want)
		}
		if err == nil && (got.uri() != path || !validName(got.stream)) {
			t.Fatalf("%q: %+v", path, got)
		}
	})
}

func FuzzParseAPI(f *testing.F) {
	for _, path := range append([]string{openAPI, "/api/v1/streams", "/api/v1/streams/demo/recordings", "/api/v1/a/b/c/d/e"}, traversal...) {
		f.Add(path)
	}
	paths := regexp.MustCompile(`^/api/v1/([A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64}){0,3}|openapi\.json)$`)
	f.Fuzz(func(t *testing.T, path string) {
		got, err := parseAPI(path)
		if want := paths.MatchString(path) && !strings.HasSuffix(path, "\n"); want != (err == nil) {
			t.Fatalf("%q: %v, want ok=%v", path, err, want)
		}
		if err == nil && (got.uri() != path || got.kind != api || got.stream != "" && !validName(got.stream)) {
			t.Fatalf("%q: %+v", path, got)
		}
	})
}

func FuzzParseReload(f *testing.F) {
	f.Add("_HLS_msn=7&_HLS_part=3&_HLS_skip=YES")
	f.Add("a=b&&_HLS_part=&=&_HLS_msn=0")
	f.Fuzz(func(t *testing.T, query string) {
		r, err := parseReload(query)
		if err != nil {
			return
		}
		text := string(r.append(nil))
		again, err := parseReload(text)
		if err != nil || again != r || string(again.append(nil)) != text {
			t.Fatalf("%q: %+v, then %q: %+v, %v", query, r, text, again, err)
		}
		if strings.ContainsAny(text, "\r\n /?#%") {
			t.Fatalf("%q went into the query: %q", query, text)
		}
	})
}

func FuzzReadPosition(f *testing.F) {
	f.Add([]byte(playlist(12, 2)), int64(13), 3)
	f.Add([]byte("#EXTM3U\n#EXT-X-TARGETDURATION:1e300\n#EXT-X-PART-INF:PART-TARGET=1e-300\n#EXT-X-SKIP:SKIPPED-SEGMENTS=9"), int64(0), -1)
	f.Fuzz(func(t *testing.T, body []byte, msn int64, part int) {
		p := readPosition(body)
		if p.last > 3*maxMSN || p.useful() < leastUseful || p.useful() > mostUseful || p.parts < 0 || p.most < 0 || p.most > maxPart {
			t.Fatalf("%+v", p)
		}
		if msn < 0 || msn > maxMSN || part < -1 || part > maxPart {
			return
		}
		r := p.settle(reload{held: true, msn: msn, part: part})
		if r != p.settle(r) {
			t.Fatalf("%+v: %+v does not stay settled", p, r)
		}
		if p.present && p.has(r) && p.ahead(r) {
			t.Fatalf("%+v: %+v is both there and ahead", p, r)
		}
	})
}

// Clause: openapi
func TestTheDescriptionPasses(t *testing.T) {
	if target, err := parseAPI("/api/v1/openapi.json"); err != nil || target.uri() != "/api/v1/openapi.json" || target.kind != api {
		t.Error(target, err)
	}
	if _, err := parseAPI("/api/v1/other.json"); err == nil {
		t.Error("any file passes")
	}
}
