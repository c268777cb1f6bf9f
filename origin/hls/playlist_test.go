package hls

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

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
	w := NewWindow(config, 0, nil)
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
	again, _, ended := strict(t, playlist(w))
	if ended {
		t.Fatal("it goes on, but the playlist says it has ended")
	}
	if first := again[0]; len(again) != 1 || first.msn != a.msn-1 || first.disc != a.disc {
		t.Fatalf("after an end there are %d segments, the first %+v; the new one is %d", len(again), first, a.msn-1)
	}
	if m, _ := w.Find(Name{Kind: KindSegment, Number: a.msn - 2}); m.Slices == nil {
		t.Error("the last segment before the end is there no more, though somebody may be about to load it")
	}
}

func TestPlaylistTwiceTheSame(t *testing.T) {
	w := NewWindow(config, 0, nil)
	newAuthor(w).segments(3)
	if a, b := playlist(w), playlist(w); a != b {
		t.Fatal("a view changed")
	}
}

func TestMultivariant(t *testing.T) {
	got := string(Multivariant([]Variant{{
		Codecs: "avc1.42c01f,mp4a.40.2", Width: 1280, Height: 720, FrameRate: 30, Peak: 2e6, Mean: 1e6, Independent: true,
	}}))
	want := "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-INDEPENDENT-SEGMENTS\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=2000000,AVERAGE-BANDWIDTH=1000000,CODECS=\"avc1.42c01f,mp4a.40.2\"," +
		"RESOLUTION=1280x720,FRAME-RATE=30.000\nv0/index.m3u8\n"
	if got != want {
		t.Fatal(got)
	}
}
