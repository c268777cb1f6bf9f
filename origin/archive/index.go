package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// What one file may say of itself: an hour of two-second segments is 1,800.
const (
	maxTracks  = 16
	maxSegment = time.Hour
	maxLine    = 16 << 10
)

// ErrIndex says that an index does not begin with a line about its file.
var ErrIndex = errors.New("archive: not the index of a recording")

// Head is the first line of an index: what the file holds.
type Head struct {
	Epoch         uint32    `json:"epoch"`
	Init          uint64    `json:"init"` // number of the init segment
	Size          int64     `json:"size"` // of the init segment, with which the file begins
	First         uint64    `json:"first"`
	Date          time.Time `json:"date"`
	Break         bool      `json:"break,omitempty"` // a discontinuity stands before its first segment
	Discontinuity uint64    `json:"discontinuity"`
	Bases         []Base    `json:"bases"`
	Codecs        string    `json:"codecs"`
	Width         int       `json:"width,omitempty"`
	Height        int       `json:"height,omitempty"`
	FrameRate     float64   `json:"frameRate,omitempty"`
}

// Segment is a line of an index for each segment that is whole on disk.
type Segment struct {
	MSN         uint64        `json:"msn"`
	At          int64         `json:"at"` // offset in the file
	Size        int64         `json:"size"`
	Duration    time.Duration `json:"ns"`
	Date        time.Time     `json:"date"`
	Independent bool          `json:"independent,omitempty"`
}

// End returns when the segment's media end.
func (s *Segment) End() time.Time { return s.Date.Add(s.Duration) }

// Index is what is known of one file.
type Index struct {
	Head
	Segments []Segment
	Closed   bool // nothing is appended any more
}

// End returns the size of the file as far as the index knows it.
func (x *Index) End() int64 {
	if n := len(x.Segments); n > 0 {
		return x.Segments[n-1].At + x.Segments[n-1].Size
	}
	return x.Size
}

// Next returns the number after the newest segment's.
func (x *Index) Next() uint64 { return x.First + uint64(len(x.Segments)) }

// EndDate returns when the file's media end.
func (x *Index) EndDate() time.Time {
	if n := len(x.Segments); n > 0 {
		return x.Segments[n-1].End()
	}
	return x.Date
}

// Find returns the segment of a number, or nil.
func (x *Index) Find(msn uint64) *Segment {
	if msn < x.First || msn >= x.Next() {
		return nil
	}
	return &x.Segments[msn-x.First]
}

const closing = `{"closed":true}` + "\n"

// Parse reads an index as far as it is whole and true, and tells how many bytes that was: what comes after was torn when
// the process or the machine died.
func Parse(b []byte) (x *Index, valid int, err error) {
	x = &Index{}
	line, rest, whole := bytes.Cut(b, []byte("\n"))
	if !whole || len(line) > maxLine || json.Unmarshal(line, &x.Head) != nil || !x.Head.valid() {
		return nil, 0, ErrIndex
	}
	for {
		valid = len(b) - len(rest)
		line, rest, whole = bytes.Cut(rest, []byte("\n"))
		if !whole || x.Closed || len(line) > maxLine {
			return x, valid, nil
		}
		var next struct {
			Segment
			Closed bool `json:"closed"`
		}
		if json.Unmarshal(line, &next) != nil {
			return x, valid, nil
		}
		if next.Closed {
			x.Closed = true
			continue
		}
		s := next.Segment
		if s.MSN != x.Next() || s.At != x.End() || s.Size <= 0 || s.Size > 1<<32 || s.Duration <= 0 || s.Duration > maxSegment ||
			!plausible(s.Date) {
			return x, valid, nil
		}
		x.Segments = append(x.Segments, s)
	}
}

func (h *Head) valid() bool {
	return h.Size > 0 && h.Size < 1<<20 && h.First < 1<<53 && len(h.Bases) > 0 && len(h.Bases) <= maxTracks && plausible(h.Date) &&
		h.Width >= 0 && h.Height >= 0 && h.FrameRate >= 0 && codecs.MatchString(h.Codecs)
}

// codecs is what may stand in a playlist between quotes.
var codecs = regexp.MustCompile(`^[A-Za-z0-9.,_-]{0,200}$`)

func plausible(t time.Time) bool { return t.Year() >= 1970 && t.Year() < 9999 }

// Append writes an index as Parse reads it.
func (x *Index) Append(b []byte) []byte {
	b = appendLine(b, x.Head)
	for _, s := range x.Segments {
		b = appendLine(b, s)
	}
	if x.Closed {
		b = append(b, closing...)
	}
	return b
}

func appendLine(b []byte, v any) []byte {
	line, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("archive: an index line does not marshal: %v", err)) // dates are plausible, numbers are finite
	}
	return append(append(b, line...), '\n')
}

// Names in a rendition's folder.
const (
	mediaSuffix = ".mp4"
	indexSuffix = ".index"
)

// baseName is the name of a file that begins with a segment, without its suffix.
func baseName(msn uint64) string { return "s" + strconv.FormatUint(msn, 10) }
