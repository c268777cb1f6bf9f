package strict

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

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

// whole reads a tag that is of the whole playlist.
func (r *reader) whole(tag, value string) (err error) {
	p := r.p
	begun := len(p.Segments) > 0 || r.tagged || r.skip
	switch tag {
	case "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE":
		if begun {
			return errors.New("4.4.3: it stands after the first segment")
		}
	case "#EXTM3U", "#EXT-X-ENDLIST", "#EXT-X-INDEPENDENT-SEGMENTS":
		if value != "" {
			return errors.New("4.4: it has no value")
		}
	}
	var n uint64
	switch tag {
	case "#EXT-X-VERSION":
		n, err = decimal(value)
		p.Version = int(min(n, 1000))
	case "#EXT-X-TARGETDURATION":
		n, err = decimal(value)
		p.Target = int(min(n, math.MaxInt32))
	case "#EXT-X-MEDIA-SEQUENCE":
		p.MediaSequence, err = decimal(value)
	case "#EXT-X-DISCONTINUITY-SEQUENCE":
		p.DiscontinuitySequence, err = decimal(value)
	case "#EXT-X-ENDLIST":
		p.Ended = true
	case "#EXT-X-PLAYLIST-TYPE":
		if p.Type = value; value != "VOD" && value != "EVENT" {
			return errors.New("4.4.3.5: only VOD and EVENT are possible")
		}
	case "#EXT-X-PART-INF":
		a, err := parseAttributes(tag, value)
		if err != nil {
			return err
		}
		if p.PartTarget = a.seconds("PART-TARGET"); p.PartTarget <= 0 {
			return errors.New("4.4.3.7: no PART-TARGET")
		}
	case "#EXT-X-SERVER-CONTROL":
		return r.control(tag, value)
	}
	return err
}

func (r *reader) control(tag, value string) error {
	a, err := parseAttributes(tag, value)
	if err != nil {
		return err
	}
	c := &r.p.Control
	c.CanSkipUntil, c.HoldBack, c.PartHoldBack = a.seconds("CAN-SKIP-UNTIL"), a.seconds("HOLD-BACK"), a.seconds("PART-HOLD-BACK")
	var wrong error
	c.CanBlockReload, wrong = a.yes("CAN-BLOCK-RELOAD")
	c.CanSkipDateRanges, err = a.yes("CAN-SKIP-DATERANGES")
	return errors.Join(wrong, err)
}

// ofSegment reads a tag that is of the next segment.
func (r *reader) ofSegment(tag, value string) (err error) {
	s := &r.segment
	if tag != "#EXTINF" && tag != "#EXT-X-GAP" && len(s.Parts) > 0 {
		return errors.New("4.4.4.9: it stands after the segment's first part")
	}
	r.tagged = true
	switch tag {
	case "#EXTINF":
		if r.extinf {
			return errors.New("4.4.4.1: a second one for the same segment")
		}
		duration, _, ok := strings.Cut(value, ",")
		if !ok {
			return errors.New("4.4.4.1: no comma after the duration")
		}
		r.extinf = true
		s.Duration, err = float(duration)
		if strings.Contains(duration, ".") {
			r.needs = max(r.needs, 3)
		}
	case "#EXT-X-DISCONTINUITY":
		s.Splits++
	case "#EXT-X-GAP":
		s.Gap = true
		r.may = 8 // section 8 asks for none, hls-parser for this one
	case "#EXT-X-MAP":
		a, err := parseAttributes(tag, value)
		if err != nil {
			return err
		}
		if r.init = a.text("URI"); r.init == "" {
			return errors.New("4.4.4.5: no URI")
		}
		r.needs = max(r.needs, 6)
	case "#EXT-X-PROGRAM-DATE-TIME":
		if len(value) < len("2006-01-02T15:04:05.000Z") {
			return errors.New("4.4.4.6: no milliseconds, or no zone")
		}
		if s.Date, err = time.Parse(time.RFC3339Nano, value); err != nil {
			return err
		}
	}
	return err
}

func (r *reader) part(value string) error {
	a, err := parseAttributes("#EXT-X-PART", value)
	if err != nil {
		return err
	}
	if r.extinf {
		return errors.New("4.4.4.9: a part after its segment's EXTINF")
	}
	part := Part{URI: a.text("URI"), Duration: a.seconds("DURATION")}
	if part.Independent, err = a.yes("INDEPENDENT"); err != nil {
		return err
	}
	if part.Gap, err = a.yes("GAP"); err != nil {
		return err
	}
	if part.URI == "" || a["DURATION"] == "" {
		return errors.New("4.4.4.9: no URI or no DURATION")
	}
	if r.p.PartTarget == 0 {
		return errors.New("4.4.3.7: a part without EXT-X-PART-INF before it")
	}
	if part.Duration > r.p.PartTarget+rounding {
		return fmt.Errorf("4.4.4.9: longer than the part target of %v s", r.p.PartTarget)
	}
	if n := len(r.segment.Parts); n > 0 && !part.Gap {
		if last := r.segment.Parts[n-1]; last.Duration < 0.85*r.p.PartTarget && !last.Independent && !last.Gap {
			return fmt.Errorf("4.4.4.9: the part before it is shorter than 85 %% of the part target")
		}
	}
	r.tagged = true
	r.segment.Parts = append(r.segment.Parts, part)
	return r.name(part.URI)
}

const rounding = 1e-6

// name notes the URI of a segment or part.
func (r *reader) name(uri string) error {
	if _, err := url.Parse(uri); err != nil {
		return fmt.Errorf("4.1: no URI: %w", err)
	}
	if r.uris[uri] {
		return errors.New("6.2.1: the same URI twice")
	}
	r.uris[uri] = true
	return nil
}

// uri ends a segment.
func (r *reader) uri(line string) error {
	p, s := r.p, &r.segment
	if !r.extinf {
		return errors.New("4.4.4.1: a URI without EXTINF")
	}
	if r.p.Hint != "" {
		return errors.New("6.2.6: a segment after what is hinted at")
	}
	if s.URI = line; strings.TrimSpace(line) != line {
		return errors.New("4.1: white space around a URI")
	}
	if math.Round(s.Duration) > float64(p.Target) {
		return fmt.Errorf("4.4.3.1: %v s are more than the target duration of %d s", s.Duration, p.Target)
	}
	if n := len(s.Parts); n > 0 && math.Abs(s.length()-s.Duration) > 0.001*float64(n) {
		return fmt.Errorf("3.2: its parts last %v s, it lasts %v s", s.length(), s.Duration)
	}
	if err := r.place(s); err != nil {
		return err
	}
	p.Segments = append(p.Segments, *s)
	r.segment, r.extinf, r.tagged = Segment{}, false, false
	return r.name(line)
}

// place gives a segment, complete or not, what comes from those before it, and checks what must be there.
func (r *reader) place(s *Segment) error {
	p := r.p
	if s.Splits > 0 {
		r.splits += uint64(s.Splits)
		r.end = time.Time{}
	}
	s.MSN, s.Discontinuity = p.MediaSequence+uint64(p.Skipped+len(p.Segments)), p.DiscontinuitySequence+r.splits
	s.Map = r.init
	if s.Map == "" && p.Skipped == 0 && !s.Gap && strings.HasSuffix(s.URI, ".m4s") {
		return errors.New("3.1.3: a segment of fragmented MP4 without EXT-X-MAP")
	}
	if s.Splits > 0 && s.Date.IsZero() && r.seen["#EXT-X-PROGRAM-DATE-TIME"] > 0 {
		return errors.New("6.2.1: a discontinuity without EXT-X-PROGRAM-DATE-TIME")
	}
	if !s.Date.IsZero() && !r.end.IsZero() && r.end.Sub(s.Date) >= time.Second {
		return fmt.Errorf("6.2.1: its date is %v before the end of the segment before", r.end.Sub(s.Date))
	}
	if from := s.Date; !from.IsZero() {
		r.end = from.Add(time.Duration(s.Duration * float64(time.Second)))
	} else if !r.end.IsZero() {
		r.end = r.end.Add(time.Duration(s.Duration * float64(time.Second)))
	}
	return nil
}

func (r *reader) metadata(tag, value string) error {
	a, err := parseAttributes(tag, value)
	if err != nil {
		return err
	}
	p, uri := r.p, a.text("URI")
	switch tag {
	case "#EXT-X-SKIP":
		n := a.number("SKIPPED-SEGMENTS")
		if r.seen[tag] > 1 || n == 0 || n > math.MaxInt32 || len(p.Segments) > 0 || r.tagged {
			return errors.New("4.4.5.2: a second one, one that skips nothing, or one that does not stand before all segments")
		}
		p.Skipped, r.skip = int(n), true
		r.needs = max(r.needs, 9)
		if _, ok := a["RECENTLY-REMOVED-DATERANGES"]; ok {
			r.needs = max(r.needs, 10)
		}
	case "#EXT-X-PRELOAD-HINT":
		if kind := a["TYPE"]; kind != "PART" && kind != "MAP" || uri == "" {
			return errors.New("4.4.5.3: no TYPE or no URI")
		}
		if a["TYPE"] == "PART" {
			if p.Hint != "" || r.uris[uri] {
				return errors.New("6.2.6: a second hint, or one at what is listed")
			}
			p.Hint = uri
		}
	case "#EXT-X-RENDITION-REPORT":
		u, err := url.Parse(uri)
		if err != nil || uri == "" || u.IsAbs() || u.Host != "" {
			return errors.New("4.4.5.4: no URI, or one that is not relative")
		}
		report := Report{URI: uri, LastMSN: a.number("LAST-MSN"), LastPart: -1}
		if a["LAST-MSN"] == "" {
			return errors.New("4.4.5.4: no LAST-MSN")
		}
		if a["LAST-PART"] != "" {
			report.LastPart = int(min(a.number("LAST-PART"), math.MaxInt32))
		}
		for _, other := range p.Reports {
			if other.URI == uri {
				return errors.New("B.1: a second report of one rendition")
			}
		}
		p.Reports = append(p.Reports, report)
	}
	return nil
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
