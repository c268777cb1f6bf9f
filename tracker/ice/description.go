package ice

import "bytes"

// maxLines bounds a description. Browsers write about 30 lines for a data channel.
const maxLines = 1000

// description passes on an offer or answer: a kind byte and an SDP. Lines end at any of CR and LF, as the most lenient
// parser has it.
func (f *Filter) description(e *edit, s side) (ok bool) {
	lines := 0
	for at := 1; at < len(e.payload); {
		end, next := lineEnd(e.payload, at)
		if lines++; lines > maxLines {
			return false
		}
		if !harmless(e.payload[at:end]) {
			f.line(e, at, end, next, s)
		}
		at = next
	}
	return true
}

// lineEnd returns where the line that begins at at ends, and where the next one begins.
func lineEnd(b []byte, at int) (end, next int) {
	rest := b[at:]
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	}
	if i := bytes.IndexByte(rest, '\r'); i >= 0 {
		rest = rest[:i]
	}
	if end = at + len(rest); end == len(b) {
		return end, end
	}
	next = end + 1
	if b[end] == '\r' && next < len(b) && b[next] == '\n' {
		next++
	}
	return end, next
}

// line passes on the line of SDP from at to end, behind which the next one begins.
func (f *Filter) line(e *edit, at, end, next int, s side) {
	b := e.payload[at:end]
	if bytes.HasPrefix(b, []byte("a=candidate:")) {
		if !f.candidate(e, at+2, end, s) {
			e.replace(at, next, "")
		}
		return
	}
	bare := bytes.TrimSpace(b)
	if len(bare) < 2 || bare[1] != '=' {
		return
	}
	switch bare[0] {
	case 'a', 'A':
		name, value, _ := bytes.Cut(bytes.TrimSpace(bare[2:]), []byte(":"))
		switch name = bytes.TrimSpace(name); {
		case bytes.EqualFold(name, []byte("candidate")): // written otherwise than it should be
			e.replace(at, next, "")
		case bytes.EqualFold(name, []byte("remote-candidates")): // of the pairs that were agreed on: nothing a new link needs
			e.replace(at, next, "")
		case bytes.EqualFold(name, []byte("rtcp")):
			blankLast(e, at, end, value)
		}
	case 'c', 'C', 'o', 'O':
		blankLast(e, at, end, bare[2:])
	}
}

// harmless tells at a glance of most lines that they say nothing of addresses: it knows those that begin as browsers write
// them, without spaces. Of the others line finds out.
func harmless(b []byte) bool {
	if len(b) < 3 || b[1] != '=' || !plain(b[0]) || !plain(b[2]) {
		return false
	}
	switch b[0] {
	case 'a':
		return b[2] != 'c' && b[2] != 'C' && b[2] != 'r' && b[2] != 'R'
	case 'A', 'c', 'C', 'o', 'O':
		return false
	}
	return true
}

func plain(c byte) bool { return ' ' < c && c < 0x80 }

// blankLast blanks the address at the end of a line's value, "... IN IP4 ADDRESS". ICE does not need it (RFC 8839, 4.2.1.2).
// What browsers write that hide it, 127.0.0.1 or 0.0.0.0, stays.
func blankLast(e *edit, at, end int, value []byte) {
	value = bytes.TrimSpace(value)
	i := max(bytes.LastIndexByte(value, ' '), bytes.LastIndexByte(value, '\t'))
	if i < 0 {
		return // no address: a=rtcp:9
	}
	family, last := bytes.TrimSpace(value[:i]), value[i+1:]
	if isBlank(last) || string(last) == "127.0.0.1" {
		return
	}
	with := blank(last)
	if n := len(family); n >= 3 && bytes.EqualFold(family[n-3:], []byte("IP6")) {
		with = "::"
	}
	from := at + bytes.LastIndex(e.payload[at:end], last)
	e.replace(from, from+len(last), with)
}
