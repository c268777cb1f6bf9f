package ice

import (
	"bytes"
	"strconv"
)

// Where the words of a candidate stand (RFC 8839, 5.1):
//
//	candidate:FOUNDATION COMPONENT TRANSPORT PRIORITY ADDRESS PORT typ TYPE [raddr ADDRESS] [rport PORT] *(NAME VALUE)
const (
	wordAddress = 4
	wordPort    = 5
	wordTyp     = 6
	wordType    = 7
	wordsLeast  = 8
	wordsMost   = 40
)

// words are the words of a candidate, between which there is one space.
type words struct {
	of     []byte
	n      int
	begins [wordsMost + 1]uint16 // the last of them is behind the last word
}

// split returns the words of b, which is no longer than a signal; not ok: they are too many, or one of them is empty or not printable.
func split(b []byte) (w words, ok bool) {
	w.of = b
	for i, c := range b {
		if ' ' < c && c < 0x7f {
			continue
		}
		if c != ' ' || i == int(w.begins[w.n]) || w.n == wordsMost-1 {
			return w, false
		}
		w.n++
		w.begins[w.n] = uint16(i + 1)
	}
	if int(w.begins[w.n]) == len(b) {
		return w, false
	}
	w.n++
	w.begins[w.n] = uint16(len(b) + 1)
	return w, true
}

// at returns where a word begins and ends.
func (w *words) at(i int) (begin, end int) { return int(w.begins[i]), int(w.begins[i+1]) - 1 }

func (w *words) word(i int) []byte {
	begin, end := w.at(i)
	return w.of[begin:end]
}

// candidate passes on a candidate, the bytes of the payload from begin to end, as far as it may be seen; not ok: it may
// not, and nothing was edited.
func (f *Filter) candidate(e *edit, begin, end int, s side) (ok bool) {
	b := e.payload[begin:end]
	if !bytes.HasPrefix(b, []byte("candidate:")) {
		return false
	}
	w, ok := split(b)
	if !ok || w.n < wordsLeast || w.n%2 != 0 || string(w.word(wordTyp)) != "typ" {
		return false
	}
	if _, err := strconv.ParseUint(string(w.word(wordPort)), 10, 16); err != nil {
		return false
	}
	if !f.shows(w.word(wordType), w.word(wordAddress), s) {
		return false
	}
	blankRelated(e, begin, &w)
	return true
}

// shows tells whether a candidate of a type may be seen with its address.
func (f *Filter) shows(kind, address []byte, s side) bool {
	if f.RelayOnly && string(kind) != "relay" {
		return false
	}
	switch string(kind) {
	case "host", "srflx", "prflx", "relay":
	default:
		return false
	}
	addr, ok := parseAddr(address)
	if s.shares {
		return ok
	}
	if !ok || !Public(addr) {
		return false
	}
	// A host candidate is shown where a server-reflexive one would be the same: of a machine that has no NAT before it.
	return !s.leaving || string(kind) != "host" || addr.Unmap() == s.own
}

// blankRelated blanks the address behind a candidate, which serves diagnosis only. The names of pairs are compared without
// case, since some parsers do.
func blankRelated(e *edit, begin int, w *words) {
	port := false
	for i := wordsLeast; i < w.n; i += 2 {
		with, value := "", w.word(i+1)
		switch name := w.word(i); {
		case bytes.EqualFold(name, []byte("raddr")):
			with = blank(value)
			port = with != ""
		case bytes.EqualFold(name, []byte("rport")) && port:
			with = "9"
		}
		if with != "" && with != string(value) {
			from, to := w.at(i + 1)
			e.replace(begin+from, begin+to, with)
		}
	}
}

// blank returns what stands for an address that is not told, in its family; "" if it is blank already.
func blank(address []byte) string {
	if isBlank(address) {
		return ""
	}
	if addr, ok := parseAddr(address); ok && addr.Is6() {
		return "::"
	}
	return "0.0.0.0"
}

func isBlank(address []byte) bool { return string(address) == "0.0.0.0" || string(address) == "::" }
