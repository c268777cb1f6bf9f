package hls

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/Eyevinn/hls-m3u8/m3u8"
	"pgregory.net/rapid"

	"github.com/shoal-live/shoal/origin/hls/strict"
	"github.com/shoal-live/shoal/swarm/wire"
)

// parse reads a playlist by both parsers, and looks at the records, which only ours have: each stands directly after what it
// is of, and names it.
func parse(t rapid.TB, text string) *strict.Playlist {
	t.Helper()
	p, err := strict.Parse(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	decode(t, text, p)
	want := ""
	for i, line := range strings.Split(text, "\n") {
		tag, value, _ := strings.Cut(line, ":")
		_, uri, _ := strings.Cut(line, `URI="77/`)
		uri, _, _ = strings.Cut(uri, `"`)
		if tag+":" == wire.RecordTag {
			b, err := base64.RawStdEncoding.DecodeString(value)
			if err != nil || len(b) != wire.RecordSize {
				t.Fatalf("line %d: record of %d bytes: %v", i, len(b), err)
			}
			if name := strings.TrimRight(string(b), "\x00"); name != want {
				t.Fatalf("line %d: the record is of %q, it stands after %q", i, name, want)
			}
			want = ""
			continue
		}
		if want != "" {
			t.Fatalf("line %d: no record directly after %q", i, want)
		}
		if tag == "#EXT-X-MAP" || tag == "#EXT-X-PART" && !strings.Contains(line, "GAP=YES") {
			want = uri
		}
	}
	return p
}

// decode has the library read the playlist, and compares. It takes no parts before the first complete segment, and gives
// dates to parts rather than to their segment.
func decode(t rapid.TB, text string, p *strict.Playlist) {
	t.Helper()
	late := len(p.Segments) > 0 && len(p.Segments[0].Parts) == 0
	any, _, err := m3u8.DecodeFrom(strings.NewReader(text), late)
	if err != nil {
		t.Fatalf("the library refuses it: %v\n%s", err, text)
	}
	other := any.(*m3u8.MediaPlaylist)
	if other.SeqNo != p.MediaSequence || other.DiscontinuitySeq != p.DiscontinuitySequence || other.TargetDuration != uint(p.Target) ||
		other.SkippedSegments() != uint64(p.Skipped) || other.Closed != p.Ended || int(other.Count()) != len(p.Segments) {
		t.Fatalf("the parsers differ: %d segments from %d (%d), %d\n%s", other.Count(), other.SeqNo, other.DiscontinuitySeq, len(p.Segments), text)
	}
	parts := 0
	for i, s := range p.Segments {
		parts += len(s.Parts)
		o := other.Segments[i]
		if o.URI != s.URI || o.Duration != s.Duration || o.Gap != s.Gap || o.Discontinuity != (s.Splits > 0) || !o.ProgramDateTime.IsZero() && !o.ProgramDateTime.Equal(s.Date) {
			t.Fatalf("the parsers differ: %+v, %+v\n%s", o, s, text)
		}
	}
	if p.Open != nil {
		parts += len(p.Open.Parts)
	}
	if late && len(other.PartialSegments) != parts {
		t.Fatalf("the parsers differ: %d parts, %d\n%s", len(other.PartialSegments), parts, text)
	}
}

func playlist(w *Window) string {
	v, _ := w.View()
	plain, _ := v.Playlist()
	return string(plain)
}

// TestText is a short window to the letter.
//
// Clause: hls-part-inf, hls-server-control, hls-independent, hls-pdt, hls-preload-hint, hls-discontinuity
func TestText(t *testing.T) {
	c := config
	c.PartsFor = 1
	w := NewWindow(c, 7, nil)
	init := &Init{Number: 3}
	w.Open(Segment{MSN: 7, Init: init, Discontinuity: 4, Date: began})
	w.Add(Part{Duration: time.Second, Bytes: []byte("x")}, true)
	w.Open(Segment{MSN: 8, Init: &Init{Number: 4}, Break: true, Discontinuity: 5, Date: time.Date(2026, 1, 2, 4, 0, 0, 0, time.FixedZone("", 3600))})
	w.Add(Part{Duration: 333 * time.Millisecond, Independent: true, Bytes: []byte("x")}, false)
	w.Add(Part{Duration: 33367 * time.Microsecond, Bytes: []byte("x")}, true)
	w.Open(Segment{MSN: 9, Init: init, Discontinuity: 5, Date: time.Date(2026, 1, 2, 3, 0, 1, 5e6, time.UTC)})
	w.Add(Part{Duration: 333 * time.Millisecond, Independent: true, Bytes: []byte("x")}, false)
	const want = `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-SERVER-CONTROL:HOLD-BACK=6.00000,PART-HOLD-BACK=1.00200,CAN-BLOCK-RELOAD=YES
#EXT-X-PART-INF:PART-TARGET=0.33400
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-TARGETDURATION:2
#EXT-X-DISCONTINUITY-SEQUENCE:4
#EXT-X-MAP:URI="77/init3.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.678Z
#EXTINF:1.00000,
77/s7.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="77/init4.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:00:00.000Z
#EXT-X-PART:DURATION=0.33300,INDEPENDENT=YES,URI="77/s8.0.m4s"
#EXT-X-PART:DURATION=0.03337,URI="77/s8.1.m4s"
#EXTINF:0.36637,
77/s8.m4s
#EXT-X-MAP:URI="77/init3.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:00:01.005Z
#EXT-X-PART:DURATION=0.33300,INDEPENDENT=YES,URI="77/s9.0.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="77/s9.1.m4s"
`
	if got := playlist(w); got != want {
		t.Error(got)
	}
}

// Clause: hls-window, hls-msn, hls-endlist, hls-discontinuity, hls-discontinuity-sequence, hls-pdt, hls-preload-hint
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
			got := parse(t, playlist(w))
			if got.Ended {
				t.Fatal("it has ended")
			}
			if want := "77/" + (Name{Kind: KindPart, Number: a.msn, Part: a.part}).String(); got.Hint != want {
				t.Fatalf("hint %q, want %q", got.Hint, want)
			}
			if len(got.Segments) > config.Listed {
				t.Fatalf("%d segments listed", len(got.Segments))
			}
			segments := got.Segments
			if got.Open != nil {
				segments = append(segments, *got.Open)
			}
			for i, s := range segments {
				if s.Discontinuity != discs[s.MSN] || s.Map != "77/"+inits[s.MSN] {
					t.Fatalf("segment %d: discontinuity %d and %s, want %d and %s", s.MSN, s.Discontinuity, s.Map, discs[s.MSN], inits[s.MSN])
				}
				if wantParts := i >= len(got.Segments)-config.PartsFor; wantParts != (len(s.Parts) > 0) {
					t.Fatalf("segment %d of %d lists %d parts", i, len(got.Segments), len(s.Parts))
				}
				if !s.Date.Equal(began.Add(time.Duration(s.MSN) * 2 * time.Second)) {
					t.Fatalf("segment %d is of %v", s.MSN, s.Date)
				}
			}
		}
	}
	w.End()
	if got := parse(t, playlist(w)); !got.Ended || got.Hint != "" {
		t.Fatal("no end in the playlist, or a hint after it")
	}
	a.discontinuity(false)
	a.segments(1)
	again := parse(t, playlist(w))
	if again.Ended {
		t.Fatal("it goes on, but the playlist says it has ended")
	}
	if first := again.Segments[0]; len(again.Segments) != 1 || first.MSN != a.msn-1 || first.Discontinuity != a.disc {
		t.Fatalf("after an end there are %d segments, the first %+v; the new one is %d", len(again.Segments), first, a.msn-1)
	}
	if m, _ := w.Find(Name{Kind: KindSegment, Number: a.msn - 2}); !m.There() {
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
