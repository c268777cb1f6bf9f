package ice

import (
	"bytes"
	"net/netip"
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

// candidate returns what passes of a candidate, which begins with "candidate:"; not ok: nothing. It is the same slice if
// nothing had to change.
func (f Filter) candidate(b []byte, s side) (_ []byte, ok bool) {
	var store [wordsMost][]byte
	words := store[:0]
	for rest, more := b, true; more; {
		var word []byte
		word, rest, more = bytes.Cut(rest, []byte(" "))
		if len(words) == wordsMost || len(word) == 0 || !printable(word) {
			return nil, false
		}
		words = append(words, word)
	}
	if len(words) < wordsLeast || len(words)%2 != 0 || !bytes.HasPrefix(b, []byte("candidate:")) || string(words[wordTyp]) != "typ" {
		return nil, false
	}
	if _, err := strconv.ParseUint(string(words[wordPort]), 10, 16); err != nil {
		return nil, false
	}
	if !f.shows(string(words[wordType]), string(words[wordAddress]), s) {
		return nil, false
	}
	if s.leaving {
		return blankRelated(b, words), true
	}
	return b, true
}

// shows tells whether a candidate of a type may be seen with its address.
func (f Filter) shows(kind, address string, s side) bool {
	if f.RelayOnly && kind != "relay" {
		return false
	}
	addr, err := netip.ParseAddr(address)
	switch kind {
	case "host", "srflx", "prflx", "relay":
	default:
		return false
	}
	if s.shares {
		return err == nil
	}
	if err != nil || !Public(addr) {
		return false
	}
	// A host candidate is shown where a server-reflexive one would be the same: of a machine that has no NAT before it.
	return !s.leaving || kind != "host" || addr.Unmap() == s.own
}

// blankRelated returns the candidate without the address behind it, which serves diagnosis only. The names of pairs are
// compared without case, since some parsers do.
func blankRelated(b []byte, words [][]byte) []byte {
	port := false
	var out []byte
	for i := wordsLeast; i < len(words); i += 2 {
		with := ""
		switch name := words[i]; {
		case bytes.EqualFold(name, []byte("raddr")):
			with = blank(words[i+1])
			port = with != ""
		case bytes.EqualFold(name, []byte("rport")) && port:
			with = "9"
		}
		if with == "" || with == string(words[i+1]) {
			continue
		}
		if out == nil {
			words = append(make([][]byte, 0, len(words)), words...)
			out = b
		}
		words[i+1] = []byte(with)
	}
	if out == nil {
		return b
	}
	return bytes.Join(words, []byte(" "))
}

// blank returns what stands for an address that is not told, in its family; "" if it is blank already.
func blank(address []byte) string {
	if isBlank(address) {
		return ""
	}
	addr, err := netip.ParseAddr(string(address))
	switch {
	case err == nil && addr.Is6():
		return "::"
	}
	return "0.0.0.0"
}

func isBlank(address []byte) bool { return string(address) == "0.0.0.0" || string(address) == "::" }

func printable(word []byte) bool {
	for _, c := range word {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}
