package edge

import (
	"errors"
	"strconv"
	"strings"
)

// span is a single byte range as it was asked for.
type span struct {
	first int64 // -1: the last bytes
	last  int64 // -1: to the end; with first -1, how many
}

// parseRange reads a Range header. Of what is no single range of bytes nothing is meant to be done (RFC 9110 14.2):
// then the whole object is the answer.
func parseRange(header string) (s span, ok bool) {
	unit, set, ok := strings.Cut(header, "=")
	if !ok || !strings.EqualFold(unit, "bytes") {
		return span{}, false
	}
	first, last, ok := strings.Cut(strings.TrimSpace(set), "-")
	if !ok || first == "" && last == "" {
		return span{}, false
	}
	s = span{-1, -1}
	if first != "" {
		if s.first, ok = offset(first); !ok {
			return span{}, false
		}
	}
	if last != "" {
		if s.last, ok = offset(last); !ok || s.first >= 0 && s.last < s.first {
			return span{}, false
		}
	}
	return s, true
}

// within returns the range's bounds in an object of size bytes; not ok is not satisfiable.
func (s span) within(size int64) (from, to int64, ok bool) {
	switch {
	case s.first < 0:
		return max(0, size-s.last), size, s.last > 0 && size > 0
	case s.first >= size:
		return 0, 0, false
	case s.last < 0 || s.last >= size:
		return s.first, size, true
	default:
		return s.first, s.last + 1, true
	}
}

// offset reads a position. One that is past all numbers is the last of them, which lies outside whatever there is.
func offset(s string) (int64, bool) {
	n, err := strconv.ParseUint(s, 10, 63) // which is that number then
	return int64(n), err == nil || errors.Is(err, strconv.ErrRange)
}
