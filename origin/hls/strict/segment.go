package strict

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"
	"time"
)

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
