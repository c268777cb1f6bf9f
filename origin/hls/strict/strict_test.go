package strict

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// good is a playlist that breaks no rule.
const good = `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=12.0,HOLD-BACK=6.0,PART-HOLD-BACK=1.5,CAN-BLOCK-RELOAD=YES
#EXT-X-PART-INF:PART-TARGET=0.5
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-DISCONTINUITY-SEQUENCE:3
#EXT-X-MAP:URI="init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.000Z
#EXTINF:2.0,
s7.m4s
#EXT-X-GAP
#EXTINF:2.0,
s8.m4s
#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:09.000Z
#EXT-X-PART:DURATION=0.5,INDEPENDENT=YES,URI="s9.0.m4s"
#EXT-X-PART:DURATION=0.5,URI="s9.1.m4s",GAP=YES
#EXTINF:1.0,
s9.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:10.000Z
#EXT-X-PART:DURATION=0.5,INDEPENDENT=YES,URI="s10.0.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="s10.1.m4s"
#EXT-X-RENDITION-REPORT:URI="../v1/index.m3u8",LAST-MSN=10,LAST-PART=0
`

func TestParse(t *testing.T) {
	p, err := Parse(good)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Segments) != 3 || p.Open == nil || p.Open.MSN != 10 || p.Open.Discontinuity != 4 || p.Open.Map != "init.mp4" ||
		!p.Segments[1].Gap || p.Segments[1].Discontinuity != 3 || len(p.Segments[2].Parts) != 2 || p.Reports[0].LastMSN != 10 {
		t.Fatalf("%+v", p)
	}
}

// TestRefuses breaks one rule after the other, and names the section that says so.
func TestRefuses(t *testing.T) {
	for _, c := range []struct{ section, old, new string }{
		{"4.1", "#EXTM3U\n", "\ufeff#EXTM3U\n"},
		{"4.1", "s8.m4s", "s8\x01.m4s"},
		{"4.1", "s8.m4s", "s8\xff.m4s"},
		{"4.1", "LAST-PART=0\n", "LAST-PART=0"},
		{"4.4.1.1", "#EXTM3U", "#EXTM4U"},
		{"4.2", "PART-TARGET=0.5", "PART-TARGET=.5s"},
		{"4.2", "PART-TARGET=0.5", "PART-TARGET=-0.5"},
		{"4.2", "PART-TARGET=0.5", "PART-TARGET=0.5,"},
		{"4.2", "PART-TARGET=0.5", "part=1,PART-TARGET=0.5"},
		{"4.2", "PART-TARGET=0.5", "PART-TARGET=0.5,PART-TARGET=0.5"},
		{"4.2", `URI="init.mp4"`, `URI=init.mp4`},
		{"4.2", `URI="init.mp4"`, `URI="init.mp4`},
		{"4.2", "LAST-MSN=10", "LAST-MSN=1e1"},
		{"4.2", "TYPE=PART", `TYPE="PART"`},
		{"4.4.3", "#EXTM3U\n", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"},
		{"4.4.3.1", "#EXT-X-TARGETDURATION:2\n", ""},
		{"4.4.3.1", "TARGETDURATION:2", "TARGETDURATION:1"},
		{"4.4.3", "#EXT-X-GAP\n", "#EXT-X-GAP\n#EXT-X-MEDIA-SEQUENCE:7\n"},
		{"4.4.3.5", "#EXTM3U\n", "#EXTM3U\n#EXT-X-PLAYLIST-TYPE:LIVE\n"},
		{"4.4.3.7", "#EXT-X-PART-INF:PART-TARGET=0.5\n", ""},
		{"4.4.3.8", "PART-HOLD-BACK=1.5", "PART-HOLD-BACK=1.4"},
		{"4.4.3.8", ",PART-HOLD-BACK=1.5", ""},
		{"4.4.3.8", "HOLD-BACK=6.0", "HOLD-BACK=5.9"},
		{"4.4.3.8", "CAN-SKIP-UNTIL=12.0", "CAN-SKIP-UNTIL=11"},
		{"4.4.3.8", "CAN-SKIP-UNTIL=12.0", "CAN-SKIP-DATERANGES=YES"},
		{"YES", "RELOAD=YES", "RELOAD=NO"},
		{"4.4.4.1", "#EXTINF:2.0,\ns8", "s8"},
		{"4.4.4.1", "#EXTINF:1.0,", "#EXTINF:1.0"},
		{"4.4.4.1", "#EXTINF:1.0,", "#EXTINF:1.0,\n#EXTINF:1.0,"},
		{"4.2", "#EXTINF:1.0,", "#EXTINF:1:0,"},
		{"4.4.4.5", `#EXT-X-MAP:URI="init.mp4"`, `#EXT-X-MAP:BYTERANGE="1@0"`},
		{"3.1.3", "#EXT-X-MAP:URI=\"init.mp4\"\n", ""},
		{"4.4.4.6", "04:05.000Z", "04:05"},
		{"6.2.1", "#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:09.000Z\n", ""},
		{"6.2.1", "03:04:10.000Z", "03:04:08.999Z"},
		{"4.4.4.9", `DURATION=0.5,INDEPENDENT=YES,URI="s9.0`, `DURATION=0.51,INDEPENDENT=YES,URI="s9.0`},
		{"4.4.4.9", `DURATION=0.5,INDEPENDENT=YES,URI="s10.0.m4s"`, "DURATION=0.4,URI=\"s10.0.m4s\"\n#EXT-X-PART:DURATION=0.5,URI=\"s10.9.m4s\""},
		{"4.4.4.9", "#EXTINF:1.0,\n", "#EXTINF:1.0,\n#EXT-X-PART:DURATION=0.5,URI=\"x.m4s\"\n"},
		{"4.4.4.9", "#EXTINF:1.0,\n", "#EXT-X-DISCONTINUITY\n#EXTINF:1.0,\n"},
		{"4.4.4.9", `URI="s9.1.m4s",`, ""},
		{"3.2", "#EXTINF:1.0,", "#EXTINF:1.1,"},
		{"6.2.1", `URI="s9.1.m4s"`, `URI="s9.0.m4s"`},
		{"6.2.1", "s8.m4s", "s7.m4s"},
		{"6.2.1", "VERSION:6", "VERSION:9"},
		{"8", "VERSION:6", "VERSION:5"},
		{"4.4.5.2", "#EXT-X-GAP", "#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXT-X-GAP"},
		{"4.4.5.2", "#EXT-X-MAP", "#EXT-X-SKIP:SKIPPED-SEGMENTS=0\n#EXT-X-MAP"},
		{"8", "#EXT-X-MAP", "#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXT-X-MAP"},
		{"4.4.5.3", "TYPE=PART", "TYPE=BOTH"},
		{"6.2.6", `URI="s10.1.m4s"`, `URI="s10.0.m4s"`},
		{"6.2.6", "#EXT-X-RENDITION", "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"x\"\n#EXT-X-RENDITION"},
		{"4.4.5.3", "#EXT-X-RENDITION", "#EXT-X-ENDLIST\n#EXT-X-RENDITION"},
		{"4.4.5.4", `URI="../v1/index.m3u8"`, `URI="http://a/b"`},
		{"4.4.5.4", "LAST-MSN=10,", ""},
		{"B.1", "#EXT-X-RENDITION", "#EXT-X-RENDITION-REPORT:URI=\"../v1/index.m3u8\",LAST-MSN=1\n#EXT-X-RENDITION"},
		{"6.2.2", "#EXT-X-DISCONTINUITY-SEQUENCE:3\n", ""},
		{"4.4.6", "#EXT-X-GAP", "#EXT-X-STREAM-INF:BANDWIDTH=1\n#EXT-X-GAP"},
		{"4.4.4", "LAST-PART=0\n", "LAST-PART=0\n#EXT-X-DISCONTINUITY\n"},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		if text == good {
			t.Errorf("%q does not stand in it", c.old)
		}
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), c.section) {
			t.Errorf("%q for %q breaks %s; said is: %v", c.new, c.old, c.section, err)
		}
	}
}

// TestRefusesDelta: nothing nearer to the end than the boundary may be skipped, and nothing of what has ended.
func TestRefusesDelta(t *testing.T) {
	for _, text := range []string{
		delta(6, 10, 8), delta(6, 9, 9) + "#EXT-X-ENDLIST\n", strings.Replace(delta(6, 9, 9), "#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=18\n", "", 1),
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), "6.2.5.1") {
			t.Errorf("%v\n%s", err, text)
		}
	}
}

// list writes a plain playlist of so many segments of two seconds.
func list(first, n int, more ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=18\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-MAP:URI=\"i.mp4\"\n", first)
	for i := range n {
		fmt.Fprintf(&b, "#EXTINF:2.0,\ns%d.m4s\n", first+i)
	}
	return b.String() + strings.Join(more, "")
}

func TestFollow(t *testing.T) {
	const split = "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MAP"
	for _, c := range []struct{ name, before, now, want string }{
		{"nothing new", list(5, 8), list(5, 8), ""},
		{"one more", list(5, 8), list(5, 9), ""},
		{"one goes", list(5, 8), list(6, 8), ""},
		{"it ends", list(5, 8), list(5, 8, "#EXT-X-ENDLIST\n"), ""},
		{"a gap", list(5, 8), strings.NewReplacer("VERSION:6", "VERSION:8", "#EXTINF:2.0,\ns6", "#EXT-X-GAP\n#EXTINF:2.0,\ns6").Replace(list(5, 8)), ""},
		{"another init segment for a gap", list(5, 8), strings.NewReplacer("VERSION:6", "VERSION:8", "i.mp4", "j.mp4", "#EXTINF", "#EXT-X-GAP\n#EXTINF").Replace(list(5, 8)), ""},
		{"a delta", list(5, 18), delta(6, 9, 9), ""},
		{"too much is skipped", list(5, 8), delta(6, 9, 9), "6.3.7"},
		{"it goes back", list(5, 8), list(4, 9), "6.2.2"},
		{"it ends earlier", list(5, 8), list(5, 7), "6.2.1"},
		{"too little is left", list(5, 3), list(6, 2), "6.2.2"},
		{"another target", list(5, 8), strings.Replace(list(5, 8), "TARGETDURATION:2", "TARGETDURATION:3", 1), "6.2.1"},
		{"other control", list(5, 8), strings.Replace(list(5, 8), "UNTIL=18", "UNTIL=19", 1), "4.4.3.8"},
		{"another duration", list(5, 8), strings.Replace(list(5, 8), "EXTINF:2.0", "EXTINF:1.9", 1), "6.2.1"},
		{"another init segment", list(5, 8), strings.Replace(list(5, 8), "i.mp4", "j.mp4", 1), "6.2.1"},
		{"another name", list(5, 8), strings.Replace(list(5, 8), "s6", "t6", 1), "6.2.1"},
		{"a name again", list(5, 8), list(6, 7, "#EXTINF:2.0,\ns5.m4s\n"), "6.2.1"},
		{"it goes on after its end", list(5, 8, "#EXT-X-ENDLIST\n"), list(5, 8), "4.4.3.4"},
		{"a discontinuity goes uncounted", strings.Replace(strings.Replace(list(5, 8), "#EXTINF", "#EXT-X-DISCONTINUITY\n#EXTINF", 1), "#EXT-X-MAP", split, 1), list(6, 8), "6.2.2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, err := Parse(c.before)
			if err != nil {
				t.Fatal(err)
			}
			now, err := Parse(c.now)
			if err != nil {
				t.Fatal(err)
			}
			whole, err := Follow(before, now)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Fatalf("said is: %v, want %s", err, c.want)
			}
			if err == nil && whole.Skipped != 0 {
				t.Error("it is not whole")
			}
		})
	}
}

func delta(first, skipped, n int) string {
	text := strings.Replace(list(first+skipped, n), "VERSION:6", "VERSION:9", 1)
	return strings.Replace(text, fmt.Sprintf("SEQUENCE:%d\n", first+skipped), fmt.Sprintf("SEQUENCE:%d\n#EXT-X-SKIP:SKIPPED-SEGMENTS=%d\n", first, skipped), 1)
}

func FuzzParse(f *testing.F) {
	f.Add(good)
	f.Add(list(1, 3))
	f.Add(delta(6, 9, 9))
	before, err := Parse(list(5, 18))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		if len(p.Segments) > strings.Count(text, "\n") {
			t.Fatal("more segments than lines")
		}
		_, _ = Follow(before, p)
		if p.Skipped == 0 {
			if _, err := Follow(p, p); err != nil && len(p.Segments) > 0 && p.Hint == "" {
				t.Fatalf("it does not follow itself: %v\n%s", err, text)
			}
		}
	})
}

func Example() {
	before, _ := Parse(list(5, 18))
	now, err := Parse(delta(6, 9, 9))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	whole, err := Follow(before, now)
	fmt.Println(len(now.Segments), "of", len(whole.Segments), "segments came;", err)
	// Output: 9 of 18 segments came; <nil>
}
