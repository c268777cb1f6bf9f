package strict

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

const rounding = 1e-6 // seconds: decimals are not what a float holds

// reader is a playlist being read.
type reader struct {
	p       *Playlist
	seen    map[string]int  // tags
	uris    map[string]bool // of segments and parts
	segment Segment         // that is being read
	extinf  bool            // its EXTINF was there
	tagged  bool            // some of its own tags was there
	skip    bool            // EXT-X-SKIP was there
	init    string          // the last EXT-X-MAP's
	end     time.Time       // of the segment before, where that is known
	splits  uint64          // discontinuities
	needs   int             // protocol version, the least ...
	may     int             // ... and one that is not too high
}

// Parse reads a media playlist, and says which rule the first error breaks.
func Parse(text string) (*Playlist, error) {
	r := &reader{p: &Playlist{}, seen: map[string]int{}, uris: map[string]bool{}, needs: 1, may: 6}
	if !utf8.ValidString(text) || strings.HasPrefix(text, "\ufeff") {
		return nil, errors.New("strict: 4.1: not UTF-8, or with a byte order mark")
	}
	if !strings.HasPrefix(text, "#EXTM3U\n") && !strings.HasPrefix(text, "#EXTM3U\r\n") {
		return nil, errors.New("strict: 4.4.1.1: the first line is not #EXTM3U")
	}
	if !strings.HasSuffix(text, "\n") {
		return nil, errors.New("strict: 4.1: the last line does not end")
	}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if err := r.line(line); err != nil {
			return nil, fmt.Errorf("strict: line %d, %.80q: %w", number, line, err)
		}
	}
	if err := r.finish(); err != nil {
		return nil, fmt.Errorf("strict: %w", err)
	}
	return r.p, nil
}

func (r *reader) line(line string) error {
	if strings.ContainsFunc(line, func(c rune) bool { return c < 0x20 && c != '\t' || c >= 0x7f && c <= 0x9f }) {
		return errors.New("4.1: a control character")
	}
	switch {
	case line == "" || strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "#EXT"):
		return nil
	case !strings.HasPrefix(line, "#"):
		return r.uri(line)
	}
	tag, value, _ := strings.Cut(line, ":")
	r.seen[tag]++
	switch tag {
	case "#EXTM3U", "#EXT-X-VERSION", "#EXT-X-TARGETDURATION", "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE",
		"#EXT-X-ENDLIST", "#EXT-X-PLAYLIST-TYPE", "#EXT-X-PART-INF", "#EXT-X-SERVER-CONTROL", "#EXT-X-INDEPENDENT-SEGMENTS":
		if r.seen[tag] > 1 {
			return errors.New("4.4.3: it stands twice")
		}
		return r.whole(tag, value)
	case "#EXTINF", "#EXT-X-DISCONTINUITY", "#EXT-X-GAP", "#EXT-X-MAP", "#EXT-X-PROGRAM-DATE-TIME":
		return r.ofSegment(tag, value)
	case "#EXT-X-PART":
		return r.part(value)
	case "#EXT-X-SKIP", "#EXT-X-PRELOAD-HINT", "#EXT-X-RENDITION-REPORT":
		return r.metadata(tag, value)
	case "#EXT-X-MEDIA", "#EXT-X-STREAM-INF", "#EXT-X-I-FRAME-STREAM-INF", "#EXT-X-SESSION-DATA", "#EXT-X-SESSION-KEY":
		return errors.New("4.4.6: it belongs into a multivariant playlist")
	}
	return nil // 6.3.1: tags that are not known are passed over
}

// finish checks what can only be told once all is read.
func (r *reader) finish() error {
	p, c := r.p, &r.p.Control
	target := float64(p.Target)
	if r.extinf || r.tagged && len(r.segment.Parts) == 0 {
		return errors.New("4.4.4: tags of a segment at the end, and no segment")
	}
	if len(r.segment.Parts) > 0 {
		if err := r.place(&r.segment); err != nil {
			return err
		}
		p.Open = &r.segment
	}
	for _, rule := range []struct {
		broken bool
		text   string
	}{
		{r.seen["#EXT-X-TARGETDURATION"] == 0 || p.Target == 0, "4.4.3.1: no target duration"},
		{max(1, p.Version) < r.needs, fmt.Sprintf("8: version %d, and %d is needed", p.Version, r.needs)},
		{p.Version > max(r.needs, r.may), fmt.Sprintf("6.2.1: version %d, and %d is enough", p.Version, r.needs)},
		{p.PartTarget > 0 && c.PartHoldBack < 3*p.PartTarget-rounding, "4.4.3.8: PART-HOLD-BACK below three part targets"},
		{c.HoldBack > 0 && c.HoldBack < 3*target, "4.4.3.8: HOLD-BACK below three target durations"},
		{c.CanSkipUntil > 0 && c.CanSkipUntil < 6*target, "4.4.3.8: CAN-SKIP-UNTIL below six target durations"},
		{c.CanSkipDateRanges && c.CanSkipUntil == 0, "4.4.3.8: CAN-SKIP-DATERANGES without CAN-SKIP-UNTIL"},
		{p.Skipped > 0 && (c.CanSkipUntil == 0 || p.Ended), "6.2.5.1: a delta playlist where none may be"},
		{p.Ended && (p.Hint != "" || p.Open != nil), "4.4.5.3: something is to come after EXT-X-ENDLIST"},
		{r.seen["#EXT-X-DISCONTINUITY"] > 0 && p.Type == "" && r.seen["#EXT-X-DISCONTINUITY-SEQUENCE"] == 0,
			"6.2.2: discontinuities that can be removed, and no EXT-X-DISCONTINUITY-SEQUENCE"},
		{r.uris[p.Hint], "6.2.6: what is hinted at is listed"},
	} {
		if rule.broken {
			return errors.New(rule.text)
		}
	}
	if p.Skipped > 0 { // 6.2.5.1: nothing nearer to the end than the boundary may be left out
		var listed float64
		for i := range p.Segments {
			listed += p.Segments[i].Duration
		}
		if listed+rounding < c.CanSkipUntil {
			return fmt.Errorf("6.2.5.1: only %v s are listed, the skip boundary is at %v s", listed, c.CanSkipUntil)
		}
	}
	return nil
}
