package gate

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/gorilla/websocket"
)

// loan is what one connection is served with.
type loan struct {
	peeked [mostHeader]byte
	n      int
	bytes  bytes.Reader
	reader *bufio.Reader
	writer *bufio.Writer // for who takes the connection over
	out    bytes.Buffer
}

var loans = sync.Pool{New: func() any {
	return &loan{reader: bufio.NewReaderSize(nil, mostHeader), writer: bufio.NewWriterSize(nil, 512)}
}}

// handshake returns what a connection was seen to say, and takes it, if it is a handshake for a path and nothing more; else nil,
// and all is still to be read.
func (l *loan) handshake(conn *net.TCPConn, path string) *http.Request {
	if !whole(l.peeked[:l.n], path) {
		return nil
	}
	l.bytes.Reset(l.peeked[:l.n])
	l.reader.Reset(&l.bytes)
	r, err := http.ReadRequest(l.reader)
	if err != nil || !usual(r) {
		return nil
	}
	if n, err := conn.Read(l.peeked[:l.n]); n != l.n || err != nil {
		conn.Close() // it cannot be: that much was there
	}
	r.RemoteAddr = conn.RemoteAddr().String()
	return r
}

// whole tells whether b is a GET of a path, with or without a query, up to the end of its header and not further, in
// printable characters and lines that end as they should.
func whole(b []byte, path string) bool {
	rest, ok := bytes.CutPrefix(b, []byte("GET "))
	if ok {
		rest, ok = bytes.CutPrefix(rest, []byte(path))
	}
	if !ok || len(rest) == 0 || rest[0] != ' ' && rest[0] != '?' {
		return false
	}
	if bytes.Index(b, []byte("\r\n\r\n")) != len(b)-4 {
		return false
	}
	for i, c := range b {
		switch {
		case c == '\r':
			if b[i+1] != '\n' {
				return false
			}
		case c == '\n':
			if b[i-1] != '\r' {
				return false
			}
		case c == '\t', ' ' <= c && c < 0x7f:
		default:
			return false
		}
	}
	return true
}

// usual tells whether a request is a handshake in which there is nothing that net/http's server would object to.
func usual(r *http.Request) bool {
	for name := range r.Header {
		if !only(name, "-_") {
			return false
		}
	}
	return r.ProtoMajor == 1 && r.ProtoMinor == 1 && only(r.Host, ".-_:[]") && r.URL.Host == "" &&
		r.ContentLength == 0 && len(r.TransferEncoding) == 0 && len(r.Header["Expect"]) == 0 && websocket.IsWebSocketUpgrade(r)
}

// only tells whether a text is letters, digits and some others, and not empty.
func only(text, others string) bool {
	for _, c := range []byte(text) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte(others, c) >= 0) {
			return false
		}
	}
	return text != ""
}
