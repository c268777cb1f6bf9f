package hls

import (
	"strings"
	"sync"
	"time"

	"github.com/Eyevinn/hls-m3u8/m3u8"

	"github.com/shoal-live/shoal/swarm/wire"
)

// text holds a complete segment's lines, which are written when first asked for and then kept: a playlist of hours is put
// together from them.
type text struct {
	once  sync.Once
	lines lines
}

// lines are what a segment says in the playlist. In this order they only grow while the segment does.
type lines struct {
	split string // EXT-X-DISCONTINUITY
	init  string // EXT-X-MAP, which stands where the segment before had another
	date  string // EXT-X-PROGRAM-DATE-TIME: before the first part, which it is of too (4.4.4.9)
	parts string // EXT-X-PART, each with its record
	end   string // EXT-X-GAP, EXTINF and URI
}

// milliseconds is how dates are written: RFC 3339 with the fraction always there, which 4.4.4.6 asks for.
const milliseconds = "2006-01-02T15:04:05.000Z07:00"

// linesOf returns the lines of a complete segment.
func (c *Config) linesOf(s *Segment) *lines {
	s.text.once.Do(func() { s.text.lines = c.write(s, 0) })
	return &s.text.lines
}

// growth holds an open segment's lines: those of a part are written when it is there, and kept while others follow.
type growth struct {
	mu    sync.Mutex
	lines lines
	ends  []int // of each part's lines
}

// linesSoFar returns the lines of an open segment with as many parts as the view of it has. Later views may have more.
func (c *Config) linesSoFar(s *Segment) lines {
	g := s.growth
	g.mu.Lock()
	defer g.mu.Unlock()
	for n := len(g.ends); n < len(s.Parts); n++ {
		view := *s
		view.Parts = s.Parts[:n+1]
		l := c.write(&view, n)
		l.parts = g.lines.parts + l.parts
		g.lines = l
		g.ends = append(g.ends, len(l.parts))
	}
	l := g.lines
	l.parts = l.parts[:g.ends[len(s.Parts)-1]]
	return l
}

// write has the library write a playlist of the one segment, and takes it apart. Of its parts those before one are left out. A fresh
// MediaPlaylist is built each time, since Encode consumes what it is given.
func (c *Config) write(s *Segment, from int) (l lines) {
	p, err := m3u8.NewMediaPlaylist(0, 1)
	if err != nil {
		panic("hls: " + err.Error()) // one segment is a possible capacity
	}
	p.SetWritePrecision(precision)
	m := &m3u8.MediaSegment{
		URI: c.uri(Name{Kind: KindSegment, Number: s.MSN}), Duration: s.Duration.Seconds(),
		Discontinuity: s.splits > 0, Gap: s.Gap, ProgramDateTime: s.Date.UTC(),
	}
	if s.Init != nil {
		m.Map = &m3u8.Map{URI: c.uri(Name{Kind: KindInit, Number: s.Init.Number})}
	}
	for n := from; n < len(s.Parts) && !c.Plain; n++ {
		part := s.Parts[n]
		p.PartialSegments = append(p.PartialSegments, &m3u8.PartialSegment{
			SeqID: s.MSN, URI: c.uri(Name{Kind: KindPart, Number: s.MSN, Part: n}),
			Duration: part.Duration.Seconds(), Independent: part.Independent, Gap: part.Gap,
		})
	}
	if err := p.AppendSegment(m); err != nil {
		panic("hls: " + err.Error()) // there is room for one
	}
	var parts, end strings.Builder
	n := from
	for line := range strings.Lines(body(p.Encode().String())) {
		switch tag, _, _ := strings.Cut(line, ":"); tag {
		case "#EXT-X-DISCONTINUITY\n":
			l.split = strings.Repeat(line, int(s.splits))
		case "#EXT-X-MAP":
			l.init = line
		case "#EXT-X-PROGRAM-DATE-TIME":
			l.date = tag + ":" + s.Date.UTC().Truncate(time.Millisecond).Format(milliseconds) + "\n"
		case "#EXT-X-PART":
			parts.WriteString(line)
			if record := s.Parts[n].Record; record != "" {
				parts.WriteString(wire.RecordTag + record + "\n")
			}
			n++
		default: // EXT-X-GAP too: it becomes known when the parts before it are listed already
			end.WriteString(line)
		}
	}
	l.parts, l.end = parts.String(), end.String()
	return l
}

// body returns what follows the head of a playlist whose head ends with the target duration.
func body(playlist string) string {
	_, rest, _ := strings.Cut(playlist, "#EXT-X-TARGETDURATION:")
	_, rest, _ = strings.Cut(rest, "\n")
	return rest
}
