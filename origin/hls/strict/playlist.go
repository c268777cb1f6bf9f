// Package strict reads media playlists as the strictest player would: it refuses whatever draft-pantos-hls-rfc8216bis
// forbids, and most of what it says should not be. It is for tests and shares no code with what writes the playlists.
//
// Parse checks one playlist by itself. Follow checks a reload against the one before it, and puts a delta playlist
// together with what was known:
//
//	now, err := strict.Parse(text)
//	whole, err := strict.Follow(before, now)
//
// Section numbers in the errors are those of draft 22.
package strict

import "time"

// Playlist is one media playlist.
type Playlist struct {
	Version               int
	Target                int // seconds
	MediaSequence         uint64
	DiscontinuitySequence uint64
	PartTarget            float64 // 0: no parts
	Control               Control
	Skipped               int // segments left out of a delta playlist
	Segments              []Segment
	Open                  *Segment // parts of a segment that is not complete; nil: there are none
	Hint                  string   // URI of the part that comes next
	Reports               []Report
	Type                  string // of EXT-X-PLAYLIST-TYPE
	Ended                 bool
}

// Control is EXT-X-SERVER-CONTROL, in seconds.
type Control struct {
	CanSkipUntil, HoldBack, PartHoldBack float64
	CanBlockReload, CanSkipDateRanges    bool
}

// Segment is one media segment.
type Segment struct {
	MSN           uint64
	Discontinuity uint64 // its discontinuity sequence number
	URI           string
	Duration      float64
	Gap           bool
	Splits        int       // discontinuities before it
	Map           string    // URI of its init segment; "" in a delta playlist where it was left out
	Date          time.Time // zero: not told
	Parts         []Part
}

// Part is one partial segment.
type Part struct {
	URI              string
	Duration         float64
	Independent, Gap bool
}

// Report is what is said of another rendition.
type Report struct {
	URI      string
	LastMSN  uint64
	LastPart int // -1: it has no parts
}

// Duration returns how long the segments and parts that are listed last, in seconds.
func (p *Playlist) Duration() (d float64) {
	for i := range p.Segments {
		d += p.Segments[i].Duration
	}
	if p.Open != nil {
		d += p.Open.length()
	}
	return d
}

// Next returns the place of the part that comes next.
func (p *Playlist) Next() (msn uint64, part int) {
	msn = p.MediaSequence + uint64(p.Skipped+len(p.Segments))
	if p.Open != nil {
		part = len(p.Open.Parts)
	}
	return msn, part
}

// length returns how long a segment's parts last.
func (s *Segment) length() (d float64) {
	for _, part := range s.Parts {
		d += part.Duration
	}
	return d
}
