package hls

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/shoal-live/shoal/swarm/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var config = Config{Epoch: 77, Target: 2 * time.Second, PartTarget: 334 * time.Millisecond, Listed: 5, Kept: 8, PartsFor: 3}

var began = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

// record stands for a signed record; only its place in the playlist matters here.
func record(name string) string {
	b := make([]byte, wire.RecordSize)
	copy(b, name)
	return base64.RawStdEncoding.EncodeToString(b)
}

// author fills a window part by part.
type author struct {
	w    *Window
	msn  uint64
	part int
	disc uint64
	init *Init
	brk  bool
}

func newAuthor(w *Window) *author {
	return &author{w: w, init: &Init{Number: 0, Bytes: []byte("init0"), Record: record("init0.mp4")}}
}

func (a *author) write(final bool) {
	if a.part == 0 {
		a.w.Open(Segment{
			MSN: a.msn, Init: a.init, Break: a.brk, Discontinuity: a.disc,
			Date: began.Add(time.Duration(a.msn) * 2 * time.Second),
		})
		a.brk = false
	}
	name := Name{Kind: KindPart, Number: a.msn, Part: a.part}.String()
	a.w.Add(Part{
		Duration: 333 * time.Millisecond, Independent: a.part == 0, Bytes: []byte("<" + name + ">"), Record: record(name),
	}, final)
	a.part++
	if final {
		a.msn, a.part = a.msn+1, 0
	}
}

func (a *author) segments(n int) {
	for range n {
		for p := range 6 {
			a.write(p == 5)
		}
	}
}

func (a *author) discontinuity(parameters bool) {
	a.brk = true
	a.disc++
	if parameters {
		n := a.init.Number + 1
		name := Name{Kind: KindInit, Number: n}.String()
		a.init = &Init{Number: n, Bytes: []byte(name), Record: record(name)}
	}
}

// strict reads a playlist as the strictest player would, and returns its segments, each with the discontinuity number
// and init segment that a player would give it.
type listed struct {
	msn, disc uint64
	init      string
	parts     []string
	uri       string
	date      time.Time
}

func strict(t testing.TB, text string) (segments []listed, hint string, ended bool) {
	t.Helper()
	if !strings.HasPrefix(text, "#EXTM3U\n#EXT-X-VERSION:9\n") || !strings.HasSuffix(text, "\n") {
		t.Fatalf("it does not begin or end as a playlist:\n%s", text)
	}
	var open listed
	var msn, disc uint64
	var init, wantRecord string
	var date time.Time
	var partTarget, target float64
	seen := map[string]int{}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, line := range lines {
		tag, value, _ := strings.Cut(line, ":")
		if tag+":" == wire.RecordTag {
			b, err := base64.RawStdEncoding.DecodeString(value)
			if err != nil || len(b) != wire.RecordSize {
				t.Fatalf("line %d: record of %d bytes: %v", i, len(b), err)
			}
			if name := strings.TrimRight(string(b), "\x00"); name != wantRecord {
				t.Fatalf("line %d: the record is of %q, it stands after %q", i, name, wantRecord)
			}
			wantRecord = ""
			continue
		}
		if wantRecord != "" {
			t.Fatalf("line %d: no record directly after %q", i, wantRecord)
		}
		seen[tag]++
		base := func() string { return strings.TrimPrefix(attribute(line, `URI="`), "77/") }
		switch tag {
		case "#EXT-X-MEDIA-SEQUENCE":
			msn, _ = strconv.ParseUint(value, 10, 64)
		case "#EXT-X-DISCONTINUITY-SEQUENCE":
			disc, _ = strconv.ParseUint(value, 10, 64)
		case "#EXT-X-TARGETDURATION":
			target, _ = strconv.ParseFloat(value, 64)
		case "#EXT-X-PART-INF":
			partTarget, _ = strconv.ParseFloat(strings.TrimPrefix(value, "PART-TARGET="), 64)
		case "#EXT-X-SERVER-CONTROL":
			if !strings.Contains(value, "CAN-BLOCK-RELOAD=YES") {
				t.Fatalf("no blocking reload: %s", line)
			}
			_, hold, _ := strings.Cut(value, "PART-HOLD-BACK=")
			hold, _, _ = strings.Cut(hold, ",")
			if f, _ := strconv.ParseFloat(hold, 64); f < 3*0.334 {
				t.Fatalf("PART-HOLD-BACK %v", f)
			}
		case "#EXT-X-DISCONTINUITY":
			disc++
			date = time.Time{}
		case "#EXT-X-MAP":
			init = base()
			wantRecord = init
		case "#EXT-X-PROGRAM-DATE-TIME":
			var err error
			if date, err = time.Parse(time.RFC3339Nano, value); err != nil {
				t.Fatal(err)
			}
		case "#EXT-X-PART":
			if open.parts == nil && date.IsZero() {
				t.Fatalf("line %d: no date before the first part", i)
			}
			var d float64
			if _, err := fmt.Sscanf(value, "DURATION=%f", &d); err != nil || d > partTarget {
				t.Fatalf("line %d: part of %v s, target %v: %v", i, d, partTarget, err)
			}
			if want := (Name{Kind: KindPart, Number: msn, Part: len(open.parts)}).String(); base() != want {
				t.Fatalf("line %d: part %q, want %q", i, base(), want)
			}
			open.parts = append(open.parts, base())
			wantRecord = base()
		case "#EXTINF":
			d, err := strconv.ParseFloat(strings.TrimSuffix(value, ","), 64)
			if err != nil || d+0.5 > target+1 {
				t.Fatalf("line %d: segment of %v s, target %v", i, d, target)
			}
			open.uri = lines[i+1]
		case "#EXT-X-PRELOAD-HINT":
			hint = base()
		case "#EXT-X-ENDLIST":
			ended = true
		case "#EXTM3U", "#EXT-X-VERSION":
		default:
			if strings.HasPrefix(line, "#") {
				t.Fatalf("line %d: %q was not expected", i, line)
			}
			if want := "77/" + (Name{Kind: KindSegment, Number: msn}).String(); line != want || open.uri != want {
				t.Fatalf("line %d: segment %q, want %q", i, line, want)
			}
			open.msn, open.disc, open.init, open.date = msn, disc, init, date
			segments = append(segments, open)
			open, date = listed{}, time.Time{}
			msn++
		}
	}
	if open.parts != nil {
		open.msn, open.disc, open.init, open.date = msn, disc, init, date
		segments = append(segments, open)
	}
	for _, tag := range []string{"#EXT-X-MEDIA-SEQUENCE", "#EXT-X-TARGETDURATION", "#EXT-X-PART-INF", "#EXT-X-SERVER-CONTROL"} {
		if seen[tag] != 1 {
			t.Fatalf("%s stands %d times", tag, seen[tag])
		}
	}
	return segments, hint, ended
}

func playlist(w *Window) string {
	v, _ := w.View()
	plain, _ := v.Playlist()
	return string(plain)
}

func TestPlaylist(t *testing.T) {
	w := NewWindow(config, 0)
	a := newAuthor(w)
	discs := map[uint64]uint64{}
	inits := map[uint64]string{}
	for step := range 30 {
		if step == 9 || step == 10 || step == 20 {
			a.discontinuity(step != 10)
		}
		for p := range 6 {
			discs[a.msn], inits[a.msn] = a.disc, Name{Kind: KindInit, Number: a.init.Number}.String()
			a.write(p == 5)
			if step == 0 && p < 5 {
				continue
			}
			segments, hint, ended := strict(t, playlist(w))
			if ended {
				t.Fatal("it has ended")
			}
			want := Name{Kind: KindPart, Number: a.msn, Part: a.part}.String()
			if hint != want {
				t.Fatalf("hint %q, want %q", hint, want)
			}
			complete := segments
			if n := len(segments); segments[n-1].uri == "" {
				complete = segments[:n-1]
			}
			if len(complete) > config.Listed {
				t.Fatalf("%d segments listed", len(complete))
			}
			for i, s := range segments {
				if s.disc != discs[s.msn] || s.init != inits[s.msn] {
					t.Fatalf("segment %d: discontinuity %d and %s, want %d and %s", s.msn, s.disc, s.init, discs[s.msn], inits[s.msn])
				}
				if wantParts := i >= len(complete)-config.PartsFor; wantParts != (len(s.parts) > 0) {
					t.Fatalf("segment %d of %d lists %d parts", i, len(complete), len(s.parts))
				}
				if !s.date.Equal(began.Add(time.Duration(s.msn) * 2 * time.Second)) {
					t.Fatalf("segment %d is of %v", s.msn, s.date)
				}
			}
		}
	}
	w.End()
	if _, hint, ended := strict(t, playlist(w)); !ended || hint != "" {
		t.Fatal("no end in the playlist, or a hint after it")
	}
	a.discontinuity(false)
	a.segments(1)
	if _, _, ended := strict(t, playlist(w)); ended {
		t.Fatal("it goes on, but the playlist says it has ended")
	}
}

func TestPlaylistTwiceTheSame(t *testing.T) {
	w := NewWindow(config, 0)
	newAuthor(w).segments(3)
	if a, b := playlist(w), playlist(w); a != b {
		t.Fatal("a view changed")
	}
}

func TestMultivariant(t *testing.T) {
	got := string(Multivariant(Variant{
		Codecs: "avc1.42c01f,mp4a.40.2", Width: 1280, Height: 720, FrameRate: 30, Peak: 2e6, Mean: 1e6, Independent: true,
	}))
	want := "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-INDEPENDENT-SEGMENTS\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=2000000,AVERAGE-BANDWIDTH=1000000,CODECS=\"avc1.42c01f,mp4a.40.2\"," +
		"RESOLUTION=1280x720,FRAME-RATE=30.000\nv0/index.m3u8\n"
	if got != want {
		t.Fatal(got)
	}
}

func TestParseReload(t *testing.T) {
	for query, want := range map[string]struct {
		r  Reload
		ok bool
	}{
		"":                                {Reload{Part: -1}, true},
		"token=x":                         {Reload{Part: -1}, true},
		"_HLS_msn=5":                      {Reload{MSN: 5, Part: -1, Set: true}, true},
		"_HLS_msn=5&_HLS_part=2":          {Reload{MSN: 5, Part: 2, Set: true}, true},
		"_HLS_part=2":                     {},
		"_HLS_msn=":                       {},
		"_HLS_msn=-1":                     {},
		"_HLS_msn=1.5":                    {},
		"_HLS_msn=5&_HLS_part=x":          {},
		"_HLS_msn=5&_HLS_part=":           {},
		"_HLS_msn=99999999999999999999":   {},
		"_HLS_msn=5&_HLS_part=9999999999": {},
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		r, err := ParseReload(q)
		if (err == nil) != want.ok || err == nil && r != want.r {
			t.Errorf("%q: %+v %v", query, r, err)
		}
	}
}

func TestReload(t *testing.T) {
	// MSN 0 to 3 are complete, of MSN 4 there are parts 0 and 1.
	for _, c := range []struct {
		r    Reload
		want string
	}{
		{Reload{}, "now"},
		{Reload{MSN: 0, Part: -1, Set: true}, "now"},
		{Reload{MSN: 3, Part: -1, Set: true}, "now"},
		{Reload{MSN: 3, Part: 5, Set: true}, "now"},
		{Reload{MSN: 3, Part: 6, Set: true}, "now"}, // part 0 of 4
		{Reload{MSN: 4, Part: 0, Set: true}, "now"},
		{Reload{MSN: 4, Part: 1, Set: true}, "now"},
		{Reload{MSN: 4, Part: 2, Set: true}, "4.2"},
		{Reload{MSN: 4, Part: -1, Set: true}, "4.5"},
		{Reload{MSN: 5, Part: 0, Set: true}, "5.0"},
		{Reload{MSN: 5, Part: -1, Set: true}, "5.5"},
		{Reload{MSN: 6, Part: -1, Set: true}, "future"},
		{Reload{MSN: 6, Part: 0, Set: true}, "future"},
		{Reload{MSN: 4, Part: 50, Set: true}, "future"},
		{Reload{MSN: 1 << 60, Part: -1, Set: true}, "future"},
	} {
		t.Run(fmt.Sprint(c.r.MSN, ".", c.r.Part), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := NewWindow(config, 0)
				a := newAuthor(w)
				a.segments(4)
				a.write(false)
				a.write(false)
				got := make(chan string, 1)
				go func() {
					v, err := w.Wait(t.Context(), c.r)
					switch {
					case errors.Is(err, ErrFuture):
						got <- "future"
					case err != nil:
						got <- err.Error()
					case v.Open != nil:
						got <- fmt.Sprint(v.Open.MSN, ".", len(v.Open.Parts)-1)
					default:
						got <- fmt.Sprint(v.Next-1, ".5")
					}
				}()
				synctest.Wait()
				select {
				case g := <-got:
					if c.want == "now" && g == "4.1" || c.want == g {
						return
					}
					t.Fatalf("answered at once with %s, want %s", g, c.want)
				default:
				}
				for range 12 {
					last := fmt.Sprint(a.msn, ".", a.part)
					a.write(a.part == 5)
					synctest.Wait()
					select {
					case g := <-got:
						if g != c.want || g != last {
							t.Fatalf("answered at %s with %s, want %s", last, g, c.want)
						}
						return
					default:
					}
				}
				t.Fatal("never answered")
			})
		})
	}
}

func TestReloadTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWindow(config, 0)
		newAuthor(w).segments(2)
		start := time.Now()
		rw := httptest.NewRecorder()
		w.ServePlaylist(rw, httptest.NewRequest("GET", "/?_HLS_msn=2&_HLS_part=0", nil))
		if rw.Code != http.StatusServiceUnavailable || time.Since(start) != 6*time.Second {
			t.Fatal(rw.Code, time.Since(start))
		}
		if cc := rw.Header().Get("Cache-Control"); cc != "no-store" {
			t.Fatal(cc)
		}
	})
}

func TestEndReleases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWindow(config, 0)
		newAuthor(w).segments(2)
		done := make(chan int)
		go func() {
			rw := httptest.NewRecorder()
			w.ServePlaylist(rw, httptest.NewRequest("GET", "/?_HLS_msn=2&_HLS_part=0", nil))
			done <- rw.Code
		}()
		synctest.Wait()
		w.End()
		if code := <-done; code != http.StatusOK {
			t.Fatal(code)
		}
	})
}

func TestHeldPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWindow(config, 0)
		a := newAuthor(w)
		a.segments(1)
		a.write(false)
		type answer struct {
			code int
			body string
		}
		ask := func(name string) chan answer {
			c := make(chan answer, 1)
			n, ok := ParseName(name)
			if !ok {
				t.Fatal(name)
			}
			go func() {
				rw := httptest.NewRecorder()
				w.ServeMedia(rw, httptest.NewRequest("GET", "/", nil), n)
				c <- answer{rw.Code, rw.Body.String()}
			}()
			synctest.Wait()
			return c
		}
		if got := <-ask("s1.2.m4s"); got.code != http.StatusNotFound {
			t.Error("a part beyond the hinted one:", got)
		}
		if got := <-ask("s1.m4s"); got.code != http.StatusNotFound {
			t.Error("a segment that is open:", got)
		}
		if got := <-ask("s9.0.m4s"); got.code != http.StatusNotFound {
			t.Error("a part far ahead:", got)
		}
		held := ask("s1.1.m4s")
		select {
		case got := <-held:
			t.Fatal("answered before it was there:", got)
		default:
		}
		a.write(true)
		if got := <-held; got.code != http.StatusOK || got.body != "<s1.1.m4s>" {
			t.Fatal(got)
		}
		first := ask("s2.0.m4s") // hinted while no segment is open
		a.write(true)            // a segment of one part
		if got := <-first; got.body != "<s2.0.m4s>" {
			t.Fatal(got)
		}
		a.write(false)
		never := ask("s3.1.m4s")
		w.Add(Part{}, true) // the segment turns out to have ended
		if got := <-never; got.code != http.StatusNotFound {
			t.Fatal(got)
		}
	})
}

func TestServeMedia(t *testing.T) {
	w := NewWindow(config, 0)
	a := newAuthor(w)
	a.segments(20)
	get := func(name, rang string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/", nil)
		if rang != "" {
			r.Header.Set("Range", rang)
		}
		n, _ := ParseName(name)
		rw := httptest.NewRecorder()
		w.ServeMedia(rw, r, n)
		return rw
	}
	var whole bytes.Buffer
	for p := range 6 {
		whole.WriteString(get(fmt.Sprintf("s19.%d.m4s", p), "").Body.String())
	}
	segment := get("s19.m4s", "")
	if segment.Body.String() != whole.String() {
		t.Fatal("a segment is not the concatenation of its parts")
	}
	if cc := segment.Header().Get("Cache-Control"); cc != "public, max-age=31536000, immutable" {
		t.Error(cc)
	}
	if part := get("s19.m4s", "bytes=8-25"); part.Code != http.StatusPartialContent || part.Body.String() != whole.String()[8:26] {
		t.Error(part.Code, part.Body)
	}
	if part := get("s19.m4s", "bytes=-7"); part.Code != http.StatusPartialContent || part.Body.String() != whole.String()[whole.Len()-7:] {
		t.Error(part.Code, part.Body)
	}
	if part := get("s19.m4s", "bytes=9999-"); part.Code != http.StatusRequestedRangeNotSatisfiable {
		t.Error(part.Code)
	}
	if got := get("s12.m4s", ""); got.Code != http.StatusOK {
		t.Error("removed from the playlist, but not yet kept for its time:", got.Code)
	}
	if got := get("s11.m4s", ""); got.Code != http.StatusNotFound || got.Header().Get("Cache-Control") != "public, max-age=1" {
		t.Error("long gone:", got.Code, got.Header())
	}
	if got := get("init0.mp4", ""); got.Body.String() != "init0" {
		t.Error(got.Code)
	}
	if got := get("init1.mp4", ""); got.Code != http.StatusNotFound {
		t.Error(got.Code)
	}
}

func TestServePlaylist(t *testing.T) {
	w := NewWindow(config, 0)
	newAuthor(w).segments(3)
	for _, c := range []struct {
		query, accept string
		code          int
		cache         string
		packed        bool
	}{
		{"", "", 200, "public, max-age=1", false},
		{"", "br, gzip;q=0.8", 200, "public, max-age=1", true},
		{"", "gzip;q=0", 200, "public, max-age=1", false},
		{"?_HLS_msn=2", "", 200, "public, max-age=2", false},
		{"?_HLS_part=2", "", 400, "no-store", false},
		{"?_HLS_msn=77", "", 400, "no-store", false},
	} {
		r := httptest.NewRequest("GET", "/"+c.query, nil)
		r.Header.Set("Accept-Encoding", c.accept)
		rw := httptest.NewRecorder()
		w.ServePlaylist(rw, r)
		packed := rw.Header().Get("Content-Encoding") == "gzip"
		if rw.Code != c.code || rw.Header().Get("Cache-Control") != c.cache || packed != c.packed || rw.Body.Len() == 0 {
			t.Errorf("%q: %d %v", c.query, rw.Code, rw.Header())
		}
	}
}

func TestAskerGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWindow(config, 0)
		newAuthor(w).segments(1)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := w.Wait(ctx, Reload{MSN: 1, Set: true}); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	})
}

func TestNames(t *testing.T) {
	for _, s := range []string{"init0.mp4", "s0.m4s", "s12.m4s", "s12.3.m4s", "s18446744073709551615.m4s"} {
		if n, ok := ParseName(s); !ok || n.String() != s {
			t.Errorf("%q: %+v", s, n)
		}
	}
	for _, s := range []string{"", "s.m4s", "s01.m4s", "s1.m4s.m4s", "s1..m4s", "s1.02.m4s", "s-1.m4s", "init.mp4", "init00.mp4",
		"s1.mp4", "S1.m4s", "s1.2.3.m4s", "s1.99999999999.m4s", "../s1.m4s", "s18446744073709551616.m4s"} {
		if n, ok := ParseName(s); ok {
			t.Errorf("%q is a name: %+v", s, n)
		}
	}
}

func FuzzParseName(f *testing.F) {
	f.Add("s12.3.m4s")
	f.Add("init3.mp4")
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := ParseName(s); ok && n.String() != s {
			t.Fatalf("%q reads as %+v, which is written %q", s, n, n)
		}
	})
}

func ExampleParseName() {
	n, ok := ParseName("s12.3.m4s")
	fmt.Println(n.Number, n.Part, ok)
	// Output: 12 3 true
}
