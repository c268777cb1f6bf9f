package ice

import "bytes"

// candidateField returns where the value of "candidate" stands in a JSON RTCIceCandidateInit. It takes only what browsers
// write: one flat object with few members, no escapes, no name twice in any case, so that no parser reads it otherwise. A
// candidate needs no escapes.
func candidateField(b []byte) (at, end int, ok bool) {
	r := reader{b: b}
	var names [8][]byte
	if !r.take('{') {
		return 0, 0, false
	}
	for n := 0; ; n++ {
		name, ok := r.text()
		if !ok || n == len(names) || !r.take(':') {
			return 0, 0, false
		}
		for _, other := range names[:n] {
			if len(name) == len(other) && bytes.EqualFold(name, other) {
				return 0, 0, false
			}
		}
		names[n] = name
		value, isText, ok := r.value()
		if !ok {
			return 0, 0, false
		}
		if bytes.EqualFold(name, []byte("candidate")) {
			if string(name) != "candidate" || !isText {
				return 0, 0, false
			}
			at, end = r.at-1-len(value), r.at-1
		}
		if !r.take(',') {
			break
		}
	}
	if !r.take('}') || end == 0 {
		return 0, 0, false
	}
	r.space()
	return at, end, r.at == len(b)
}

// reader reads flat JSON.
type reader struct {
	b  []byte
	at int
}

func (r *reader) space() {
	for r.at < len(r.b) && (r.b[r.at] == ' ' || r.b[r.at] == '\t' || r.b[r.at] == '\r' || r.b[r.at] == '\n') {
		r.at++
	}
}

func (r *reader) take(c byte) bool {
	r.space()
	if r.at < len(r.b) && r.b[r.at] == c {
		r.at++
		return true
	}
	return false
}

// text reads a string without escapes.
func (r *reader) text() (s []byte, ok bool) {
	if !r.take('"') {
		return nil, false
	}
	begin := r.at
	for ; r.at < len(r.b); r.at++ {
		switch c := r.b[r.at]; {
		case c == '"':
			r.at++
			return r.b[begin : r.at-1], true
		case c == '\\' || c < ' ' || c >= 0x7f:
			return nil, false
		}
	}
	return nil, false
}

// value reads a string, a number, or one of true, false and null.
func (r *reader) value() (b []byte, isText, ok bool) {
	r.space()
	if r.at < len(r.b) && r.b[r.at] == '"' {
		b, ok = r.text()
		return b, true, ok
	}
	begin := r.at
	for r.at < len(r.b) && ('a' <= r.b[r.at] && r.b[r.at] <= 'z' || '0' <= r.b[r.at] && r.b[r.at] <= '9' || r.b[r.at] == '-' || r.b[r.at] == '.') {
		r.at++
	}
	return r.b[begin:r.at], false, r.at > begin
}
