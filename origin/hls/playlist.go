package hls

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// Protocol versions (section 8): no higher than what is in a playlist needs. Nothing of LL-HLS but EXT-X-SKIP has one;
// for EXT-X-GAP some parsers ask for one.
const (
	versionMap  = 6 // EXT-X-MAP where there are not only I-frames
	versionGap  = 8 // EXT-X-GAP
	versionSkip = 9 // EXT-X-SKIP
)

const precision = 5 // digits of a second after the point

// Report is another rendition of the stream, as EXT-X-RENDITION-REPORT tells of it.
type Report struct {
	URI  string // relative to the playlist that reports: ../v1/index.m3u8
	View *View
}

// skipBoundary is CAN-SKIP-UNTIL: at least six target durations (4.4.3.8), and so far back that a segment which was lost on
// its way from memory to disk is still told of when it becomes a gap. It is 0, and no delta playlists are offered, where the
// window is not at least twice that: they would save a few lines, and cost each player a URL of its own.
func (c *Config) skipBoundary() time.Duration {
	boundary := c.Target * time.Duration(max(6, c.inMemory()+3))
	if c.InMemory == 0 {
		boundary = 6 * c.Target
	}
	if c.Target*time.Duration(c.Listed) < 2*boundary {
		return 0
	}
	return boundary
}

// skippable returns how many segments a delta playlist leaves out: those further from the end of the last complete one than
// the skip boundary (6.2.5.1).
func (v *View) skippable() int {
	boundary := v.config.skipBoundary()
	if boundary == 0 || v.Ended {
		return 0
	}
	n := len(v.Segments)
	for behind := time.Duration(0); n > 0 && behind <= boundary; n-- {
		behind += v.Segments[n-1].Duration
	}
	return n
}

// encode writes the media playlist without its first segments, if any are skipped.
func (v *View) encode(skipped int, reports string) []byte {
	c := v.config
	head, tail := v.frame(skipped)
	var b bytes.Buffer
	b.Grow(len(head) + len(tail) + len(reports) + 160*(len(v.Segments)-skipped) + 300*32)
	b.WriteString(head)
	var init *Init
	if skipped > 0 {
		init = v.Segments[skipped-1].Init // a player has its EXT-X-MAP
	}
	add := func(s *Segment, l *lines) {
		b.WriteString(l.split)
		if s.Init != nil && s.Init != init {
			init = s.Init
			b.WriteString(l.init)
			if init.Record != "" {
				b.WriteString(wire.RecordTag + init.Record + "\n")
			}
		}
		b.WriteString(l.date)
	}
	for i, s := range v.Segments[skipped:] {
		l := c.linesOf(s)
		add(s, l)
		if len(v.Segments)-skipped-i <= c.PartsFor {
			b.WriteString(l.parts)
		}
		b.WriteString(l.end)
	}
	if v.parts() > 0 && !c.Plain {
		l := c.linesSoFar(v.Open)
		add(v.Open, &l)
		b.WriteString(l.parts)
	}
	b.WriteString(tail)
	b.WriteString(reports)
	return b.Bytes()
}

// report writes the lines that tell of other renditions (4.4.5.4). The library has no place for them.
func report(reports []Report) string {
	var b strings.Builder
	for _, r := range reports {
		newest := r.View.Newest()
		if newest == nil {
			continue
		}
		b.WriteString(`#EXT-X-RENDITION-REPORT:URI="` + r.URI + `",LAST-MSN=` + strconv.FormatUint(newest.MSN, 10))
		if n := len(newest.Parts); n > 0 && !r.View.config.Plain {
			b.WriteString(",LAST-PART=" + strconv.Itoa(n-1))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (c *Config) uri(n Name) string {
	return strconv.FormatUint(uint64(c.Epoch), 10) + "/" + n.String()
}
