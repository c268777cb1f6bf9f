package http1

import (
	"bytes"
	"time"
)

// Bounds of a plain head. What is past them is no error: it is handed on.
const (
	maxFields = 64
	maxTarget = 4 << 10
)

// Head is the head of a plain request. It lies in the connection's buffer and is gone with the next request.
type Head struct {
	Target         []byte // path and query as they came; begins with a slash
	Accept         []byte // nil: there is none
	AcceptEncoding []byte // nil: there is none
	Authorization  []byte // nil: there is none
	Cookie         []byte // nil: there is none
	ForwardedProto []byte // X-Forwarded-Proto as anybody may have written it; nil: there is none
	ForwardedFor   []byte // likewise X-Forwarded-For
	Headcount      []byte // likewise headcount.Field
	Whole          bool   // a GET without Range or If-… : the answer is the whole object or none
	Chained        bool   // who has asked for it before is named (CDN-Loop)
	Files          bool   // the connection can send an Answer's File
	Close          bool   // the viewer wants the connection closed after the answer

	Viewer *Viewer   // who asks; nil: nobody who can be cut off
	Secure bool      // it came by TLS
	Came   time.Time // when the cache was asked first

	size int // bytes, the empty line included
}

// verdict is what a buffer holds.
type verdict uint8

const (
	short   verdict = iota // as far as it goes it may become a plain head
	plain                  // a plain head
	foreign                // anything else
	refused                // anything else that is wrong
)

var (
	get     = []byte("GET ")
	head    = []byte("HEAD ")
	version = []byte(" HTTP/1.1\r\n")
)

// parse reads the head at the beginning of b. Only what cannot be understood in two ways is plain: one space between words, CRLF
// at the end of lines, names and values of visible ASCII, one Host, no field that tells of a body or of another protocol.
func (h *Head) parse(b []byte) verdict {
	*h = Head{}
	rest, isGet := bytes.CutPrefix(b, get)
	if !isGet {
		var isHead bool
		if rest, isHead = bytes.CutPrefix(b, head); !isHead {
			if bytes.HasPrefix(get, b) || bytes.HasPrefix(head, b) {
				return short
			}
			return foreign
		}
	}
	end := bytes.IndexByte(rest, '\n')
	if end < 0 {
		if len(rest) > maxTarget {
			return foreign
		}
		return short
	}
	target, ok := bytes.CutSuffix(rest[:end+1], version)
	if !ok || !isTarget(target) {
		return foreign
	}
	h.Target, h.Whole = target, isGet
	rest = rest[end+1:]
	hosts, fields := 0, 0
	for {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			return short
		}
		line := rest[:end]
		rest = rest[end+1:]
		if end == 0 || line[end-1] != '\r' {
			return foreign
		}
		if line = line[:end-1]; len(line) == 0 {
			break
		}
		if fields++; fields > maxFields || !h.field(line, &hosts) {
			return foreign
		}
	}
	if hosts != 1 {
		return foreign
	}
	h.size = len(b) - len(rest)
	return plain
}

// field reads one field. It tells whether the head can be plain with it.
func (h *Head) field(line []byte, hosts *int) bool {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 {
		return false
	}
	name, value := line[:colon], trim(line[colon+1:])
	for _, c := range name {
		if !token[c] {
			return false
		}
	}
	for _, c := range value {
		if c < ' ' && c != '\t' || c >= 0x7f {
			return false
		}
	}
	switch name[0] | 0x20 {
	case 'h':
		if fold(name, "host") {
			*hosts++
			return isHost(value)
		}
		return !fold(name, "http2-settings")
	case 'c':
		switch {
		case fold(name, "connection"):
			if fold(value, "close") {
				h.Close = true
				return true
			}
			return fold(value, "keep-alive")
		case fold(name, "content-length"):
			return false
		case fold(name, "cookie"):
			h.once(&h.Cookie, value)
		case fold(name, "cdn-loop"):
			h.Chained = true
		}
	case 's':
		if fold(name, "shoal-viewers") {
			h.once(&h.Headcount, value)
		}
	case 't':
		return !fold(name, "transfer-encoding") && !fold(name, "trailer") && !fold(name, "te")
	case 'u':
		return !fold(name, "upgrade")
	case 'e':
		return !fold(name, "expect")
	case 'a':
		if fold(name, "accept") {
			h.once(&h.Accept, value)
		} else if fold(name, "accept-encoding") {
			if h.AcceptEncoding != nil {
				return false // which could be joined, but nobody sends two
			}
			h.AcceptEncoding = value
		} else if fold(name, "authorization") {
			h.once(&h.Authorization, value)
		}
	case 'x':
		if fold(name, "x-forwarded-proto") {
			h.once(&h.ForwardedProto, value)
		} else if fold(name, "x-forwarded-for") {
			h.once(&h.ForwardedFor, value)
		}
	case 'r':
		if fold(name, "range") {
			h.Whole = false
		}
	case 'i':
		if len(name) > 3 && fold(name[:3], "if-") {
			h.Whole = false
		}
	}
	return true
}

// once notes a field that comes once. What several mean is the handler's to say.
func (h *Head) once(at *[]byte, value []byte) {
	if *at != nil {
		h.Whole = false
	}
	*at = value
}

// isTarget tells whether a target is a path at this host, with a query or without.
func isTarget(b []byte) bool {
	if len(b) == 0 || b[0] != '/' || len(b) > maxTarget {
		return false
	}
	for _, c := range b {
		if c <= ' ' || c >= 0x7f || c == '#' {
			return false
		}
	}
	return true
}

// isHost tells whether a Host field names a host, with a port or without.
func isHost(b []byte) bool {
	for _, c := range b {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' || c == ']') {
			return false
		}
	}
	return len(b) > 0
}

func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// fold tells whether b is a lower-case word, whatever the case of its letters.
func fold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// token are the bytes that names of fields are made of (RFC 9110 5.6.2).
var token = func() (t [256]bool) {
	for _, c := range "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" {
		t[c] = true
	}
	return t
}()
