package hls

import (
	"io"
	"strconv"
	"strings"
	"time"
)

// Init is one init segment.
type Init struct {
	Number uint64
	Bytes  []byte
	Record string // base64, as the playlist carries it
	Pieces string // hashes of its pieces as wire.PiecesHeader carries them; empty: too many
}

// Part is one part of a segment.
type Part struct {
	Duration    time.Duration
	Independent bool
	Bytes       []byte
	Record      string
	Pieces      string
	Gap         bool // known to be missing: GAP=YES, no bytes
}

// Segment is one media segment, open or complete.
type Segment struct {
	MSN           uint64
	Init          *Init
	Break         bool   // a discontinuity stands before it
	Discontinuity uint64 // how many stand before it, its own included
	Date          time.Time
	Duration      time.Duration
	Parts         []Part
	Gap           bool  // known to be missing: EXT-X-GAP, no bytes
	Place         Place // where a complete segment is stored
}

// Place is where a complete segment can be read outside the window's memory.
type Place struct {
	At           io.ReaderAt // nil: nowhere
	Offset, Size int64
}

// Size returns the segment's bytes.
func (s *Segment) Size() (n int) {
	for _, p := range s.Parts {
		n += len(p.Bytes)
	}
	return n
}

// Kind says what a media path names.
type Kind int

const (
	KindInit Kind = iota
	KindSegment
	KindPart
)

// Name is a parsed media file name: init3.mp4, s12.m4s or s12.3.m4s.
type Name struct {
	Kind   Kind
	Number uint64 // MSN, or number of the init segment
	Part   int
}

func (n Name) String() string {
	switch n.Kind {
	case KindInit:
		return "init" + strconv.FormatUint(n.Number, 10) + ".mp4"
	case KindPart:
		return "s" + strconv.FormatUint(n.Number, 10) + "." + strconv.Itoa(n.Part) + ".m4s"
	}
	return "s" + strconv.FormatUint(n.Number, 10) + ".m4s"
}

// ParseName reads a media file name. Only the one spelling that String gives is a name, so that a cache never holds
// the same bytes twice.
func ParseName(s string) (n Name, ok bool) {
	if rest, found := strings.CutPrefix(s, "init"); found {
		number, found := strings.CutSuffix(rest, ".mp4")
		n.Kind, n.Number = KindInit, parseUint(number)
		return n, found && n.String() == s
	}
	rest, found := strings.CutPrefix(s, "s")
	rest, cut := strings.CutSuffix(rest, ".m4s")
	if !found || !cut {
		return n, false
	}
	msn, part, dotted := strings.Cut(rest, ".")
	n.Kind, n.Number = KindSegment, parseUint(msn)
	if dotted {
		n.Kind, n.Part = KindPart, int(parseUint(part)&0x7fffffff)
	}
	return n, n.String() == s
}

func parseUint(s string) uint64 {
	v, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0
	}
	return v
}
