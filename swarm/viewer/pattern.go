package viewer

import (
	"strconv"
	"strings"

	"github.com/shoal-live/shoal/swarm/wire"
)

// pattern is how the URLs of parts are made of their numbers: head, MSN, middle, part, tail. It is read off a playlist, so
// that a part is found of which only the record is known.
type pattern struct{ head, middle, tail string }

// patternOf returns the pattern that all parts of a playlist follow, and the one that it hints at; false if there is none,
// or more than one.
func patternOf(m *media) (pattern, bool) {
	var parts []part // of the newest epoch, since that stands in their URLs
	for _, p := range m.parts {
		if p.record.ID.Kind != wire.Part {
			continue
		}
		if n := len(parts); n > 0 && parts[n-1].record.ID.Epoch != p.record.ID.Epoch {
			parts = nil
		}
		parts = append(parts, p)
	}
	if len(parts) == 0 {
		return pattern{}, false
	}
	newest := parts[len(parts)-1]
	if m.hint != "" {
		hinted := wire.ChunkID{Epoch: newest.record.ID.Epoch, MSN: m.msn, Part: uint16(m.next)}
		parts = append(parts, part{record: wire.Record{ID: hinted}, url: m.hint})
	}
	if len(parts) < 2 {
		return pattern{}, false // of one alone many patterns can be read
	}
	name, rest := newest.url, ""
	if i := strings.IndexAny(name, "?#"); i >= 0 {
		name, rest = name[:i], name[i:]
	}
	folder := name[:strings.LastIndexByte(name, '/')+1]
	name = name[len(folder):]
	msn := strconv.FormatUint(newest.record.ID.MSN, 10)
	number := strconv.Itoa(int(newest.record.ID.Part))
	var found pattern
	for _, i := range numbers(name, msn) {
		after := name[i+len(msn):]
		for _, j := range numbers(after, number) {
			p := pattern{folder + name[:i], after[:j], after[j+len(number):] + rest}
			if j == 0 || !p.fits(parts) {
				continue
			}
			if found.middle != "" {
				return pattern{}, false
			}
			found = p
		}
	}
	return found, found.middle != ""
}

// numbers returns where a number stands in a name, not as a part of a longer one.
func numbers(name, number string) (at []int) {
	digit := func(i int) bool { return i >= 0 && i < len(name) && '0' <= name[i] && name[i] <= '9' }
	for i := 0; i+len(number) <= len(name); i++ {
		if name[i:i+len(number)] == number && !digit(i-1) && !digit(i+len(number)) {
			at = append(at, i)
		}
	}
	return at
}

func (p pattern) fits(parts []part) bool {
	for i := range parts {
		if p.url(parts[i].record.ID) != parts[i].url {
			return false
		}
	}
	return true
}

// url returns where a part is; "" if there is no pattern.
func (p pattern) url(id wire.ChunkID) string {
	if p.middle == "" || id.Kind != wire.Part {
		return ""
	}
	return p.head + strconv.FormatUint(id.MSN, 10) + p.middle + strconv.Itoa(int(id.Part)) + p.tail
}
