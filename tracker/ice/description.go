package ice

import "bytes"

// maxLines bounds a description. Browsers write about 30 lines for a data channel.
const maxLines = 1000

// description returns what passes of an offer or answer: a kind byte and an SDP. Lines end at any of CR and LF, as the
// most lenient parser has it.
func (f Filter) description(payload []byte, s side) []byte {
	var out []byte // once something has changed
	copied := 1    // up to where payload stands in out
	lines := 0
	for at := 1; at < len(payload); {
		end, next := lineEnd(payload, at)
		if lines++; lines > maxLines {
			return nil
		}
		was := payload[at:end]
		now, keep := f.line(was, s)
		switch {
		case !keep:
			out = append(grown(out, payload), payload[copied:at]...)
			copied = next
		case len(now) != len(was) || len(now) > 0 && &now[0] != &was[0]:
			out = append(append(grown(out, payload), payload[copied:at]...), now...)
			copied = end
		}
		at = next
	}
	if out == nil {
		return payload
	}
	return append(out, payload[copied:]...)
}

// grown returns out, which begins with the kind of the payload.
func grown(out, payload []byte) []byte {
	if out == nil {
		out = append(make([]byte, 0, len(payload)+16), payload[0])
	}
	return out
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

// line returns what passes of one line of SDP; not keep: nothing.
func (f Filter) line(b []byte, s side) (_ []byte, keep bool) {
	if harmless(b) {
		return b, true
	}
	bare := bytes.TrimSpace(b)
	if len(bare) < 2 || bare[1] != '=' {
		return b, true
	}
	switch bare[0] {
	case 'a', 'A':
		name, value, _ := bytes.Cut(bytes.TrimSpace(bare[2:]), []byte(":"))
		switch name = bytes.TrimSpace(name); {
		case bytes.EqualFold(name, []byte("candidate")):
			was := b[min(2, len(b)):]
			now, ok := f.candidate(was, s)
			if !ok || b[0] != 'a' {
				return nil, false
			}
			return replaced(b, 2, len(b), was, now), true
		case bytes.EqualFold(name, []byte("remote-candidates")): // of the pairs that were agreed on: nothing a new link needs
			return nil, false
		case bytes.EqualFold(name, []byte("rtcp")) && s.leaving:
			return blankLast(b, value), true
		}
	case 'c', 'C', 'o', 'O':
		if s.leaving {
			return blankLast(b, bare[2:]), true
		}
	}
	return b, true
}

// harmless tells at a glance of most lines that they say nothing of addresses: it knows those that begin as browsers write
// them, without spaces. Of the others line finds out.
func harmless(b []byte) bool {
	plain := func(c byte) bool { return ' ' < c && c < 0x80 }
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

// blankLast blanks the address at the end of a line's value, "... IN IP4 ADDRESS". ICE does not need it (RFC 8839, 4.2.1.2).
// What browsers write that hide it, 127.0.0.1 or 0.0.0.0, stays.
func blankLast(b, value []byte) []byte {
	value = bytes.TrimSpace(value)
	i := bytes.LastIndexAny(value, " \t")
	if i < 0 {
		return b // no address: a=rtcp:9
	}
	family, last := bytes.TrimSpace(value[:i]), value[i+1:]
	if isBlank(last) || string(last) == "127.0.0.1" {
		return b
	}
	with := blank(last)
	if bytes.HasSuffix(bytes.ToUpper(family), []byte("IP6")) {
		with = "::"
	}
	at := bytes.LastIndex(b, last)
	return append(append(append(make([]byte, 0, len(b)), b[:at]...), with...), b[at+len(last):]...)
}
