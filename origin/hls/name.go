package hls

import (
	"strconv"
	"strings"
)

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

// Type returns the media type of what has the name.
func (n Name) Type() string {
	if n.Kind == KindInit {
		return "video/mp4"
	}
	return "video/iso.segment"
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
