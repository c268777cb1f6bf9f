package strict

import (
	"errors"
	"math"
	"net/url"
)

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
