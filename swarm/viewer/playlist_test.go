package viewer

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

func testRecord(id wire.ChunkID) string {
	r := wire.Record{ID: id, PieceSize: 1024, Size: 5000, Duration: 500_000}
	return wire.RecordTag + base64.RawStdEncoding.EncodeToString(r.Append(nil))
}

var testPlaylist = strings.Join([]string{
	"#EXTM3U",
	"#EXT-X-VERSION:9",
	"#EXT-X-TARGETDURATION:1",
	"#EXT-X-PART-INF:PART-TARGET=0.5",
	"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5,CAN-SKIP-UNTIL=6",
	"#EXT-X-MEDIA-SEQUENCE:40",
	"#EXT-X-MAP:URI=\"7/init1.mp4\"",
	testRecord(wire.ChunkID{Epoch: 7, Kind: wire.Init, MSN: 1}),
	"#EXT-X-PROGRAM-DATE-TIME:2026-11-22T10:00:00.000Z",
	"#EXTINF:1.00000,",
	"7/s40.m4s",
	"#EXT-X-PART:DURATION=0.5,URI=\"7/s41.0.m4s\",INDEPENDENT=YES\r",
	testRecord(wire.ChunkID{Epoch: 7, MSN: 41}) + "\r",
	"#EXT-X-PART:DURATION=0.5,URI=\"7/s41.1.m4s\"",
	testRecord(wire.ChunkID{Epoch: 7, MSN: 41, Part: 1}),
	"#EXTINF:1.00000,a \"title\", with commas",
	"7/s41.m4s",
	"#EXT-X-PART:DURATION=0.5,URI=\"7/s42.0.m4s\",INDEPENDENT=YES",
	testRecord(wire.ChunkID{Epoch: 7, MSN: 42}),
	"#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"7/s42.1.m4s\"",
	"",
}, "\n")

func base(t testing.TB) *url.URL {
	u, err := url.Parse("http://h/live/a/v0/index.m3u8")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestDeltaPlaylist: what a delta leaves out counts, and its init segment is the one that was known.
//
// Clause: hls-skip
func TestDeltaPlaylist(t *testing.T) {
	whole, err := parseMedia([]byte(testPlaylist), base(t), "")
	if err != nil || !whole.skips {
		t.Fatal(err, whole.skips)
	}
	text := strings.Replace(testPlaylist, "#EXT-X-MEDIA-SEQUENCE:40", "#EXT-X-MEDIA-SEQUENCE:30\n#EXT-X-SKIP:SKIPPED-SEGMENTS=10", 1)
	text = strings.Replace(text, "#EXT-X-MAP:URI=\"7/init1.mp4\"\n"+testRecord(wire.ChunkID{Epoch: 7, Kind: wire.Init, MSN: 1})+"\n", "", 1)
	delta, err := parseMedia([]byte(text), base(t), whole.init)
	if err != nil {
		t.Fatal(err)
	}
	if delta.msn != whole.msn || delta.misplaced != 0 || len(delta.parts) != len(whole.parts)-1 {
		t.Fatalf("%+v", delta)
	}
	for i, p := range delta.parts {
		if p.init != "http://h/live/a/v0/7/init1.mp4" || p.url != whole.parts[i+1].url {
			t.Errorf("part %d: %+v", i, p)
		}
	}
}

// TestGapParts: what is missing has a place and a length, and no record.
//
// Clause: hls-gap
func TestGapParts(t *testing.T) {
	gap := strings.Replace(testPlaylist, "#EXT-X-PART:DURATION=0.5,URI=\"7/s41.0.m4s\",INDEPENDENT=YES\r\n"+testRecord(wire.ChunkID{Epoch: 7, MSN: 41})+"\r\n",
		"#EXT-X-PART:DURATION=0.5,URI=\"7/s41.0.m4s\",GAP=YES\n", 1)
	m, err := parseMedia([]byte(gap), base(t), "")
	if err != nil || m.misplaced != 0 || m.listed != 2 || m.msn != 42 || m.next != 1 || len(m.parts) != 3 {
		t.Fatalf("%v %+v", err, m)
	}
	if at := m.parts[1].at.Format("15:04:05.000"); at != "10:00:01.500" {
		t.Error("the part after the gap is of", at)
	}
}

func TestMediaPlaylist(t *testing.T) {
	m, err := parseMedia([]byte(testPlaylist), base(t), "")
	if err != nil {
		t.Fatal(err)
	}
	if m.msn != 42 || m.next != 1 || m.holdBack != 1500*time.Millisecond || m.ended || m.listed != 3 {
		t.Errorf("%d.%d, hold-back %v, ended %v, %d parts listed", m.msn, m.next, m.holdBack, m.ended, m.listed)
	}
	for i, want := range []struct{ url, init, at string }{
		{"http://h/live/a/v0/7/init1.mp4", "", ""},
		{"http://h/live/a/v0/7/s41.0.m4s", "http://h/live/a/v0/7/init1.mp4", "10:00:01.000"},
		{"http://h/live/a/v0/7/s41.1.m4s", "http://h/live/a/v0/7/init1.mp4", "10:00:01.500"},
		{"http://h/live/a/v0/7/s42.0.m4s", "http://h/live/a/v0/7/init1.mp4", "10:00:02.000"},
	} {
		if i >= len(m.parts) {
			t.Fatalf("%d parts", len(m.parts))
		}
		p, at := m.parts[i], ""
		if !p.at.IsZero() {
			at = p.at.Format("15:04:05.000")
		}
		if p.url != want.url || p.init != want.init || at != want.at {
			t.Errorf("%d: %s, init %s, at %s; want %+v", i, p.url, p.init, at, want)
		}
	}
}

// TestReplayedRecords: records of another place are dropped, whatever line they stand at.
func TestReplayedRecords(t *testing.T) {
	place := testRecord(wire.ChunkID{Epoch: 7, MSN: 41, Part: 1})
	for name, id := range map[string]wire.ChunkID{
		"old segment":   {Epoch: 7, MSN: 12, Part: 1},
		"later segment": {Epoch: 7, MSN: 42, Part: 1},
		"other part":    {Epoch: 7, MSN: 41, Part: 2},
		"init":          {Epoch: 7, Kind: wire.Init, MSN: 41, Part: 1},
		"whole segment": {Epoch: 7, Kind: wire.Segment, MSN: 41, Part: 1},
	} {
		m, err := parseMedia([]byte(strings.Replace(testPlaylist, place, testRecord(id), 1)), base(t), "")
		if err != nil || m.misplaced != 1 || len(m.parts) != 3 || m.listed != 3 || m.msn != 42 || m.next != 1 {
			t.Errorf("%s: %v, %d misplaced, %d parts of %d, next %d.%d", name, err, m.misplaced, len(m.parts), m.listed, m.msn, m.next)
		}
		for _, p := range m.parts {
			if p.record.ID == id {
				t.Errorf("%s: taken", name)
			}
		}
	}
	init := testRecord(wire.ChunkID{Epoch: 7, Kind: wire.Init, MSN: 1})
	m, err := parseMedia([]byte(strings.Replace(testPlaylist, init, testRecord(wire.ChunkID{Epoch: 7, MSN: 40}), 1)), base(t), "")
	if err != nil || m.misplaced != 1 || len(m.parts) != 3 {
		t.Errorf("a part's record at an init segment: %v, %d misplaced, %d parts", err, m.misplaced, len(m.parts))
	}
	if m, _ := parseMedia([]byte(testPlaylist), base(t), ""); m.misplaced != 0 {
		t.Errorf("%d records of a good playlist are misplaced", m.misplaced)
	}
}

func TestNotPlaylists(t *testing.T) {
	for name, text := range map[string]string{
		"empty":             "",
		"a page":            "<!doctype html>",
		"sequence":          "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:x\n",
		"part without URI":  "#EXTM3U\n#EXT-X-PART:DURATION=1\n",
		"record, no base64": "#EXTM3U\n#EXT-X-PART:URI=\"a\"\n" + wire.RecordTag + "!!!\n",
		"record, short":     "#EXTM3U\n#EXT-X-PART:URI=\"a\"\n" + wire.RecordTag + "AAAA\n",
	} {
		if _, err := parseMedia([]byte(text), base(t), ""); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestVariant(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv0/index.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nv1/index.m3u8\n", "http://h/live/a/v0/v0/index.m3u8"},
		{testPlaylist, ""},
	} {
		if got, err := parseVariant([]byte(tc.text), base(t)); err != nil || got != tc.want {
			t.Errorf("%q, %v; want %q", got, err, tc.want)
		}
	}
	if _, err := parseVariant([]byte("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n"), base(t)); err == nil {
		t.Error("no error for a variant without a URI")
	}
}

func TestAttribute(t *testing.T) {
	list := `URI="a,b=c",DURATION=0.5, INDEPENDENT=YES,EMPTY="",LAST=x`
	for name, want := range map[string]string{
		"URI": "a,b=c", "DURATION": "0.5", "INDEPENDENT": "YES", "EMPTY": "", "LAST": "x", "b": "", "NONE": "",
	} {
		if got := attribute(list, name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func FuzzPlaylist(f *testing.F) {
	f.Add([]byte(testPlaylist))
	f.Add([]byte("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv0/index.m3u8\n"))
	f.Add([]byte("#EXTM3U\n#EXT-X-PART:URI=\"a"))
	at := base(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		parseVariant(b, at)
		m, err := parseMedia(b, at, "")
		if err != nil {
			return
		}
		for _, p := range m.parts {
			if p.record.Size == 0 || p.record.Size > wire.MaxChunkSize || p.url == "" {
				t.Fatalf("part %+v", p)
			}
		}
	})
}

// TestPlaylistOfADay: the longest window that an origin has is read. What is larger is not taken.
//
// Clause: dvr
func TestPlaylistOfADay(t *testing.T) {
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:1000000\n#EXT-X-MAP:URI=\"1700000000/init0.mp4\"\n")
	for n := range 86_400 {
		fmt.Fprintf(&b, "#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.678Z\n#EXTINF:1.00000,\n1700000000/s%d.m4s\n", 1_000_000+n)
	}
	for _, c := range []struct {
		text string
		good bool
	}{{b.String(), true}, {b.String() + strings.Repeat("#\n", maxPlaylist/2), false}} {
		h := &http.Client{Transport: whole(c.text)}
		text, err := get(t.Context(), h, "http://h/", "", maxPlaylist)
		if good := err == nil; good != c.good {
			t.Fatal(err, len(c.text))
		}
		if !c.good {
			continue
		}
		if m, err := parseMedia(text, base(t), ""); err != nil || m.msn != 1_086_400 {
			t.Error(err, m.msn)
		}
	}
}

// whole answers everything with the same.
type whole string

func (w whole) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, ContentLength: -1, Body: io.NopCloser(strings.NewReader(string(w)))}, nil
}
